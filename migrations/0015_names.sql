-- Columns by the names that everything else uses.
ALTER TABLE orderwatch.packages RENAME COLUMN told_at TO last_seen_at;
ALTER TABLE orderwatch.picking_outbox RENAME COLUMN told_at TO reported_at;
ALTER TABLE orderwatch.stock_batches RENAME COLUMN looks TO checks;
ALTER TABLE orderwatch.stock_batches RENAME COLUMN look_at TO check_at;

COMMENT ON TABLE orderwatch.picking_outbox IS 'Packages whose picking is reported to the marketplace.';
COMMENT ON COLUMN orderwatch.picking_outbox.due_at IS 'NULL once it was reported or given up.';
