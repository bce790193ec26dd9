-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS public.orderwatch_new_orders;
