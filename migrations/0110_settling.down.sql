DROP FUNCTION orderwatch.contradiction(text, text, text, boolean, boolean, text);
DROP FUNCTION orderwatch.note(text, timestamptz);
DROP FUNCTION orderwatch.notes_of(jsonb);
DROP FUNCTION orderwatch.notices_about(uuid, uuid, text, text, text, text, text, text, text, numeric, timestamptz, text[], uuid[]);
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
DROP TABLE orderwatch.coded_products;
DROP TABLE orderwatch.unsettled;
ALTER TABLE orderwatch.orders DROP COLUMN outcome;
