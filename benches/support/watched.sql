-- Orders that were bought ten minutes ago and that the panel is known to work on: tenant ($1),
-- integration ($2), package ($3), how many ($4), seconds until they are due ($5), spread ($6).
WITH numbered AS MATERIALIZED (
    SELECT gen_random_uuid() AS id, now() - interval '10 minutes' AS bought,
           (3000000000000000 + base.last + n)::text AS reference,
           clock.now + make_interval(secs => $5 + random() * $6) AS due
    FROM generate_series(1, $4) AS n
    CROSS JOIN (SELECT count(*) AS last FROM orderwatch.purchases) AS base
    CROSS JOIN (SELECT clock_timestamp() AS now) AS clock
), placed AS (
    INSERT INTO public.product_orders
        (id, "tenantId", "packageId", "userIdentifier", "providerId", "externalOrderId",
         "externalStatus", provider_referans, "sentAt", "createdAt", "lastMessage",
         "providerMessage", notes, "notesCount")
    SELECT id, $1, $3, 'player-' || reference, $2::text, id::text,
           'processing', reference, bought, bought, 'The panel is working on it.',
           'İşlem sırada bekliyor',
           jsonb_build_array(
               jsonb_build_object('by', 'system', 'text', 'Sent.', 'at', bought),
               jsonb_build_object('by', 'system', 'text', 'The panel is working on it.', 'at', bought)),
           2
    FROM numbered
), bought AS (
    INSERT INTO orderwatch.purchases
        (reference, integration_id, order_id, claimed_at, outcome, cost, recorded_at)
    SELECT reference, $2, id, bought, 'processing', 35, bought FROM numbered
)
INSERT INTO orderwatch.orders
    (order_id, tenant_id, integration_id, reference, stage, due_at, tracked_at, dispatched_at,
     sent_at, give_up_at, processing, attempts, may_resend)
SELECT id, $1, $2, reference, 'submitted', due, bought, bought, bought,
       bought + interval '24 hours', true, 5, false
FROM numbered
