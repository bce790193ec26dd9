-- Orders of ours that somebody else wrote over: see second.rs. $2 is NULL for every open order,
-- $3 NULL where nothing is to be paused.
WITH ours AS MATERIALIZED (
    SELECT n.order_id
    FROM public.integrations i
    CROSS JOIN LATERAL (
        SELECT p.order_id FROM orderwatch.purchases p
        WHERE $2::timestamptz IS NOT NULL AND p.integration_id = i.id AND p.claimed_at > $2
        ORDER BY p.claimed_at DESC LIMIT $4
    ) n
    WHERE i.provider = ANY($5)
    UNION
    SELECT t.order_id FROM orderwatch.orders t
    WHERE $2::timestamptz IS NULL AND t.stage IN ('dispatching', 'submitted', 'unconfirmed')
      AND t.due_at IS NOT NULL
    UNION
    SELECT t.order_id FROM orderwatch.orders t
    WHERE $2::timestamptz IS NULL AND t.stage = 'submitted' AND t.due_at IS NULL
), found AS MATERIALIZED (
    SELECT t.order_id, t.integration_id, t.reference, t.dispatched_at,
           o.reference AS found_reference, o.provider AS found_provider
    FROM ours
    -- Each by its key, however many the server believes there to be: see claim_new.sql.
    CROSS JOIN LATERAL (
        SELECT t.order_id, t.integration_id, t.reference, t.dispatched_at, t.stage
        FROM orderwatch.orders t WHERE t.order_id = ours.order_id OFFSET 0
    ) t
    CROSS JOIN LATERAL (
        SELECT COALESCE(btrim(o.provider_referans), '') AS reference,
               COALESCE(btrim(o."providerId"), '') AS provider
        FROM public.product_orders o WHERE o.id = t.order_id OFFSET 0
    ) o
    -- Every name that we ever gave to the order is ours.
    CROSS JOIN LATERAL (
        SELECT array_agg(u.reference) AS names, array_agg(u.integration_id::text) AS panels
        FROM orderwatch.purchases u WHERE u.order_id = t.order_id OFFSET 0
    ) u
    WHERE t.dispatched_at IS NOT NULL
      AND t.stage IN ('dispatching', 'submitted', 'unconfirmed', 'completed')
      AND (o.reference <> '' AND o.reference <> ALL(u.names)
           OR o.provider <> '' AND lower(o.provider) <> ALL(u.panels))
), new AS (
    INSERT INTO orderwatch.overwritten
        (order_id, integration_id, reference, found_reference, found_provider, claimed_at, noticed_at)
    SELECT order_id, integration_id, reference, found_reference, found_provider, dispatched_at, $1
    FROM found
    ON CONFLICT DO NOTHING
    RETURNING *
), judged AS MATERIALIZED (
    SELECT n.*, NOT EXISTS (
        SELECT FROM orderwatch.actions a
        WHERE a.what = 'resume' AND a.target = n.integration_id::text AND a.at >= n.claimed_at
    ) AS fresh
    FROM new n
), paused AS (
    INSERT INTO orderwatch.brakes (scope, who, why, at)
    SELECT DISTINCT j.integration_id, $6::text, $3::text, $1 FROM judged j
    WHERE j.fresh AND $3::text IS NOT NULL
    ON CONFLICT (scope) DO NOTHING
    RETURNING scope
), acted AS (
    INSERT INTO orderwatch.actions (at, who, what, target, why)
    SELECT $1, $6::text, 'pause', scope::text, $3::text FROM paused
), noted AS (
    INSERT INTO orderwatch.events (order_id, at, kind, detail)
    SELECT order_id, $1, 'overwritten', jsonb_strip_nulls(jsonb_build_object(
               'reference', reference, 'integration', integration_id,
               'found_reference', NULLIF(found_reference, ''),
               'found_provider', NULLIF(found_provider, '')))
    FROM judged
)
SELECT j.order_id AS "order_id!", j.integration_id AS "integration_id!",
       j.reference AS "reference!", j.found_reference AS "found_reference!",
       j.found_provider AS "found_provider!",
       EXISTS (SELECT FROM paused p WHERE p.scope = j.integration_id) AS "pauses!"
FROM judged j
