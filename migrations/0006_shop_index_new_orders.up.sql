-- no-transaction
-- Orders that nobody has sent yet, by the package that decides their route.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orderwatch_new_orders ON public.product_orders ("tenantId", "packageId", "createdAt")
    WHERE status = 'pending' AND "providerId" IS NULL AND "externalOrderId" IS NULL;
