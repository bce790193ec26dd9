-- no-transaction
-- Nothing asks for 'pending' in lower case alone any more; orderwatch_unsent takes its place.
DROP INDEX CONCURRENTLY IF EXISTS public.orderwatch_new_orders;
