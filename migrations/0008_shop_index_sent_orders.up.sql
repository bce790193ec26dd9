-- no-transaction
-- The sweeper looks for orders that the shop itself has sent.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orderwatch_sent_orders ON public.product_orders ("sentAt")
    WHERE status = 'pending' AND "externalStatus" IN ('pending', 'sent', 'processing');
