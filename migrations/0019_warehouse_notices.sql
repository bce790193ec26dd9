-- As for the shop's orders: what a notice needs may not fail the warehouse's own statement, and neither a full
-- queue of notices nor two-phase commit can be caught here.
CREATE OR REPLACE FUNCTION orderwatch.notify_stock() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    rows bigint;
    names text;
BEGIN
    IF pg_notification_queue_usage() >= 0.5 OR current_setting('max_prepared_transactions') <> '0' THEN
        RETURN NULL;
    END IF;

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
