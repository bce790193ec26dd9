-- The claim of an order that the database has lost, written as it was: see restore.rs.
WITH held AS MATERIALIZED (
    SELECT o.id, o.status, o."externalStatus", o."sentAt", o."providerId", o."externalOrderId",
           o.provider_referans, o."tenantId", o."packageId"
    FROM public.product_orders o WHERE o.id = $1 FOR UPDATE SKIP LOCKED
), free AS (
    SELECT h.*, h.id IS NULL AS row_lost FROM (VALUES (true)) AS one LEFT JOIN held h ON true
    WHERE h.id IS NOT NULL
       OR NOT EXISTS (SELECT FROM public.product_orders o WHERE o.id = $1)
), was AS (
    SELECT t.reference FROM orderwatch.orders t WHERE t.order_id = $1
), named AS (
    -- For an order that is gone everywhere, only what may have been bought.
    INSERT INTO orderwatch.purchases AS p (reference, integration_id, order_id, claimed_at, expected, sold_for)
    SELECT $4::text, $3::uuid, $1, $18::timestamptz, $16::numeric, $17::numeric
    FROM free f
    WHERE NOT f.row_lost OR $13::bool
    ON CONFLICT (reference, integration_id) DO UPDATE SET claimed_at = p.claimed_at
        WHERE p.order_id = EXCLUDED.order_id
    RETURNING p.order_id, p.integration_id, p.reference
), tracked AS (
    -- Should its outcome not follow, it is asked about when the lease ends, never sent again from here.
    INSERT INTO orderwatch.orders AS t
        (order_id, tenant_id, integration_id, reference, stage, due_at, lease_token, tracked_at,
         dispatched_at, sent_at, give_up_at, may_resend, package_id, row_lost, fell_back)
    SELECT n.order_id, $2, n.integration_id, n.reference, 'dispatching', $7::timestamptz, $5::uuid,
           $6::timestamptz, $8::timestamptz, $9::timestamptz, $10::timestamptz, $11, $12, f.row_lost,
           EXISTS (SELECT FROM public.package_routing r
                   WHERE r."tenantId" = f."tenantId" AND r.package_id = f."packageId"
                     AND r."fallbackProviderId" = n.integration_id::text
                     AND r."primaryProviderId" IS DISTINCT FROM n.integration_id::text)
    FROM named n CROSS JOIN free f
    -- An earlier claim had ended before this one was made. A later one stands, and so does what a person decided.
    ON CONFLICT (order_id) DO UPDATE
        SET integration_id = EXCLUDED.integration_id, reference = EXCLUDED.reference, stage = EXCLUDED.stage,
            held_reason = NULL, due_at = EXCLUDED.due_at, lease_token = EXCLUDED.lease_token,
            package_id = EXCLUDED.package_id, fell_back = t.fell_back OR EXCLUDED.fell_back,
            waited_at = NULL, answer = NULL
        WHERE (t.stage IN ('queued', 'dispatching', 'unconfirmed')
               OR t.stage = 'held' AND t.held_reason = 'unconfirmed')
          AND (t.dispatched_at IS NULL OR t.dispatched_at < $18)
    RETURNING t.order_id, t.integration_id, t.reference, t.row_lost
), said AS (
    -- As the claim had written it, where the shop's row came back as it was before, or as the earlier claim wrote it.
    UPDATE public.product_orders o
    SET provider_referans = t.reference, "providerId" = t.integration_id::text,
        "externalOrderId" = orderwatch.kept_name(o.id, o."externalOrderId"),
        "externalStatus" = 'queued'
    FROM tracked t CROSS JOIN free f
    WHERE o.id = t.order_id AND $15::bool
      AND (orderwatch.is_unsent(f.status, f."externalStatus", f."sentAt" IS NULL,
                                f."externalOrderId", f.provider_referans, $14)
           OR orderwatch.is_open(f.status) AND f.provider_referans IN (SELECT reference FROM was))
), noted AS (
    INSERT INTO orderwatch.events (order_id, at, kind, detail)
    SELECT order_id, $6::timestamptz, 'restored', jsonb_strip_nulls(jsonb_build_object(
               'reference', reference, 'integration', integration_id,
               'shop_row_lost', CASE WHEN row_lost THEN true END))
    FROM tracked
)
SELECT EXISTS (SELECT FROM tracked) AS "restored!", NOT EXISTS (SELECT FROM free) AS "busy!",
       COALESCE((SELECT row_lost FROM tracked), false) AS "row_lost!"
