-- One step of a person: see people.rs.
WITH held AS MATERIALIZED (
    SELECT o.id, o.status, o."providerId", o."externalOrderId", o."externalStatus", o."pinCode",
           o."packageId", o."providerMessage", o.provider_referans
    FROM public.product_orders o WHERE o.id = $1 FOR UPDATE SKIP LOCKED
), free AS (
    SELECT h.* FROM (VALUES (true)) AS one LEFT JOIN held h ON true
    WHERE h.id IS NOT NULL
       OR NOT EXISTS (SELECT FROM public.product_orders o WHERE o.id = $1)
), ours AS MATERIALIZED (
    SELECT t.order_id, t.tenant_id, t.integration_id, t.reference, g.pin AS given,
           -- Where the shop's row refused the code before, it is given as soon as the row takes it.
           $22::bool OR $27::bool AND length(g.pin) <= $24 AS gives
    FROM orderwatch.orders t CROSS JOIN free f
    -- Beside a code that is there already: that one was given to the customer, and is not lost.
    CROSS JOIN LATERAL (
        SELECT CASE WHEN btrim(f."pinCode") <> btrim(t.pin) AND f."pinCode" !~ '^[\s-]*$'
                    THEN f."pinCode" || ' / ' || t.pin ELSE t.pin END AS pin
    ) g
    WHERE t.order_id = $1 AND t.stage = $2::text AND t.held_reason IS NOT DISTINCT FROM $3::text
      -- What was said about one try to buy it says nothing about the next.
      AND (SELECT max(u.claimed_at) FROM orderwatch.purchases u WHERE u.order_id = $1)
          IS NOT DISTINCT FROM $26::timestamptz
      AND (NOT $22::bool OR COALESCE(length(g.pin), 0) <= $24)
      -- What is queued must still be wanted, and not sent by anybody else meanwhile.
      AND ($4::text <> 'queued' OR orderwatch.is_pending(f.status)
          AND (orderwatch.may_go_to(f."providerId", t.integration_id::text) OR t.fell_back
               -- Held before a panel was known: the row of the Client API names that of its route.
               OR t.integration_id IS NULL AND lower(f."externalStatus" COLLATE "C") = 'not_sent')
          AND NOT orderwatch.names_other($1::uuid, f."externalOrderId", f.provider_referans,
              EXISTS (SELECT FROM orderwatch.purchases u WHERE u.order_id = $1), $21)
          AND lower(f."externalStatus" COLLATE "C") IN ('not_sent', 'queued'))
    FOR UPDATE OF t SKIP LOCKED
), won AS (
    UPDATE orderwatch.orders t
    SET stage = $4::text, held_reason = NULL, lease_token = NULL,
        integration_id = COALESCE($5::uuid, t.integration_id), reference = COALESCE($6::text, t.reference),
        due_at = CASE WHEN $8::timestamptz IS NULL THEN $7::timestamptz END,
        finished_at = $8::timestamptz,
        give_up_at = COALESCE($9::timestamptz, t.give_up_at),
        sent_at = CASE WHEN $4::text = 'submitted' THEN COALESCE(t.sent_at, t.dispatched_at, $7::timestamptz)
                       ELSE t.sent_at END,
        may_resend = t.may_resend AND $10,
        outcome = CASE WHEN $8::timestamptz IS NOT NULL THEN COALESCE($23::text, t.outcome) END,
        attempts = 0, errors = 0, unknowns = 0,
        -- Released with its loss in sight: it is not held for that again.
        loss_accepted = t.loss_accepted OR $4::text = 'queued' AND $3::text = 'sold_at_a_loss'
    FROM ours o
    WHERE t.order_id = o.order_id AND t.stage = $2::text AND t.held_reason IS NOT DISTINCT FROM $3::text
    RETURNING t.order_id, t.tenant_id, t.integration_id, t.reference, t.sent_at,
              o.integration_id AS was_at, o.given, o.gives, t.pin, t.outcome
), said AS (
    UPDATE public.product_orders o
    SET "externalStatus" = COALESCE($11::text, o."externalStatus"),
        "lastMessage" = $12::text, "lastSyncAt" = $7::timestamptz,
        "pinCode" = CASE WHEN w.gives THEN COALESCE(w.given, o."pinCode") ELSE o."pinCode" END,
        "completedAt" = CASE WHEN w.gives THEN COALESCE(o."completedAt", $7::timestamptz)
                             ELSE o."completedAt" END,
        "sentAt" = CASE WHEN $4::text = 'submitted' THEN COALESCE(o."sentAt", w.sent_at)
                        ELSE o."sentAt" END,
        -- An earlier claim wrote its panel here; the order goes to another one now.
        "providerId" = CASE WHEN $4::text = 'queued' AND o."providerId" = COALESCE(w.was_at::text, o."providerId")
                            THEN w.integration_id::text ELSE o."providerId" END,
        provider_referans = CASE WHEN $4::text = 'queued' AND orderwatch.given_reference(
                                          o.provider_referans, o."externalOrderId") IS NOT NULL
                                 THEN w.reference ELSE o.provider_referans END,
        notes = orderwatch.notes_of(o.notes) || orderwatch.note($13::text, $7::timestamptz),
        "notesCount" = 1 + jsonb_array_length(orderwatch.notes_of(o.notes))
    FROM won w WHERE o.id = w.order_id AND $14::bool
    RETURNING o.id, o.status, o."externalStatus" AS external_status
), waits AS (
    INSERT INTO orderwatch.unsettled (order_id, finished_at)
    SELECT w.order_id, $8::timestamptz FROM won w JOIN held h ON h.id = w.order_id
    WHERE $8::timestamptz IS NOT NULL AND orderwatch.is_open(h.status)
    ON CONFLICT (order_id) DO NOTHING
), learned AS (
    -- A person says that this product was delivered without a code, so it may come without one.
    UPDATE orderwatch.coded_products p SET in_row = 0
    FROM won w JOIN held h ON h.id = w.order_id
    JOIN public.package_mappings m ON m."tenantId" = w.tenant_id
        AND m.our_package_id = h."packageId"::text AND m.provider_api_id = w.integration_id::text
    WHERE $3::text = 'delivered_without_code' AND $4::text = 'completed'
      AND (p.integration_id, p.entry) = (w.integration_id, m.provider_package_id)
), spent AS (
    UPDATE orderwatch.purchases p
    -- That it is to be sent again says nothing of what became of it before.
    SET outcome = CASE WHEN $25::bool AND $4::text <> 'queued' THEN $15::text ELSE p.outcome END,
        recorded_at = $7::timestamptz,
        -- What was not bought costs nothing, unless the panel has named a charge.
        cost = CASE WHEN $23::text = 'not_bought' THEN COALESCE(p.cost, 0) ELSE p.cost END
    FROM won w
    WHERE (p.reference, p.integration_id) = (w.reference, w.integration_id)
    RETURNING p.order_id, p.cost
), noted AS (
    INSERT INTO orderwatch.events (order_id, at, kind, detail)
    SELECT order_id, $7::timestamptz, $15::text, jsonb_strip_nulls(jsonb_build_object(
               'who', $16::text, 'why', $17::text, 'what', $18::text,
               'from', $2::text, 'held', $3::text, 'to', $4::text,
               'reference', reference, 'integration', integration_id,
               'shop_row_left', CASE WHEN NOT $14::bool THEN true END))
    FROM won
), acted AS (
    INSERT INTO orderwatch.actions (at, who, what, target, why)
    SELECT $7::timestamptz, $16::text, $18::text, order_id::text, $17::text FROM won
), told AS MATERIALIZED (
    SELECT CASE
        -- A full queue of notices would fail the commit.
        WHEN pg_notification_queue_usage() >= 0.5 THEN NULL
        WHEN $4::text = 'queued' THEN pg_notify('orderwatch_new', '')
        WHEN $8::timestamptz IS NOT NULL AND $25::bool
            THEN pg_notify('orderwatch_settled', json_build_object(
                'order_id', w.order_id, 'tenant_id', w.tenant_id, 'stage', $4::text,
                'outcome', w.outcome, 'status', COALESCE(s.status, h.status))::text)
        END IS NULL AS quiet
    FROM won w LEFT JOIN held h ON true LEFT JOIN said s ON true
), announced AS (
    INSERT INTO orderwatch.notices (id, endpoint, order_id, tenant_id, body, created_at, due_at)
    SELECT n.id, n.endpoint, w.order_id, w.tenant_id, n.body, $7::timestamptz, $7::timestamptz
    FROM won w
    -- As the shop's row stands now, also where this step does not touch it.
    LEFT JOIN held h ON true
    LEFT JOIN said s ON true
    LEFT JOIN spent p ON true
    CROSS JOIN LATERAL orderwatch.notices_about(
        w.order_id, w.tenant_id, $4::text, w.outcome, COALESCE(s.status, h.status),
        COALESCE(s.external_status, h."externalStatus"), h."providerMessage", w.pin, w.reference,
        p.cost, $7::timestamptz,
        $19::text[], $20::uuid[]) AS n
    WHERE $8::timestamptz IS NOT NULL AND $25::bool
    ON CONFLICT (id) DO NOTHING
)
SELECT EXISTS (SELECT FROM won) AS "won!", NOT EXISTS (SELECT FROM free) AS "busy!",
       EXISTS (SELECT FROM told) AS "told!"
