-- What left an account between two readings, less what we bought: see second_dispatcher.rs.
--
-- Only readings between which nothing is open are compared: a purchase that was under way when the
-- panel was asked may or may not be in its answer.
WITH before AS MATERIALIZED (
    SELECT mark, mark_at FROM orderwatch.panels WHERE integration_id = $1
), busy AS MATERIALIZED (
    SELECT EXISTS (
        SELECT FROM orderwatch.purchases p
        JOIN orderwatch.orders t ON t.order_id = p.order_id
        WHERE p.integration_id = $1 AND p.claimed_at > $3::timestamptz - interval '10 min'
          AND (t.stage IN ('dispatching', 'unconfirmed')
               OR p.recorded_at IS NULL OR p.recorded_at >= $3)
    ) AS is
), ours AS MATERIALIZED (
    -- An order that was found at the panel again, its claim or the answer to it lost, names no charge: it cost what
    -- the list says. Left out, one of them would hide all that was taken besides.
    SELECT COALESCE(sum(c.cost), 0) AS spent, COALESCE(bool_or(c.cost IS NULL), false) AS unknown
    FROM before b
    JOIN orderwatch.purchases p
      ON p.integration_id = $1 AND p.claimed_at <= $3
     -- A claim that was being written when the panel was asked is older than its own row. One
     -- counted twice hides a little; one left out would be a false alarm.
     AND p.claimed_at > b.mark_at - interval '30 s'
    CROSS JOIN LATERAL (
        SELECT CASE WHEN p.outcome IN ('refused', 'fell_back', 'not_sent') THEN COALESCE(p.cost, 0)
                    ELSE COALESCE(p.cost, p.expected) END AS cost
    ) c
), marked AS (
    UPDATE orderwatch.panels p SET mark = $2, mark_at = $3
    FROM busy
    WHERE p.integration_id = $1 AND NOT busy.is AND COALESCE(p.mark_at < $3, true)
    RETURNING p.integration_id
)
INSERT INTO orderwatch.unexplained (integration_id, since, until, amount)
SELECT m.integration_id, b.mark_at, $3, b.mark - $2 - o.spent
FROM marked m CROSS JOIN before b CROSS JOIN ours o
WHERE b.mark IS NOT NULL AND NOT o.unknown AND b.mark - $2 - o.spent > $4
ON CONFLICT DO NOTHING
RETURNING amount
