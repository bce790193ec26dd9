-- no-transaction
-- The sweeper looks for orders that the shop itself has sent; see orderwatch.is_in_flight.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orderwatch_in_flight ON public.product_orders ("sentAt")
    WHERE lower(status::text COLLATE "C") NOT IN (
              'approved', 'rejected', 'completed', 'done', 'failed', 'cancelled', 'canceled', 'refunded')
      AND lower("externalStatus"::text COLLATE "C") NOT IN (
              'not_sent', 'forwarded', 'completed', 'delivered', 'done', 'failed', 'rejected',
              'cancelled', 'canceled');
