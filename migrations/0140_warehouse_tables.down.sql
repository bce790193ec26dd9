DROP FUNCTION orderwatch.return_cancelled(text, timestamp);
DROP FUNCTION orderwatch.write_pack_out(text, text, integer, text, text, timestamp);
DROP FUNCTION orderwatch.level_stock(text, timestamp);
DROP FUNCTION orderwatch.lettered_barcodes();
DROP FUNCTION orderwatch.barcode_aliases();
DROP FUNCTION orderwatch.movements(text[]);
DROP FUNCTION orderwatch.lock_order_rows(text);
DROP FUNCTION orderwatch.order_rows(text[]);
DROP FUNCTION orderwatch.order_standings(text[]);
DROP FUNCTION orderwatch.order_tables();
DROP FUNCTION orderwatch.has_ledger();
ALTER TABLE orderwatch.packages
    DROP COLUMN release_reason,
    DROP COLUMN released_by,
    DROP COLUMN released_at;
COMMENT ON COLUMN orderwatch.packages.taken_at IS 'When its units were known to be taken from the shelves; NULL while they lie there.';
