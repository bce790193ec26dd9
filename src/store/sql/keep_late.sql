-- What an answer brought whose lease was lost: see record.rs.
WITH it AS MATERIALIZED (
    SELECT t.order_id,
           -- Nothing of it is under way, and nobody has decided about it.
           s.bought AND s.same_name
               AND (t.stage = 'queued' OR t.stage = 'held' AND t.held_reason = 'unconfirmed') AS goes_on,
           s.bought AND (NOT s.same_name
               OR COALESCE(t.outcome IN ('not_bought', 'refused', 'not_sent', 'withdrawn'), false)
               OR s.late_code) AS contradicts,
           s.late_code
    FROM orderwatch.orders t
    CROSS JOIN LATERAL (
        SELECT $3::bool AS bought, COALESCE((t.reference, t.integration_id) = ($4, $5), false) AS same_name,
               -- Delivered without a code, it was believed: the customer has none.
               t.stage = 'completed' AND t.pin IS NULL AND $2::text IS NOT NULL AS late_code
    ) s
    WHERE t.order_id = $1 FOR UPDATE OF t
), paid AS (
    -- The panel's word: a person may have said that nothing was bought. Of a purchase that was claimed anew since, the
    -- chain of balances knows when it was found.
    UPDATE orderwatch.purchases p
    SET cost = COALESCE($9, p.cost), balance = COALESCE($10, p.balance), answered_at = COALESCE(p.answered_at, $11)
    WHERE (p.reference, p.integration_id) = ($4, $5) AND p.order_id = $1 AND p.claimed_at = $12
      AND ($9::numeric IS NOT NULL OR $10::numeric IS NOT NULL)
)
UPDATE orderwatch.orders t
-- The first code stays: the customer may have it already.
SET pin = COALESCE(t.pin, $2),
    stage = CASE WHEN i.goes_on THEN 'submitted' ELSE t.stage END,
    held_reason = CASE WHEN NOT i.goes_on THEN t.held_reason END,
    due_at = CASE WHEN i.goes_on THEN $6::timestamptz ELSE t.due_at END,
    sent_at = CASE WHEN i.goes_on THEN COALESCE(t.sent_at, $7::timestamptz, $11::timestamptz) ELSE t.sent_at END,
    give_up_at = CASE WHEN i.goes_on THEN COALESCE($8::timestamptz, t.give_up_at) ELSE t.give_up_at END,
    may_resend = t.may_resend AND NOT i.goes_on
FROM it i WHERE t.order_id = i.order_id
RETURNING t.stage, i.goes_on AS "goes_on!", i.contradicts AS "contradicts!", i.late_code AS "late_code!"
