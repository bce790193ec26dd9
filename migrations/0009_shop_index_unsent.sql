-- no-transaction
-- Orders that nobody has sent yet, by the package that decides their route; see orderwatch.is_unsent.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orderwatch_unsent ON public.product_orders ("tenantId", "packageId", "createdAt")
    WHERE lower(status::text COLLATE "C") = 'pending'
      AND lower("externalStatus"::text COLLATE "C") = 'not_sent' AND "sentAt" IS NULL;
