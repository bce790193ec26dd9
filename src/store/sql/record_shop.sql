-- Outcomes that the shop hears of, as one group: see record_shop.rs. Returns those that were written.
--
-- `won` carries everything that the parts after it need. Joining two lists of the statement's own
-- would compare each with each: the planner does not know how long they are.
WITH free AS MATERIALIZED (
    SELECT i.*, h.id IS NULL AS row_gone, h.status AS found_status,
           h.id IS NULL AND i.finished_at IS NULL AND i.held_reason IS NULL AS ends
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[],
        $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[],
        $10::bool[], $11::int[], $12::int[], $13::int[], $14::bool[], $15::text[],
        $16::timestamptz[], $17::text[], $18::jsonb[], $19::numeric[],
        $20::text[], $21::text[], $22::text[], $23::text[], $24::text[],
        $25::text[], $26::numeric[], $27::timestamptz[], $28::timestamptz[],
        $29::uuid[], $30::text[], $31::uuid[], $32::text[])
    AS i (order_id, token, stage, held_reason, due_at, dispatched_at, sent_at,
          give_up_at, finished_at, processing, attempts, errors, unknowns,
          may_resend, pin, at, kind, detail, cost,
          external_status, status, shop_pin, last_message, provider_message,
          note, shop_cost, shop_sent_at, completed_at,
          integration_id, reference, reroute_to, reroute_as)
    LEFT JOIN LATERAL (
        SELECT o.id, o.status FROM public.product_orders o
        WHERE o.id = i.order_id FOR UPDATE SKIP LOCKED
    ) h ON true
    WHERE h.id IS NOT NULL
       OR NOT EXISTS (SELECT FROM public.product_orders o WHERE o.id = i.order_id)
), won AS (
    UPDATE orderwatch.orders t
    SET stage = CASE WHEN f.ends THEN 'withdrawn' ELSE f.stage END,
        held_reason = f.held_reason,
        due_at = CASE WHEN f.ends THEN NULL ELSE f.due_at END,
        lease_token = NULL, recorded_token = f.token,
        dispatched_at = f.dispatched_at, sent_at = f.sent_at,
        give_up_at = f.give_up_at,
        finished_at = CASE WHEN f.ends THEN f.at ELSE f.finished_at END,
        processing = f.processing, attempts = f.attempts, errors = f.errors,
        unknowns = f.unknowns, may_resend = f.may_resend,
        integration_id = COALESCE(f.reroute_to, t.integration_id),
        reference = COALESCE(f.reroute_as, t.reference),
        fell_back = t.fell_back OR f.reroute_to IS NOT NULL,
        pin = COALESCE(f.pin, t.pin)
    FROM free f
    WHERE t.order_id = f.order_id AND t.lease_token = f.token
    RETURNING t.tenant_id, f.*
), said AS (
    UPDATE public.product_orders o
    SET "externalStatus" = COALESCE(w.external_status, o."externalStatus"),
        status = CASE WHEN orderwatch.is_open(o.status)
                      THEN COALESCE(w.status, o.status) ELSE o.status END,
        "pinCode" = COALESCE(w.shop_pin, o."pinCode"),
        "lastMessage" = COALESCE(w.last_message, o."lastMessage"),
        "providerMessage" = COALESCE(w.provider_message, o."providerMessage"),
        "costAmount" = COALESCE(w.shop_cost, o."costAmount"),
        "costCurrency" = CASE WHEN w.shop_cost IS NULL
                              THEN o."costCurrency" ELSE 'TRY' END,
        "sentAt" = COALESCE(o."sentAt", w.shop_sent_at),
        "lastSyncAt" = w.at,
        "completedAt" = COALESCE(o."completedAt", w.completed_at),
        "durationMs" = CASE WHEN w.completed_at IS NULL THEN o."durationMs"
            ELSE LEAST(2147483647, GREATEST(0, 1000 * EXTRACT(EPOCH FROM
                w.completed_at - COALESCE(o."sentAt", w.shop_sent_at))))::int END,
        notes = CASE WHEN w.note IS NULL THEN o.notes ELSE
            CASE jsonb_typeof(o.notes) WHEN 'array' THEN o.notes
                 WHEN 'null' THEN '[]' ELSE jsonb_build_array(o.notes) END
            || jsonb_build_array(jsonb_build_object('by', 'system', 'text', w.note,
                'at', to_char(w.at AT TIME ZONE 'UTC',
                              'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))) END,
        "notesCount" = CASE WHEN w.note IS NULL THEN o."notesCount" ELSE
            1 + CASE jsonb_typeof(o.notes) WHEN 'array'
                     THEN jsonb_array_length(o.notes)
                     WHEN 'null' THEN 0 ELSE 1 END END
    FROM won w WHERE o.id = w.order_id
    RETURNING o.id, o.status, o."externalStatus" AS external_status
), spent AS (
    UPDATE orderwatch.purchases p
    SET outcome = w.kind, recorded_at = w.at, cost = COALESCE(w.cost, p.cost)
    FROM won w
    WHERE (p.reference, p.integration_id) = (w.reference, w.integration_id)
    RETURNING p.order_id, p.cost
), noted AS (
    INSERT INTO orderwatch.events (order_id, at, kind, detail)
    SELECT w.order_id, w.at, e.kind, e.detail
    FROM won w
    CROSS JOIN LATERAL (VALUES
        (1, w.kind, w.detail, true),
        (2, 'contradiction', jsonb_build_object(
                'shop', w.found_status, 'panel', w.status),
            NOT orderwatch.is_open(w.found_status) AND w.found_status <> w.status),
        (3, 'withdrawn', jsonb_build_object('why', 'row_gone'), w.ends)
    ) AS e (place, kind, detail, happened)
    WHERE e.happened ORDER BY w.order_id, e.place
), announced AS (
    -- The id is a function of what is told, so the same notice is written once.
    INSERT INTO orderwatch.notices (id, endpoint, order_id, tenant_id, body, created_at, due_at)
    SELECT n.id, n.endpoint, w.order_id, w.tenant_id, n.body, w.at, w.at
    FROM won w
    LEFT JOIN said s ON s.id = w.order_id
    LEFT JOIN spent p ON p.order_id = w.order_id
    CROSS JOIN LATERAL orderwatch.notices_about(
        w.order_id, w.tenant_id, w.stage, s.status, s.external_status, w.reference, p.cost, w.at,
        $33::text[], $34::uuid[]) AS n
    WHERE w.finished_at IS NOT NULL AND cardinality($33::text[]) > 0
    ON CONFLICT (id) DO NOTHING
)
SELECT w.order_id AS "order_id!", w.row_gone AS "row_gone!",
       CASE WHEN NOT orderwatch.is_open(w.found_status) AND w.found_status <> w.status
            THEN w.found_status END AS contradicts,
       -- Listeners hear of it with the commit.
       CASE WHEN w.finished_at IS NOT NULL THEN pg_notify('orderwatch_settled', json_build_object(
           'order_id', w.order_id, 'tenant_id', w.tenant_id, 'status', w.stage)::text)
           END IS NOT NULL AS "told!"
FROM won w
