-- Wakes the stock side when the warehouse changes: the barcodes that changed, or '*' when there are many.
-- Once per statement; nothing that goes wrong here may fail the warehouse's own statement.
CREATE FUNCTION orderwatch.notify_stock() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    rows bigint;
    names text;
BEGIN
    SELECT count(*), string_agg(DISTINCT c.row ->> TG_ARGV[0], ',') INTO rows, names
    FROM (SELECT to_jsonb(n) AS row FROM changed n LIMIT 201) c;
    IF rows > 0 THEN
        PERFORM pg_notify('orderwatch_stock',
                          CASE WHEN rows > 200 OR octet_length(names) > 7000 THEN '*' ELSE COALESCE(names, '') END);
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION orderwatch.notify_stock IS 'Tells orderwatch which barcodes a statement has changed; the column that names them is the trigger''s argument.';

DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT 'public.central_stock'::regclass AS relation, 'barcode' AS named
             UNION ALL
             SELECT o.relation, 'product_barcode' FROM orderwatch.order_tables() o
             WHERE o.place NOT IN ('shipped', 'delivered', 'archive', 'archived') LOOP
        EXECUTE format('CREATE TRIGGER orderwatch_stock_added AFTER INSERT ON %s REFERENCING NEW TABLE AS changed
                        FOR EACH STATEMENT EXECUTE FUNCTION orderwatch.notify_stock(%L)', t.relation, t.named);
        EXECUTE format('CREATE TRIGGER orderwatch_stock_changed AFTER UPDATE ON %s REFERENCING NEW TABLE AS changed
                        FOR EACH STATEMENT EXECUTE FUNCTION orderwatch.notify_stock(%L)', t.relation, t.named);
        EXECUTE format('CREATE TRIGGER orderwatch_stock_removed AFTER DELETE ON %s REFERENCING OLD TABLE AS changed
                        FOR EACH STATEMENT EXECUTE FUNCTION orderwatch.notify_stock(%L)', t.relation, t.named);
    END LOOP;
END
$$;
