-- Drops the tables that the migrations made, as long as they are empty: rows of the shop are never
-- dropped. Later ones refer to earlier ones, so the order is the reverse.
DO $$
DECLARE
    names CONSTANT text[] := ARRAY[
        'package_costs',
        'package_mappings',
        'package_routing',
        'integrations',
        'product_orders',
        'product_packages',
        'product',
        'users'
    ];
    made text;
    used boolean;
BEGIN
    FOREACH made IN ARRAY names LOOP
        CONTINUE WHEN NOT EXISTS (
            SELECT FROM orderwatch.created WHERE (kind, name) = ('table', made));
        CONTINUE WHEN to_regclass('public.' || made) IS NULL;
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', made) INTO used;
        IF used THEN
            RAISE WARNING 'table % is kept: it has rows', made;
        ELSE
            BEGIN
                EXECUTE format('DROP TABLE public.%I', made);
            EXCEPTION WHEN dependent_objects_still_exist THEN
                RAISE WARNING 'table % is kept: something refers to it', made;
            END;
        END IF;
    END LOOP;
    DELETE FROM orderwatch.created WHERE kind = 'table' AND name = ANY (names);
END
$$;
