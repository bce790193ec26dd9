-- Tracked orders whose time to be sent has come: see dispatch.rs.
SELECT t.order_id AS "order_id!", t.tenant_id AS "tenant_id!", p.id AS "integration_id!",
       COALESCE(o."packageId", $5) AS "package_id!",
       t.reference AS "reference!", t.dispatched_at, t.give_up_at,
       t.errors AS "errors!", t.may_resend AS "may_resend!", o."createdAt" AS "created_at?",
       o.id IS NULL AS "row_gone!", COALESCE(o.quantity, 1) AS "quantity!",
       o."userIdentifier" AS "user_identifier?", o."extraField" AS "extra_field?",
       m.mappings AS "mappings!", m.entry, m.meta,
       (SELECT i.id FROM public.package_routing r
        JOIN public.integrations i ON i."tenantId" = r."tenantId"
             AND i.id::text = r."fallbackProviderId" AND i.id <> p.id
        WHERE NOT t.fell_back AND r."tenantId" = t.tenant_id
          AND r.package_id = o."packageId"
          AND EXISTS (
              SELECT FROM public.package_mappings f
              WHERE f."tenantId" = t.tenant_id
                AND f.our_package_id = o."packageId"::text
                AND f.provider_api_id = r."fallbackProviderId")
        LIMIT 1) AS fallback,
       COALESCE(orderwatch.is_pending(o.status)
           AND (orderwatch.may_go_to(o."providerId", p.id::text)
                OR t.fell_back AND EXISTS (
                    SELECT FROM orderwatch.purchases u
                    WHERE u.order_id = t.order_id
                      AND u.integration_id::text = o."providerId"))
           AND NOT orderwatch.names_other(
               o.id, o."externalOrderId", o.provider_referans,
               EXISTS (SELECT FROM orderwatch.purchases u
                       WHERE u.order_id = t.order_id OFFSET 0), $4), false)
           AS "wanted!",
       (SELECT g.given
        FROM (SELECT orderwatch.given_reference(
                         o.provider_referans, o."externalOrderId") AS given) g
        WHERE g.given <> t.reference AND NOT EXISTS (
            SELECT FROM orderwatch.purchases u
            WHERE u.order_id = t.order_id AND u.reference = g.given)) AS given,
       t.loss_accepted AS "loss_accepted!", o."sellPriceAmount" AS "price?",
       o."sellPriceCurrency" AS "currency?"
FROM unnest($1::uuid[], $2::bigint[]) AS p (id, free)
CROSS JOIN LATERAL (
    SELECT t.order_id, t.tenant_id, t.reference, t.dispatched_at, t.give_up_at,
           t.errors, t.may_resend, t.fell_back, t.loss_accepted
    FROM orderwatch.orders t
    WHERE t.integration_id = p.id AND t.stage = 'queued' AND t.due_at <= $3
      AND (t.give_up_at IS NULL OR t.give_up_at > $3)
    ORDER BY t.due_at LIMIT p.free
) t
LEFT JOIN public.product_orders o ON o.id = t.order_id
CROSS JOIN LATERAL (
    SELECT count(DISTINCT m.provider_package_id) AS mappings,
           min(m.provider_package_id) AS entry, (array_agg(m.meta))[1] AS meta
    FROM public.package_mappings m
    WHERE m."tenantId" = t.tenant_id AND m.our_package_id = o."packageId"::text
      AND m.provider_api_id = p.id::text
) m
