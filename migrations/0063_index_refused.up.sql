-- no-transaction
-- People see what the marketplace refuses.
CREATE INDEX CONCURRENTLY IF NOT EXISTS stock_items_refused ON orderwatch.stock_items (rests_until DESC, barcode)
    WHERE failures > 0;
