-- Claims tracked orders for sending: see claim.rs. Rows are locked by their keys alone, as in
-- claim_new.sql.
WITH locked AS MATERIALIZED (
    SELECT o.id, o."providerId" AS provider_id, o."sentAt" AS sent_at,
           orderwatch.given_reference(o.provider_referans, o."externalOrderId") AS given,
           i.integration_id, i.reference, i.round, i.expected, i.package_id, i.fields, i.sold_for
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::smallint[], $8::numeric[],
                $11::uuid[], $12::text[], $13::numeric[])
         AS i (order_id, integration_id, reference, round, expected, package_id, fields, sold_for)
    CROSS JOIN LATERAL (
        SELECT o.id, o.status, o."providerId", o."externalOrderId", o.provider_referans, o."sentAt"
        FROM public.product_orders o
        WHERE o.id = i.order_id OFFSET 0 FOR UPDATE SKIP LOCKED
    ) o
    WHERE orderwatch.is_pending(o.status) AND NOT orderwatch.names_other(
          o.id, o."externalOrderId", o.provider_referans,
          EXISTS (SELECT FROM orderwatch.purchases u WHERE u.order_id = o.id OFFSET 0), $10)
      AND NOT EXISTS (
          SELECT FROM orderwatch.brakes b WHERE b.scope IN (i.integration_id, $9))
), due AS MATERIALIZED (
    SELECT t.order_id, l.integration_id, l.reference, l.round, l.expected, l.package_id, l.fields,
           l.sold_for
    FROM locked l
    CROSS JOIN LATERAL (
        SELECT t.order_id, t.integration_id, t.reference, t.stage, t.due_at, t.fell_back,
               COALESCE(t.dispatched_at, t.sent_at) AS ours_at
        FROM orderwatch.orders t
        WHERE t.order_id = l.id OFFSET 0 FOR UPDATE SKIP LOCKED
    ) t
    WHERE t.integration_id = l.integration_id AND t.stage = 'queued' AND t.due_at <= $6
      -- Sent by hand in the shop while it was held here, under whatever name.
      AND (l.sent_at IS NULL OR t.ours_at IS NOT NULL OR t.fell_back)
      -- Staff may have sent it another way since it was looked at. After a refusal the shop's row
      -- names the panel that refused it until now.
      AND (orderwatch.may_go_to(l.provider_id, l.integration_id::text)
           OR t.fell_back AND EXISTS (
               SELECT FROM orderwatch.purchases u
               WHERE u.order_id = t.order_id AND u.integration_id::text = l.provider_id))
      -- A reference that we did not give is somebody else's purchase.
      AND (l.given IS NULL OR l.given IN (t.reference, l.reference) OR EXISTS (
               SELECT FROM orderwatch.purchases u
               WHERE u.order_id = t.order_id AND u.reference = l.given))
), named AS (
    INSERT INTO orderwatch.purchases AS p
        (reference, integration_id, order_id, round, claimed_at, expected, player_fields, sold_for)
    SELECT reference, integration_id, order_id, round, $6, expected, fields, sold_for FROM due
    ON CONFLICT (reference, integration_id) DO UPDATE
        SET claimed_at = EXCLUDED.claimed_at, expected = EXCLUDED.expected, outcome = NULL,
            player_fields = EXCLUDED.player_fields, sold_for = EXCLUDED.sold_for
        WHERE p.order_id = EXCLUDED.order_id
    RETURNING p.order_id, p.integration_id, p.reference
), tracked AS (
    UPDATE orderwatch.orders t
    SET stage = 'dispatching', due_at = $7, lease_token = $5, reference = n.reference,
        package_id = n.package_id, waited_at = NULL, answer = NULL,
        dispatched_at = COALESCE(t.dispatched_at, $6)
    FROM (SELECT n.order_id, n.reference, d.package_id
          FROM named n JOIN due d ON d.order_id = n.order_id) n
    WHERE t.order_id = n.order_id
    RETURNING t.order_id, t.integration_id, t.reference
), sold AS (
    -- Once for each product and rule; in one order, so that claims do not wait for each other in turn.
    INSERT INTO orderwatch.player_fields (integration_id, package_id, fields, sold_at)
    SELECT DISTINCT l.integration_id, l.package_id, l.fields, $6::timestamptz
    FROM due l JOIN tracked t ON t.order_id = l.order_id
    ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING
), said AS (
    UPDATE public.product_orders o
    SET provider_referans = t.reference, "providerId" = t.integration_id::text,
        "externalOrderId" = orderwatch.kept_name(o.id, o."externalOrderId"),
        "externalStatus" = 'queued'
    FROM tracked t
    WHERE o.id = t.order_id
      AND (o."externalStatus", o.provider_referans, o."providerId")
          IS DISTINCT FROM ('queued', t.reference, t.integration_id::text)
), noted AS (
    INSERT INTO orderwatch.events (order_id, at, kind, detail)
    SELECT order_id, $6, 'claimed',
           jsonb_build_object('reference', reference, 'integration', integration_id)
    FROM tracked
)
SELECT order_id FROM tracked
