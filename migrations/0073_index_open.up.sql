-- no-transaction
-- Late orders are looked for among those that are open, however many are final.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_open ON orderwatch.orders (tracked_at, order_id)
    WHERE stage IN ('queued', 'dispatching', 'submitted', 'unconfirmed');
