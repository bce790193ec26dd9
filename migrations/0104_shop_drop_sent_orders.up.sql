-- no-transaction
-- orderwatch_in_flight takes its place.
DROP INDEX CONCURRENTLY IF EXISTS public.orderwatch_sent_orders;
