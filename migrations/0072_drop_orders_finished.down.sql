-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_finished ON orderwatch.orders (finished_at, order_id)
    WHERE finished_at IS NOT NULL;
