-- no-transaction
-- People page through the orders by the time since when they are tracked.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_listed ON orderwatch.orders (tracked_at, order_id);
