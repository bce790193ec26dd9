-- no-transaction
-- The page's inbox: what waits for a person, or may have been bought, longest waiting first.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_inbox ON orderwatch.orders (tracked_at, order_id)
    WHERE stage IN ('held', 'unconfirmed');
