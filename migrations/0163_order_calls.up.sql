-- Orders of which the marketplace called to say that something happened to them, until they were read.
CREATE TABLE orderwatch.order_calls (
    order_number text PRIMARY KEY,
    called_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL
);
COMMENT ON TABLE orderwatch.order_calls IS 'One row per order, however often it was called about; it goes when the order was read.';
COMMENT ON COLUMN orderwatch.order_calls.called_at IS 'The last call: what was read before it may be older than what it tells of.';
COMMENT ON COLUMN orderwatch.order_calls.tries IS 'Questions since then that brought nothing.';
CREATE INDEX order_calls_due ON orderwatch.order_calls (due_at);
