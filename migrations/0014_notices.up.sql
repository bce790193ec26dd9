-- Settlement notices to the addresses of [[notify.webhook]]: written with the settlement itself, so
-- that none is lost, and delivered later, so that none holds an order up.
CREATE TABLE orderwatch.notices (
    id uuid PRIMARY KEY,
    endpoint text NOT NULL,
    order_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    due_at timestamptz,
    lease_token uuid,
    attempts integer NOT NULL DEFAULT 0,
    delivered_at timestamptz,
    given_up_at timestamptz,
    last_error text,
    CONSTRAINT delivered_or_given_up CHECK (delivered_at IS NULL OR given_up_at IS NULL),
    CONSTRAINT only_open_notices_are_due CHECK (
        (due_at IS NULL) = (delivered_at IS NOT NULL OR given_up_at IS NOT NULL))
);
COMMENT ON TABLE orderwatch.notices IS 'One row per settled order and address that is to hear of it; never with a code.';
COMMENT ON COLUMN orderwatch.notices.id IS 'A function of order, endpoint and outcome, and the webhook-id: the same notice is written, and acted on, once.';
COMMENT ON COLUMN orderwatch.notices.endpoint IS 'Name of the address in the configuration. One that is no longer configured keeps its notices waiting.';
COMMENT ON COLUMN orderwatch.notices.due_at IS 'When it is tried next; while claimed, when the lease ends. NULL: delivered or given up.';
COMMENT ON COLUMN orderwatch.notices.attempts IS 'Deliveries that were tried and answered or timed out.';
COMMENT ON COLUMN orderwatch.notices.last_error IS 'Why the last try failed, without address or secret.';
CREATE INDEX notices_due ON orderwatch.notices (endpoint, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX notices_by_age ON orderwatch.notices (created_at);

-- What is said of a settlement, and to whom: the same wherever an order is settled.
CREATE FUNCTION orderwatch.notices_about(
    settled_order uuid, settled_tenant uuid, stage text, status text, external_status text,
    reference text, cost numeric, settled_at timestamptz, endpoints text[], tenants uuid[])
RETURNS TABLE (id uuid, endpoint text, body jsonb) LANGUAGE sql STABLE AS $$
    SELECT left(encode(sha256(convert_to(
               concat_ws(' ', settled_order, e.name, stage), 'UTF8')), 'hex'), 32)::uuid,
           e.name,
           jsonb_build_object('type', 'order.settled',
               'timestamp', to_char(settled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
               'data', jsonb_build_object(
                   'order_id', settled_order, 'tenant_id', settled_tenant, 'stage', stage,
                   'status', status, 'external_status', external_status,
                   'reference', reference, 'cost', cost::text))
    FROM unnest(endpoints, tenants) AS e (name, tenant)
    WHERE COALESCE(e.tenant = settled_tenant, true)
$$;
