-- How much the marketplace may have put back on sale by itself, not only when: as many sales are hidden by it.
ALTER TABLE orderwatch.stock_items ADD COLUMN given_back integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN orderwatch.stock_items.given_back IS 'Units of the packages that were cancelled since confirmed was true: the marketplace may have put them back on sale by itself.';
ALTER TABLE orderwatch.stock_items DROP COLUMN given_back_at;

ALTER TABLE orderwatch.stock_items ADD COLUMN lifted integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN orderwatch.stock_items.lifted IS 'Units of confirmed that the marketplace has put on sale by itself, such as those of a cancelled order.';
