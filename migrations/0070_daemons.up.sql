-- Who is at work, and what people look at all day long.
CREATE TABLE orderwatch.daemons (
    id uuid PRIMARY KEY,
    version text NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    stopped_at timestamptz,
    buying text NOT NULL CHECK (buying IN ('live', 'shadow', 'off')),
    watching boolean NOT NULL,
    stuck text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE orderwatch.daemons IS 'One row per daemon that runs or has run lately; it says again and again that it is there.';
COMMENT ON COLUMN orderwatch.daemons.id IS 'Drawn when it starts; two daemons on one machine have two.';
COMMENT ON COLUMN orderwatch.daemons.stopped_at IS 'When it ended properly; NULL while it runs, or when it died.';
COMMENT ON COLUMN orderwatch.daemons.buying IS 'live: it buys. shadow: it only writes down what it would buy. off: it does not.';
COMMENT ON COLUMN orderwatch.daemons.watching IS 'Whether it asks the panels about orders.';
COMMENT ON COLUMN orderwatch.daemons.stuck IS 'Its loops that have not finished a turn in time.';

-- Orders that may or may not have been bought: few, and every look at the whole counts them.
CREATE INDEX orders_unsure ON orderwatch.orders (integration_id, stage)
    WHERE stage IN ('dispatching', 'unconfirmed');
CREATE INDEX notices_given_up ON orderwatch.notices (given_up_at) WHERE given_up_at IS NOT NULL;
CREATE INDEX stock_items_resting ON orderwatch.stock_items (rests_until) WHERE rests_until IS NOT NULL;
