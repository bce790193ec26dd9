-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS orderwatch.shadow_listed;
