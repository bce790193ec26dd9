DROP TRIGGER orderwatch_new_order ON public.product_orders;
DROP FUNCTION orderwatch.notify_new_order();
