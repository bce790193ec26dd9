-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS public.orderwatch_sent_orders;
