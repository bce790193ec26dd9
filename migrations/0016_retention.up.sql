-- How far the retention job has come, so that a pass looks at what has grown old since the last one only.
CREATE TABLE orderwatch.pruned (
    what text PRIMARY KEY,
    until timestamptz NOT NULL
);
COMMENT ON COLUMN orderwatch.pruned.what IS '"events": those of orders that ended before `until` are gone.';
CREATE INDEX orders_finished ON orderwatch.orders (finished_at, order_id)
    WHERE finished_at IS NOT NULL;
