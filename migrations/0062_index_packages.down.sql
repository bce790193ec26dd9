-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS orderwatch.packages_listed;
