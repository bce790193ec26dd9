-- One step of a person: see people.rs.
WITH held AS MATERIALIZED (
    SELECT o.id, o.status, o."providerId", o."externalOrderId", o."externalStatus",
           o.provider_referans
    FROM public.product_orders o WHERE o.id = $1 FOR UPDATE SKIP LOCKED
), free AS (
    SELECT h.* FROM (VALUES (true)) AS one LEFT JOIN held h ON true
    WHERE h.id IS NOT NULL
       OR NOT EXISTS (SELECT FROM public.product_orders o WHERE o.id = $1)
), ours AS MATERIALIZED (
    SELECT t.order_id, t.tenant_id, t.integration_id, t.reference
    FROM orderwatch.orders t CROSS JOIN free f
    WHERE t.order_id = $1 AND t.stage = $2::text AND t.held_reason IS NOT DISTINCT FROM $3::text
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
        attempts = 0, errors = 0, unknowns = 0
    FROM ours o
    WHERE t.order_id = o.order_id AND t.stage = $2::text AND t.held_reason IS NOT DISTINCT FROM $3::text
    RETURNING t.order_id, t.tenant_id, t.integration_id, t.reference, t.sent_at,
              o.integration_id AS was_at
), said AS (
    UPDATE public.product_orders o
    SET "externalStatus" = COALESCE($11::text, o."externalStatus"),
        "lastMessage" = $12::text, "lastSyncAt" = $7::timestamptz,
        "sentAt" = CASE WHEN $4::text = 'submitted' THEN COALESCE(o."sentAt", w.sent_at)
                        ELSE o."sentAt" END,
        -- An earlier claim wrote its panel here; the order goes to another one now.
        "providerId" = CASE WHEN $4::text = 'queued' AND o."providerId" = COALESCE(w.was_at::text, o."providerId")
                            THEN w.integration_id::text ELSE o."providerId" END,
        provider_referans = CASE WHEN $4::text = 'queued' AND orderwatch.given_reference(
                                          o.provider_referans, o."externalOrderId") IS NOT NULL
                                 THEN w.reference ELSE o.provider_referans END,
        notes = CASE jsonb_typeof(o.notes) WHEN 'array' THEN o.notes
                     WHEN 'null' THEN '[]' ELSE jsonb_build_array(o.notes) END
            || jsonb_build_array(jsonb_build_object('by', 'system', 'text', $13::text,
                'at', to_char($7::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))),
        "notesCount" = 1 + CASE jsonb_typeof(o.notes)
            WHEN 'array' THEN jsonb_array_length(o.notes) WHEN 'null' THEN 0 ELSE 1 END
    FROM won w WHERE o.id = w.order_id AND $14::bool
    RETURNING o.id, o.status, o."externalStatus" AS external_status
), spent AS (
    UPDATE orderwatch.purchases p
    SET outcome = $15::text, recorded_at = $7::timestamptz,
        -- What was not bought costs nothing, unless the panel has named a charge.
        cost = CASE WHEN $4::text = 'failed' THEN COALESCE(p.cost, 0) ELSE p.cost END
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
        WHEN $4::text = 'queued' THEN pg_notify('orderwatch_new', '')
        WHEN $8::timestamptz IS NOT NULL THEN pg_notify('orderwatch_settled', json_build_object(
            'order_id', order_id, 'tenant_id', tenant_id, 'status', $4::text)::text)
        END IS NULL AS quiet
    FROM won
), announced AS (
    INSERT INTO orderwatch.notices (id, endpoint, order_id, tenant_id, body, created_at, due_at)
    SELECT n.id, n.endpoint, w.order_id, w.tenant_id, n.body, $7::timestamptz, $7::timestamptz
    FROM won w
    -- As the shop's row stands now, also where this step does not touch it.
    LEFT JOIN held h ON true
    LEFT JOIN said s ON true
    LEFT JOIN spent p ON true
    CROSS JOIN LATERAL orderwatch.notices_about(
        w.order_id, w.tenant_id, $4::text, COALESCE(s.status, h.status),
        COALESCE(s.external_status, h."externalStatus"), w.reference, p.cost, $7::timestamptz,
        $19::text[], $20::uuid[]) AS n
    WHERE $8::timestamptz IS NOT NULL
    ON CONFLICT (id) DO NOTHING
)
SELECT EXISTS (SELECT FROM won) AS "won!", NOT EXISTS (SELECT FROM free) AS "busy!",
       EXISTS (SELECT FROM told) AS "told!"
