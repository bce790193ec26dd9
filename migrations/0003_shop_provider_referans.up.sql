-- The number by which the panel knows the purchase, in the shop's own row.
INSERT INTO orderwatch.created (kind, name)
SELECT 'column', 'product_orders.provider_referans'
WHERE NOT EXISTS (
    SELECT FROM information_schema.columns
    WHERE (table_schema, table_name, column_name) = ('public', 'product_orders', 'provider_referans'));

ALTER TABLE public.product_orders ADD COLUMN IF NOT EXISTS provider_referans varchar(255);
