-- no-transaction
-- From a panel to the packages that it serves.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orderwatch_routing ON public.package_routing ("tenantId", "primaryProviderId")
    WHERE mode = 'auto' AND "providerType" = 'external';
