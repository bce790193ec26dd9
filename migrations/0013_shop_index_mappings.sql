-- no-transaction
-- From a package to the product of a panel.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orderwatch_mappings ON public.package_mappings ("tenantId", our_package_id);
