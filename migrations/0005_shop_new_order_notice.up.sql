-- Wakes the dispatcher when an order is inserted. Once per statement, and with the same payload, so
-- that a bulk insert is one notice.
CREATE FUNCTION orderwatch.notify_new_order() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('orderwatch_new', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER orderwatch_new_order AFTER INSERT ON public.product_orders
    FOR EACH STATEMENT EXECUTE FUNCTION orderwatch.notify_new_order();
