-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS orderwatch.orders_inbox;
