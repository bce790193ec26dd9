-- The one way back: takes away all that the migrations made, but for the indexes on the applications' tables, which
-- go after it, one by one and without blocking a writer. Rows of the applications are never dropped.

DROP TRIGGER IF EXISTS orderwatch_new_order ON public.product_orders;

DO $$
DECLARE
    made record;
    used boolean;
    t record;
BEGIN
    -- On the tables of the warehouse's orders, whichever there were.
    FOR t IN SELECT tgname, tgrelid::regclass AS relation FROM pg_trigger
             WHERE tgfoid = to_regproc('orderwatch.notify_stock') LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.relation);
    END LOOP;

    IF EXISTS (SELECT FROM orderwatch.created WHERE (kind, name) = ('column', 'product_orders.provider_referans')) THEN
        ALTER TABLE public.product_orders DROP COLUMN provider_referans;
    END IF;

    -- Later tables refer to earlier ones, so the order is the reverse of their making.
    FOR made IN SELECT c.name, to_regclass('public.' || c.name) AS relation FROM orderwatch.created c
                WHERE c.kind = 'table' AND to_regclass('public.' || c.name) IS NOT NULL
                ORDER BY to_regclass('public.' || c.name)::oid DESC LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', made.relation) INTO used;
        IF used THEN
            RAISE WARNING 'table % is kept: it has rows', made.name;
        ELSE
            BEGIN
                EXECUTE format('DROP TABLE %s', made.relation);
            EXCEPTION WHEN dependent_objects_still_exist THEN
                RAISE WARNING 'table % is kept: something refers to it', made.name;
            END;
        END IF;
    END LOOP;
END
$$;

-- With the list of applied migrations, which lives in it.
DROP SCHEMA orderwatch CASCADE;
