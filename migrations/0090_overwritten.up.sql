-- What was sold between a look and the moment at which a push applied is overwritten: its order, whenever
-- it becomes known, explains no fall that is seen afterwards.
ALTER TABLE orderwatch.stock_items ADD COLUMN looked_at timestamptz;
COMMENT ON COLUMN orderwatch.stock_items.looked_at IS 'Since when sales show in what is on sale only with the next look: just before it was read back.';
UPDATE orderwatch.stock_items SET looked_at = confirmed_at;

ALTER TABLE orderwatch.stock_items ADD COLUMN told_since_look integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN orderwatch.stock_items.told IS 'Units of the orders that became known since confirmed was true and that were sold before looked_at.';
COMMENT ON COLUMN orderwatch.stock_items.told_since_look IS 'The same of those sold later: a push overwrites them.';
ALTER TABLE orderwatch.stock_items ADD COLUMN doubted integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN orderwatch.stock_items.doubted IS 'The same of those that a push may have overwritten; what is on sale is looked at because of them.';
ALTER TABLE orderwatch.stock_items DROP COLUMN told_at_send;

ALTER TABLE orderwatch.stock_sends ADD COLUMN looked_at timestamptz;
COMMENT ON COLUMN orderwatch.stock_sends.looked_at IS 'What was sold from here to settled_at was overwritten.';
ALTER TABLE orderwatch.stock_sends ADD COLUMN settled_at timestamptz;
COMMENT ON COLUMN orderwatch.stock_sends.settled_at IS 'When it was known to be on sale; NULL while it is not.';
CREATE INDEX stock_sends_barcode ON orderwatch.stock_sends (barcode);
