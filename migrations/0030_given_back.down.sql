ALTER TABLE orderwatch.stock_items DROP COLUMN lifted;
ALTER TABLE orderwatch.stock_items ADD COLUMN given_back_at timestamptz;
COMMENT ON COLUMN orderwatch.stock_items.given_back_at IS 'When a package was cancelled: the marketplace may have put its units back on sale by itself. NULL once that was looked at.';
UPDATE orderwatch.stock_items SET given_back_at = now() WHERE given_back <> 0;
ALTER TABLE orderwatch.stock_items DROP COLUMN given_back;
