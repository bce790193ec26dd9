-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS orderwatch.stock_items_refused;
