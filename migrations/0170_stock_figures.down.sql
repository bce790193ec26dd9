DROP INDEX orderwatch.packages_by_barcode;
ALTER TABLE orderwatch.packages DROP COLUMN barcodes;
DROP TABLE orderwatch.order_delays;
ALTER TABLE orderwatch.stock_sends RENAME COLUMN result_at TO settled_at;
ALTER TABLE orderwatch.stock_sends
    DROP COLUMN desired, DROP COLUMN observed, DROP COLUMN reason, DROP COLUMN refused,
    ADD COLUMN looked_at timestamptz;
DROP SEQUENCE orderwatch.stock_plans;
DROP INDEX orderwatch.stock_items_watched;
DROP INDEX orderwatch.stock_items_open;
ALTER TABLE orderwatch.stock_items
    DROP CONSTRAINT stock_items_sent_whole, DROP CONSTRAINT stock_items_deficit_whole,
    ADD COLUMN fate text CHECK (fate IN ('queued', 'unknown')),
    ADD COLUMN told integer NOT NULL DEFAULT 0,
    ADD COLUMN told_since_look integer NOT NULL DEFAULT 0,
    ADD COLUMN doubted integer NOT NULL DEFAULT 0,
    ADD COLUMN given_back integer NOT NULL DEFAULT 0,
    ADD COLUMN lifted integer NOT NULL DEFAULT 0,
    ADD COLUMN missing integer NOT NULL DEFAULT 0,
    ADD COLUMN missing_since timestamptz,
    ADD COLUMN looked_at timestamptz;
UPDATE orderwatch.stock_items
SET looked_at = observed_at, fate = CASE WHEN open_until IS NOT NULL THEN 'unknown' END,
    sent = CASE WHEN open_until IS NOT NULL THEN sent END,
    sent_at = CASE WHEN open_until IS NOT NULL THEN sent_at END;
ALTER TABLE orderwatch.stock_items
    DROP COLUMN contradictory, DROP COLUMN deficit, DROP COLUMN deficit_since, DROP COLUMN open_until,
    DROP COLUMN plan, DROP COLUMN sold_orders, DROP COLUMN sold_units, DROP COLUMN sold_at,
    DROP COLUMN touched_at, DROP COLUMN watched_until;
ALTER TABLE orderwatch.stock_items RENAME COLUMN observed_at TO confirmed_at;
ALTER TABLE orderwatch.stock_items RENAME COLUMN observed TO confirmed;
ALTER TABLE orderwatch.stock_items
    ADD CONSTRAINT sent_whole CHECK ((sent IS NULL) = (fate IS NULL) AND (sent IS NULL) = (sent_at IS NULL));
CREATE INDEX stock_items_open ON orderwatch.stock_items (sent_batch) WHERE sent IS NOT NULL;
