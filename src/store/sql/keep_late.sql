-- What an answer brought whose lease was lost: see record.rs.
WITH it AS MATERIALIZED (
    SELECT t.order_id, t.stage,
           -- Nobody has decided about it. Where another claim of the same purchase is under way, its answer comes late
           -- from now on: that may be a refusal for want of the money that this one took.
           s.bought AND s.same_name
               AND (t.stage IN ('queued', 'dispatching', 'unconfirmed')
                    OR t.stage = 'held' AND t.held_reason = ANY($13)) AS goes_on,
           s.bought AND (NOT s.same_name OR t.stage = 'withdrawn'
               OR COALESCE(t.outcome IN ('not_bought', 'refused', 'not_sent'), false)) AS contradicts,
           -- Delivered without a code, it was believed: the customer has none.
           s.same_name AND t.stage = 'completed' AND t.pin IS NULL AND $2::text IS NOT NULL AS late_code
    FROM orderwatch.orders t
    CROSS JOIN LATERAL (
        SELECT $3::bool AS bought, COALESCE((t.reference, t.integration_id) = ($4, $5), false) AS same_name
    ) s
    WHERE t.order_id = $1 FOR UPDATE OF t
), shop_row AS MATERIALIZED (
    SELECT o.id, o.status, o."externalStatus", o."pinCode"
    FROM it JOIN public.product_orders o ON o.id = it.order_id
    WHERE it.late_code AND $15::bool FOR UPDATE OF o SKIP LOCKED
), wait AS MATERIALIZED (
    -- Somebody holds the shop's row right now: all of it is tried again.
    SELECT it.late_code AND $15 AND NOT EXISTS (SELECT FROM shop_row)
           AND EXISTS (SELECT FROM public.product_orders o WHERE o.id = it.order_id) AS busy
    FROM it
), given AS (
    UPDATE public.product_orders o SET "pinCode" = $2::text, "lastSyncAt" = $11
    FROM shop_row r
    WHERE o.id = r.id AND (r."pinCode" IS NULL OR r."pinCode" ~ '^[\s-]*$') AND length($2::text) <= $14
      AND orderwatch.contradiction(r.status, r."externalStatus", r."pinCode", true, false, $2::text) IS NULL
    RETURNING o.id
), paid AS (
    -- The panel's word: a person may have said that nothing was bought. Of a purchase that was claimed anew since, the
    -- chain of balances knows when it was found.
    UPDATE orderwatch.purchases p
    SET cost = COALESCE($9, p.cost),
        balance = CASE WHEN p.claimed_at = $12 THEN COALESCE($10, p.balance) ELSE p.balance END,
        answered_at = CASE WHEN p.claimed_at = $12 THEN COALESCE(p.answered_at, $11) ELSE p.answered_at END
    FROM wait
    WHERE NOT wait.busy AND (p.reference, p.integration_id) = ($4, $5) AND p.order_id = $1
      AND ($9::numeric IS NOT NULL OR $10::numeric IS NOT NULL)
), kept AS (
    UPDATE orderwatch.orders t
    -- The first code stays: the customer may have it already.
    SET pin = COALESCE(t.pin, $2),
        stage = CASE WHEN i.goes_on THEN 'submitted' ELSE t.stage END,
        held_reason = CASE WHEN NOT i.goes_on THEN t.held_reason END,
        due_at = CASE WHEN i.goes_on THEN $6::timestamptz ELSE t.due_at END,
        lease_token = CASE WHEN NOT i.goes_on THEN t.lease_token END,
        sent_at = CASE WHEN i.goes_on THEN COALESCE(t.sent_at, $7::timestamptz, $11::timestamptz) ELSE t.sent_at END,
        give_up_at = CASE WHEN i.goes_on THEN COALESCE($8::timestamptz, t.give_up_at) ELSE t.give_up_at END,
        attempts = CASE WHEN i.goes_on THEN 0 ELSE t.attempts END,
        errors = CASE WHEN i.goes_on THEN 0 ELSE t.errors END,
        unknowns = CASE WHEN i.goes_on THEN 0 ELSE t.unknowns END,
        may_resend = t.may_resend AND NOT i.goes_on
    FROM it i CROSS JOIN wait
    WHERE t.order_id = i.order_id AND NOT wait.busy
)
SELECT CASE WHEN i.goes_on THEN 'submitted' ELSE i.stage END AS "stage!", i.goes_on AS "goes_on!",
       i.contradicts OR i.late_code AND NOT g.given AS "contradicts!", g.given AS "code_given!", wait.busy AS "busy!"
FROM it i CROSS JOIN wait CROSS JOIN (SELECT EXISTS (SELECT FROM given) AS given) g
