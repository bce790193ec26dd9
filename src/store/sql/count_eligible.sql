-- Orders of the shop that could be bought and that nobody tracks, by panel: as in dispatch.rs, but
-- counted, and no more than $3 of a panel; and since when the oldest of them waits. See overview.rs.
SELECT i.id AS "integration_id!", e.orders AS "orders!", f.since
FROM public.integrations i
CROSS JOIN LATERAL (
    SELECT count(*) AS orders
    FROM (
        SELECT FROM public.package_routing r
        CROSS JOIN LATERAL (
            SELECT FROM public.product_orders o
            WHERE o."tenantId" = r."tenantId" AND o."packageId" = r.package_id
              AND orderwatch.is_unsent(o.status, o."externalStatus", o."sentAt" IS NULL,
                                       o."externalOrderId", o.provider_referans, $4)
              AND orderwatch.may_go_to(o."providerId", i.id::text)
              AND o."createdAt" > $1
              AND NOT EXISTS (SELECT FROM orderwatch.orders t WHERE t.order_id = o.id)
            LIMIT $3
        ) o
        WHERE r."tenantId" = i."tenantId" AND r.mode = 'auto' AND r."providerType" = 'external'
          AND r."primaryProviderId" = i.id::text
        LIMIT $3
    ) n
) e
CROSS JOIN LATERAL (
    SELECT min(o."createdAt") AS since FROM public.package_routing r
    CROSS JOIN LATERAL (
        SELECT o."createdAt" FROM public.product_orders o
        WHERE o."tenantId" = r."tenantId" AND o."packageId" = r.package_id
          AND orderwatch.is_unsent(o.status, o."externalStatus", o."sentAt" IS NULL,
                                   o."externalOrderId", o.provider_referans, $4)
          AND orderwatch.may_go_to(o."providerId", i.id::text)
          AND o."createdAt" > $1
          AND NOT EXISTS (SELECT FROM orderwatch.orders t WHERE t.order_id = o.id)
        ORDER BY o."createdAt" LIMIT 1
    ) o
    WHERE e.orders > 0
      AND r."tenantId" = i."tenantId" AND r.mode = 'auto' AND r."providerType" = 'external'
      AND r."primaryProviderId" = i.id::text
) f
WHERE i.provider = ANY($2) AND e.orders > 0
