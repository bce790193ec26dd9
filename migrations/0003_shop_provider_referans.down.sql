DO $$
BEGIN
    IF EXISTS (SELECT FROM orderwatch.created
               WHERE (kind, name) = ('column', 'product_orders.provider_referans')) THEN
        ALTER TABLE public.product_orders DROP COLUMN provider_referans;
        DELETE FROM orderwatch.created
        WHERE (kind, name) = ('column', 'product_orders.provider_referans');
    END IF;
END
$$;
