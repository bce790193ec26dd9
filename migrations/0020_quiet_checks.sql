-- A panel that says the same again is no news: the order's row counts it, and its timeline is not written on.
ALTER TABLE orderwatch.orders ADD COLUMN answer bigint;
COMMENT ON COLUMN orderwatch.orders.answer IS 'Digest of the last answer without news, by which the same one again is known.';
