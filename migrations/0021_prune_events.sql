-- The timeline is only ever added to, so the daemon's role has no right to delete from it (config/roles.sql). What has
-- grown old leaves it through this function, which runs with the rights of the schema's owner.
CREATE FUNCTION orderwatch.prune_events(before timestamptz, after_at timestamptz, after_order uuid, page bigint)
RETURNS TABLE (last_at timestamptz, last_order uuid, events bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    -- Order by order along those that have ended: so no event of an open one is ever touched.
    RETURN QUERY
    WITH ended AS MATERIALIZED (
        SELECT t.order_id, t.finished_at FROM orderwatch.orders t
        WHERE t.finished_at < before AND (t.finished_at, t.order_id) > (after_at, after_order)
        ORDER BY t.finished_at, t.order_id LIMIT page
    ), gone AS (
        DELETE FROM orderwatch.events e USING ended p
        WHERE e.order_id = p.order_id AND e.at < before
        RETURNING e.id
    )
    SELECT p.finished_at, p.order_id, (SELECT count(*) FROM gone)
    FROM ended p ORDER BY p.finished_at DESC, p.order_id DESC LIMIT 1;
END
$$;
COMMENT ON FUNCTION orderwatch.prune_events IS 'Deletes the events before a time of the next orders behind a place that ended before it; returns how many, and the last of these orders.';
REVOKE ALL ON FUNCTION orderwatch.prune_events FROM PUBLIC;
