-- no-transaction
-- Support looks an order up by its reference.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orderwatch_referans ON public.product_orders (provider_referans)
    WHERE provider_referans IS NOT NULL;
