-- Orders that are open or held, by panel and group; each part is read from its own partial index.
-- The orders that the panels are asked about are many, and are counted without a look at their rows;
-- `unsure` are those of them that are not submitted. See overview.rs.
SELECT integration_id, 'watched' AS "part!", NULL AS reason, count(*) AS "orders!",
       count(*) FILTER (WHERE due_at <= $1) AS "due!",
       count(*) FILTER (WHERE due_at < $2) AS "late!",
       min(due_at) FILTER (WHERE due_at <= $1) AS since
FROM orderwatch.orders
WHERE stage IN ('dispatching', 'submitted', 'unconfirmed') AND due_at IS NOT NULL
GROUP BY integration_id
UNION ALL
SELECT integration_id, stage, NULL, count(*), 0, 0, min(dispatched_at)
FROM orderwatch.orders
WHERE stage IN ('dispatching', 'unconfirmed')
GROUP BY integration_id, stage
UNION ALL
SELECT integration_id, 'queued', NULL, count(*),
       count(*) FILTER (WHERE due_at <= $1),
       count(*) FILTER (WHERE due_at < $2 OR give_up_at < $1),
       min(due_at) FILTER (WHERE due_at <= $1)
FROM orderwatch.orders
WHERE stage = 'queued' AND due_at IS NOT NULL
GROUP BY integration_id
UNION ALL
SELECT integration_id, 'parked', NULL, count(*), 0, count(*) FILTER (WHERE give_up_at < $1), NULL
FROM orderwatch.orders
WHERE stage = 'submitted' AND due_at IS NULL
GROUP BY integration_id
UNION ALL
SELECT integration_id, 'held', held_reason, count(*), 0, 0, min(tracked_at)
FROM orderwatch.orders
WHERE stage = 'held'
GROUP BY integration_id, held_reason
