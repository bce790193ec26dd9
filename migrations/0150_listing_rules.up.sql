-- What the warehouse's application keeps off sale, or sells without having it. Its tables are optional:
-- where one is not there, nothing follows from it. One that is there and cannot be read fails the pass.
CREATE FUNCTION orderwatch.listing_rules()
RETURNS TABLE (barcode text, extra_buffer integer, made_to_order boolean)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF to_regclass('public.stock_listing_policy') IS NOT NULL THEN
        RETURN QUERY EXECUTE
            'SELECT barcode::text, extra_buffer::integer, false
             FROM public.stock_listing_policy WHERE extra_buffer > 0';
    END IF;
    IF to_regclass('public.platform_configs') IS NOT NULL AND to_regclass('public.products') IS NOT NULL THEN
        RETURN QUERY EXECUTE
            $q$SELECT p.barcode::text, 0, true
               FROM public.products p
               WHERE p.product_main_id IN (
                   SELECT btrim(m.model #>> '{}')
                   FROM public.platform_configs c
                   CROSS JOIN LATERAL (SELECT to_jsonb(c.extra_config) -> 'models' AS models) s
                   CROSS JOIN LATERAL jsonb_array_elements(
                       CASE jsonb_typeof(s.models) WHEN 'array' THEN s.models ELSE '[]' END) AS m (model)
                   WHERE c.platform = 'uretim_ayar' AND btrim(m.model #>> '{}') <> '')$q$;
    END IF;
END
$$;
COMMENT ON FUNCTION orderwatch.listing_rules IS 'Rules of the warehouse''s application by bar code: stock_listing_policy, and the models of platform_configs (uretim_ayar) that are made to order.';

CREATE FUNCTION orderwatch.empties_what_no_shelf_has()
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT to_regclass('public.stock_movement') IS NOT NULL
        OR to_regclass('public.stock_listing_policy') IS NOT NULL
        OR to_regclass('public.platform_configs') IS NOT NULL
$$;
COMMENT ON FUNCTION orderwatch.empties_what_no_shelf_has IS 'Whether the warehouse''s application is one that keeps central_stock at the sum of the shelves.';
