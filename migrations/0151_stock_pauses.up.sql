-- Whether stock is sent at all: a person, or orderwatch itself where somebody else sends stock, too.
CREATE TABLE orderwatch.stock_pauses (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    who text NOT NULL,
    why text NOT NULL,
    resumed_at timestamptz
);
COMMENT ON TABLE orderwatch.stock_pauses IS 'Nothing is sent to the marketplace while a row has no resumed_at.';
CREATE UNIQUE INDEX stock_pause_in_force ON orderwatch.stock_pauses ((true)) WHERE resumed_at IS NULL;
