-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS public.orderwatch_in_flight;
