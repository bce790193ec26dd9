-- Due orders of some panels, claimed: see check.rs.
WITH due AS MATERIALIZED (
    SELECT d.order_id, d.stage, d.due_at
    FROM unnest($1::uuid[], $2::bigint[]) AS p (id, free)
    CROSS JOIN LATERAL (
        SELECT t.order_id, t.stage, t.due_at FROM orderwatch.orders t
        WHERE t.integration_id = p.id AND t.due_at <= $4
          AND t.stage IN ('dispatching', 'submitted', 'unconfirmed')
        ORDER BY t.due_at LIMIT p.free
        FOR UPDATE SKIP LOCKED
    ) d
), expired AS (
    INSERT INTO orderwatch.events (order_id, at, kind)
    SELECT order_id, $4, 'lease_expired' FROM due WHERE stage = 'dispatching'
)
UPDATE orderwatch.orders t
SET due_at = $5, lease_token = $3,
    stage = CASE WHEN t.stage = 'dispatching' THEN 'unconfirmed' ELSE t.stage END
FROM due d WHERE t.order_id = d.order_id
RETURNING t.order_id, t.tenant_id, t.integration_id, t.reference, t.stage,
          t.held_reason, d.due_at, t.tracked_at, t.dispatched_at, t.sent_at,
          t.give_up_at, t.finished_at, t.processing, t.attempts, t.errors,
          t.unknowns, t.may_resend, t.package_id, t.waited_at, t.answer
