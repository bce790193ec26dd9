-- What the shop does with orders for panels of our kinds: see applications.rs. It also runs before `orderwatch migrate`,
-- so it calls no function of ours.
WITH seen AS (
    SELECT o.id, o."sentAt" AS sent_at, o."createdAt" AS placed_at, o."lastSyncAt" AS asked_at,
           o.id = ANY($3) AS bought, r.package_id IS NOT NULL AS automatic,
           -- Without the column no panel can be disabled; the name then means that of the outer row.
           COALESCE((SELECT (SELECT enabled FROM public.integrations e WHERE e.id = i.id)
                     FROM (VALUES (true)) AS without (enabled)), true) AS enabled,
           i.id = ANY($6) AS paused,
           COALESCE(o."externalOrderId" LIKE 'stub-%', false) AS chained,
           lower(o.status COLLATE "C") = 'pending'
               AND lower(o."externalStatus" COLLATE "C") = 'not_sent' AS waits,
           EXISTS (SELECT FROM public.package_mappings m
                   WHERE m."tenantId" = o."tenantId" AND m.our_package_id = o."packageId"::text
                     AND m.provider_api_id = i.id::text) AS mapped
    FROM public.product_orders o
    LEFT JOIN public.package_routing r
           ON r."tenantId" = o."tenantId" AND r.package_id = o."packageId"
          AND r.mode = 'auto' AND r."providerType" = 'external'
    -- By its route, too: the shop's own code clears "providerId" of every order.
    JOIN public.integrations i
      ON i.id::text = COALESCE(NULLIF(btrim(o."providerId"), ''), r."primaryProviderId")
     AND i.provider = ANY($2)
    WHERE o."createdAt" > $1::timestamptz - interval '1 day'
), last AS (
    SELECT COALESCE(max(sent_at), '-infinity') AS at FROM seen WHERE NOT bought
)
SELECT count(*) FILTER (WHERE NOT bought AND sent_at > $1) AS "sent!",
       -- The shop sends within the request that places the order, and people some time later.
       count(*) FILTER (WHERE NOT bought AND sent_at > $1 AND automatic AND enabled AND NOT paused
                          AND (NOT chained OR $7) AND sent_at < placed_at + interval '1 minute')
           AS "sent_beside!",
       count(*) FILTER (WHERE NOT bought AND sent_at IS NULL AND placed_at > GREATEST($1, last.at)
                          AND placed_at < $5 AND waits AND automatic AND enabled AND mapped)
           AS "unsent!",
       count(*) FILTER (WHERE bought AND placed_at > last.at) AS "bought!",
       max(sent_at) FILTER (WHERE NOT bought)::timestamptz AS last_sent,
       -- What orderwatch watches, it has asked about itself, whoever sent it.
       max(asked_at) FILTER (WHERE NOT bought AND id <> ALL($4))::timestamptz AS last_asked
FROM seen CROSS JOIN last
