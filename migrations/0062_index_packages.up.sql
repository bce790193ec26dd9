-- no-transaction
-- People page through the packages by their last change, and see what the marketplace refuses.
CREATE INDEX CONCURRENTLY IF NOT EXISTS packages_listed ON orderwatch.packages (changed_at, package_id);
