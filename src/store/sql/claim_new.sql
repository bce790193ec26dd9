-- Claims new orders of the shop: see claim.rs.
--
-- The order is locked by its key alone, and what makes it eligible is asked of the locked row: asked
-- in one step, the server may read all that is eligible to find it. `OFFSET 0` keeps the steps apart.
WITH locked AS MATERIALIZED (
    SELECT o.id, i.integration_id, i.reference, i.round, i.expected, i.package_id, i.fields, i.sold_for
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::smallint[], $9::numeric[],
                $12::uuid[], $13::text[], $14::numeric[])
         AS i (order_id, integration_id, reference, round, expected, package_id, fields, sold_for)
    CROSS JOIN LATERAL (
        SELECT o.id, o."tenantId", o."packageId", o.status, o."externalStatus", o."sentAt",
               o."providerId", o."externalOrderId", o.provider_referans
        FROM public.product_orders o
        WHERE o.id = i.order_id OFFSET 0 FOR UPDATE SKIP LOCKED
    ) o
    WHERE orderwatch.is_unsent(o.status, o."externalStatus", o."sentAt" IS NULL,
                               o."externalOrderId", o.provider_referans, $11)
      AND orderwatch.may_go_to(o."providerId", i.integration_id::text)
      AND EXISTS (
          SELECT FROM public.package_routing r
          WHERE r."tenantId" = o."tenantId" AND r.package_id = o."packageId"
            AND r.mode = 'auto' AND r."providerType" = 'external'
            AND r."primaryProviderId" = i.integration_id::text OFFSET 0)
      AND NOT EXISTS (SELECT FROM orderwatch.orders t WHERE t.order_id = o.id OFFSET 0)
      AND NOT EXISTS (
          SELECT FROM orderwatch.brakes b WHERE b.scope IN (i.integration_id, $10))
), named AS (
    INSERT INTO orderwatch.purchases AS p
        (reference, integration_id, order_id, round, claimed_at, expected, player_fields, sold_for)
    SELECT reference, integration_id, id, round, $6, expected, fields, sold_for FROM locked
    ON CONFLICT (reference, integration_id) DO UPDATE
        SET claimed_at = EXCLUDED.claimed_at, expected = EXCLUDED.expected,
            player_fields = EXCLUDED.player_fields, sold_for = EXCLUDED.sold_for
        WHERE p.order_id = EXCLUDED.order_id
    RETURNING p.order_id, p.integration_id, p.reference
), tracked AS (
    INSERT INTO orderwatch.orders
        (order_id, tenant_id, integration_id, reference, stage, due_at, lease_token,
         tracked_at, dispatched_at, give_up_at, package_id)
    SELECT n.order_id, o.tenant_id, n.integration_id, n.reference, 'dispatching', $7, $5,
           $6, $6, $8, o.package_id
    FROM named n
    CROSS JOIN LATERAL (
        SELECT o."tenantId" AS tenant_id, o."packageId" AS package_id FROM public.product_orders o
        WHERE o.id = n.order_id OFFSET 0
    ) o
    ON CONFLICT (order_id) DO NOTHING
    RETURNING order_id, integration_id, reference
), sold AS (
    -- Once for each product and rule; in one order, so that claims do not wait for each other in turn.
    INSERT INTO orderwatch.player_fields (integration_id, package_id, fields, sold_at)
    SELECT DISTINCT l.integration_id, l.package_id, l.fields, $6::timestamptz
    FROM locked l JOIN tracked t ON t.order_id = l.id
    ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING
), said AS (
    UPDATE public.product_orders o
    SET provider_referans = t.reference, "providerId" = t.integration_id::text,
        "externalOrderId" = orderwatch.kept_name(o.id, o."externalOrderId"),
        "externalStatus" = 'queued'
    FROM tracked t WHERE o.id = t.order_id
), noted AS (
    INSERT INTO orderwatch.events (order_id, at, kind, detail)
    SELECT order_id, $6, 'claimed',
           jsonb_build_object('reference', reference, 'integration', integration_id)
    FROM tracked
)
SELECT order_id FROM tracked
