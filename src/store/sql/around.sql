-- All that is known around one order: see explain.rs. `enabled` and `mode` are absent in older
-- databases: read through JSON they are NULL there.
SELECT o.status AS "status?", o."externalStatus" AS "external_status?", o."providerId" AS provider_id,
       o."externalOrderId" AS external_order_id, o."sentAt" AS sent_at,
       o."createdAt" AS "created_at?",
       COALESCE(orderwatch.is_pending(o.status), false) AS "pending!",
       orderwatch.names_other(
           asked.id, o."externalOrderId", o.provider_referans,
           EXISTS (SELECT FROM orderwatch.purchases u WHERE u.order_id = asked.id), $3)
           AS "names_other!",
       n.asked_by AS "asked_by?", n.numbered AS "numbered!", n.forwarded AS "forwarded!",
       COALESCE(orderwatch.is_open(o.status), false) AS "open!",
       COALESCE(orderwatch.is_unsent(o.status, o."externalStatus", o."sentAt" IS NULL,
                                     o."externalOrderId", o.provider_referans, $3)
                AND orderwatch.may_go_to(o."providerId", r."primaryProviderId"), false)
           AS "unsent!",
       COALESCE(orderwatch.is_in_flight(o.status, o."externalStatus"), false)
           AS "in_flight!",
       r.mode AS "mode?", r."providerType" AS "provider_type?",
       routed.id AS "routed_id?: IntegrationId", routed.name AS "routed_name?",
       routed.provider AS "routed_kind?",
       (to_jsonb(routed) ->> 'enabled')::boolean AS routed_enabled,
       routed."tenantId" = o."tenantId" AS routed_own,
       spare.name AS "spare_name?", spare.provider AS "spare_kind?",
       routed_breaker.open_until AS routed_until,
       routed_breaker.open_reason AS routed_reason,
       i.id AS "at_id?: IntegrationId", i.name AS "at_name?", i.provider AS "at_kind?",
       (to_jsonb(i) ->> 'enabled')::boolean AS at_enabled,
       i."tenantId" = COALESCE(t.tenant_id, o."tenantId") AS at_own,
       breaker.open_until AS at_until, breaker.open_reason AS at_reason,
       (SELECT max(u.claimed_at) FROM orderwatch.purchases u WHERE u.order_id = asked.id) AS claimed_at,
       t.lease_token IS NOT NULL AS "claimed!",
       COALESCE(t.fell_back, false) AS "fell_back!",
       e.kind AS "ending?", e.detail ->> 'who' AS ended_by,
       e.detail ->> 'why' AS ended_why, e.detail ->> 'refusal' AS refusal,
       b.scope AS "pause_scope?", b.who AS "pause_who?", b.why AS "pause_why?",
       b.at AS "pause_at?"
FROM (VALUES ($1::uuid)) AS asked (id)
LEFT JOIN public.product_orders o ON o.id = asked.id
LEFT JOIN orderwatch.orders t ON t.order_id = asked.id
CROSS JOIN LATERAL (
    SELECT a.asked_by, COALESCE(orderwatch.is_number(a.asked_by), false) AS numbered,
           COALESCE(orderwatch.is_forwarded(
               o.id, o."externalStatus", o."externalOrderId"), false)
           -- Absent in older databases: read through JSON it is NULL there.
           OR COALESCE(upper(to_jsonb(o) ->> 'mode') = 'INTERNAL', false) AS forwarded
    FROM (SELECT orderwatch.asked_by(o.provider_referans, o."externalOrderId", o."orderNo"::text)
                     AS asked_by) a
) n
LEFT JOIN public.package_routing r
    ON r."tenantId" = o."tenantId" AND r.package_id = o."packageId"
LEFT JOIN public.integrations routed ON routed.id::text = r."primaryProviderId"
LEFT JOIN public.integrations spare
    ON spare."tenantId" = o."tenantId" AND spare.id::text = r."fallbackProviderId"
LEFT JOIN orderwatch.panels routed_breaker
    ON routed_breaker.integration_id = routed.id AND routed_breaker.open_until IS NOT NULL
LEFT JOIN public.integrations i
    ON i.id::text = COALESCE(t.integration_id::text, NULLIF(btrim(o."providerId"), ''),
                             CASE WHEN n.numbered THEN r."primaryProviderId" END)
LEFT JOIN orderwatch.panels breaker
    ON breaker.integration_id = i.id AND breaker.open_until IS NOT NULL
LEFT JOIN LATERAL (
    SELECT e.kind, e.detail FROM orderwatch.events e
    WHERE e.order_id = asked.id AND e.kind IN (
        'completed', 'refused', 'cancelled', 'timed_out', 'withdrawn', 'resolved')
    ORDER BY e.id DESC LIMIT 1) e ON t.finished_at IS NOT NULL
LEFT JOIN LATERAL (
    SELECT b.* FROM orderwatch.brakes b
    WHERE b.scope IN ($2, COALESCE(i.id, routed.id))
    ORDER BY b.scope LIMIT 1) b ON true
LIMIT 1
