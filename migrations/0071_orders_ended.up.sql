-- no-transaction
-- What ended today, by its ending, without a look at the rows; it takes the place of orders_finished.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_ended ON orderwatch.orders (finished_at, order_id) INCLUDE (stage)
    WHERE finished_at IS NOT NULL;
