-- no-transaction
-- By which what shadow mode wrote down is listed page by page.
CREATE INDEX CONCURRENTLY IF NOT EXISTS shadow_listed ON orderwatch.shadow (at, order_id);
