-- Outcomes that the shop hears of, as one group: see record_shop.rs. Returns those that were written.
--
-- `won` carries everything that the parts after it need. Joining two lists of the statement's own
-- would compare each with each: the planner does not know how long they are.
WITH free AS MATERIALIZED (
    SELECT i.*, h.id IS NULL AS row_gone, h.status AS found_status,
           h.external_status AS found_external, h.package_id,
           -- A row that somebody has decided says so: only an end that agrees with it is written there.
           -- An answer on the way would make the shop's own poller take the order for open.
           orderwatch.is_open(h.status)
               OR i.finished_at IS NOT NULL AND i.kind IN ('completed', 'cancelled', 'refused') AS fits,
           h.id IS NULL AND i.finished_at IS NULL AND i.held_reason IS NULL
               -- Staff did not delete this one, so what may have been bought for it is watched on.
               AND NOT (l.lost AND i.stage IN ('submitted', 'unconfirmed')) AS ends,
           -- Read under the row's lock: what staff decide afterwards finds what is written here.
           CASE WHEN l.lost AND i.kind IN ('completed', 'timed_out') THEN 'row_lost'
                ELSE orderwatch.contradiction(h.status, h.external_status, h.row_pin,
                    i.external_status = 'done', i.kind IN ('cancelled', 'refused'), i.pin)
                END AS contradiction,
           CASE WHEN i.kind = 'timed_out' AND i.sent_at IS NULL AND i.may_resend THEN 'not_sent'
                -- This time it was not; before, it may have been.
                WHEN i.kind = 'not_sent' AND NOT i.may_resend THEN 'unsure'
                ELSE i.kind END AS outcome
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[],
        $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[],
        $10::bool[], $11::int[], $12::int[], $13::int[], $14::bool[], $15::text[],
        $16::timestamptz[], $17::text[], $18::jsonb[], $19::numeric[],
        $20::text[], $21::text[], $22::text[], $23::text[], $24::text[],
        $25::text[], $26::numeric[], $27::timestamptz[], $28::timestamptz[],
        $29::uuid[], $30::text[], $31::uuid[], $32::text[], $36::numeric[])
    AS i (order_id, token, stage, held_reason, due_at, dispatched_at, sent_at,
          give_up_at, finished_at, processing, attempts, errors, unknowns,
          may_resend, pin, at, kind, detail, cost,
          external_status, status, shop_pin, last_message, provider_message,
          note, shop_cost, shop_sent_at, completed_at,
          integration_id, reference, reroute_to, reroute_as, balance)
    LEFT JOIN LATERAL (
        SELECT o.id, o.status, o."externalStatus" AS external_status, o."pinCode" AS row_pin,
               o."packageId" AS package_id
        FROM public.product_orders o
        WHERE o.id = i.order_id FOR UPDATE SKIP LOCKED
    ) h ON true
    CROSS JOIN LATERAL (
        SELECT h.id IS NULL AND EXISTS (SELECT FROM orderwatch.orders t
                                        WHERE t.order_id = i.order_id AND t.row_lost) AS lost
    ) l
    WHERE h.id IS NOT NULL
       OR NOT EXISTS (SELECT FROM public.product_orders o WHERE o.id = i.order_id)
), won AS (
    UPDATE orderwatch.orders t
    SET stage = CASE WHEN f.ends THEN 'withdrawn'
                     WHEN f.contradiction IS NOT NULL THEN 'held' ELSE f.stage END,
        held_reason = COALESCE(f.held_reason, f.contradiction),
        due_at = CASE WHEN f.ends THEN NULL ELSE f.due_at END,
        lease_token = NULL, recorded_token = f.token,
        dispatched_at = f.dispatched_at, sent_at = f.sent_at,
        give_up_at = f.give_up_at,
        finished_at = CASE WHEN f.ends THEN f.at
                           WHEN f.contradiction IS NULL THEN f.finished_at END,
        outcome = CASE WHEN f.ends THEN 'withdrawn'
                       WHEN f.finished_at IS NOT NULL THEN f.outcome END,
        processing = f.processing, attempts = f.attempts, errors = f.errors,
        unknowns = f.unknowns, may_resend = f.may_resend,
        integration_id = COALESCE(f.reroute_to, t.integration_id),
        reference = COALESCE(f.reroute_as, t.reference),
        fell_back = t.fell_back OR f.reroute_to IS NOT NULL,
        pin = COALESCE(f.pin, t.pin),
        waited_at = CASE WHEN f.kind = 'processing' THEN f.at ELSE t.waited_at END
    FROM free f
    WHERE t.order_id = f.order_id AND t.lease_token = f.token
    RETURNING t.tenant_id, t.stage AS now_stage, t.finished_at AS ended_at, t.outcome AS now_outcome,
              t.pin AS kept_pin, f.*
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
        notes = CASE WHEN w.note IS NULL THEN o.notes
                     ELSE orderwatch.notes_of(o.notes) || orderwatch.note(w.note, w.at) END,
        "notesCount" = CASE WHEN w.note IS NULL THEN o."notesCount"
                            ELSE 1 + jsonb_array_length(orderwatch.notes_of(o.notes)) END
    FROM won w WHERE o.id = w.order_id AND w.contradiction IS NULL AND w.fits
    RETURNING o.id, o.status, o."externalStatus" AS external_status, o."providerMessage" AS message
), seen AS (
    UPDATE public.product_orders o SET "lastSyncAt" = w.at
    FROM won w WHERE o.id = w.order_id AND (w.contradiction IS NOT NULL OR NOT w.fits)
), waits AS (
    INSERT INTO orderwatch.unsettled (order_id, finished_at)
    SELECT w.order_id, w.ended_at FROM won w JOIN said s ON s.id = w.order_id
    WHERE w.ended_at IS NOT NULL AND orderwatch.is_open(s.status)
    ON CONFLICT (order_id) DO NOTHING
), delivered AS (
    SELECT w.integration_id, m.entry, bool_and(w.pin IS NOT NULL) AS coded, count(*)::int AS number
    FROM won w
    CROSS JOIN LATERAL (
        SELECT m.provider_package_id AS entry FROM public.package_mappings m
        WHERE m."tenantId" = w.tenant_id AND m.our_package_id = w.package_id::text
          AND m.provider_api_id = w.integration_id::text
        LIMIT 1
    ) m
    WHERE w.kind = 'completed'
    GROUP BY w.integration_id, m.entry
), learned AS (
    -- Written only while something is still to be learned: a busy product costs no write.
    INSERT INTO orderwatch.coded_products AS p (integration_id, entry, in_row)
    SELECT d.integration_id, d.entry, CASE WHEN d.coded THEN LEAST(d.number, $35::int) ELSE 0 END
    FROM delivered d
    LEFT JOIN orderwatch.coded_products known
        ON (known.integration_id, known.entry) = (d.integration_id, d.entry)
    WHERE CASE WHEN d.coded THEN COALESCE(known.in_row, 0) < $35::int ELSE known.in_row > 0 END
    ORDER BY d.integration_id, d.entry
    ON CONFLICT (integration_id, entry) DO UPDATE
        SET in_row = CASE WHEN EXCLUDED.in_row = 0 THEN 0
                          ELSE LEAST(p.in_row + EXCLUDED.in_row, $35::int) END
), spent AS (
    UPDATE orderwatch.purchases p
    SET outcome = w.outcome, recorded_at = w.at, cost = COALESCE(w.cost, p.cost),
        balance = COALESCE(w.balance, p.balance),
        answered_at = CASE WHEN COALESCE(w.cost, w.balance) IS NULL THEN p.answered_at
                           ELSE COALESCE(p.answered_at, w.at) END
    FROM won w
    CROSS JOIN LATERAL (
        SELECT b.cost FROM orderwatch.purchases b
        WHERE (b.reference, b.integration_id) = (w.reference, w.integration_id) OFFSET 0
    ) before
    WHERE (p.reference, p.integration_id) = (w.reference, w.integration_id)
    RETURNING p.order_id, p.cost, p.sold_for, w.at, before.cost IS NULL AND p.cost > p.sold_for AS at_a_loss
), lost AS (
    -- Once, when the panel has named its charge.
    INSERT INTO orderwatch.events (order_id, at, kind, detail)
    SELECT order_id, at, 'sold_at_a_loss', jsonb_build_object('cost', cost::text, 'sold_for', sold_for::text)
    FROM spent WHERE at_a_loss
), noted AS (
    INSERT INTO orderwatch.events (order_id, at, kind, detail)
    SELECT w.order_id, w.at, e.kind, e.detail
    FROM won w
    CROSS JOIN LATERAL (VALUES
        (1, w.kind, w.detail, w.contradiction IS NULL OR w.contradiction = 'row_lost'),
        (1, 'contradiction', jsonb_build_object(
                'shop', w.found_status, 'panel', w.outcome, 'evidence', w.detail),
            w.contradiction <> 'row_lost'),
        (2, 'held', jsonb_build_object('reason', COALESCE(w.held_reason, w.contradiction)),
            w.contradiction IS NOT NULL),
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
        w.order_id, w.tenant_id, w.now_stage, w.now_outcome,
        COALESCE(s.status, w.found_status), COALESCE(s.external_status, w.found_external), s.message,
        w.kept_pin, w.reference, p.cost, w.at,
        $33::text[], $34::uuid[]) AS n
    WHERE w.ended_at IS NOT NULL AND cardinality($33::text[]) > 0
    ON CONFLICT (id) DO NOTHING
)
SELECT w.order_id AS "order_id!", w.row_gone AS "row_gone!", w.found_status AS "found_status?",
       CASE WHEN w.contradiction IS NOT NULL
            THEN COALESCE(w.held_reason, w.contradiction) END AS held,
       -- Listeners hear of it with the commit, which a full queue of notices would fail: left out from the half on, as
       -- by the triggers on the applications' tables.
       CASE WHEN w.ended_at IS NOT NULL AND pg_notification_queue_usage() < 0.5 THEN pg_notify('orderwatch_settled', json_build_object(
           'order_id', w.order_id, 'tenant_id', w.tenant_id, 'stage', w.now_stage,
           'outcome', w.now_outcome, 'status', COALESCE(s.status, w.found_status))::text)
           END IS NOT NULL AS "told!"
FROM won w LEFT JOIN said s ON s.id = w.order_id
