-- Settling belongs to the shop: it is told what became of an order in words that it can act on, what it has
-- not settled is counted without a look at all that is final, and a code that goes missing is noticed.

ALTER TABLE orderwatch.orders ADD COLUMN outcome text;
COMMENT ON COLUMN orderwatch.orders.outcome IS 'How it ended, or what the panel said while it is held because staff had decided otherwise: completed, refused, cancelled, timed_out, not_sent (never left within the time limit), not_bought (says a person), kept_back (staff rejected it and keep the code), withdrawn. NULL: open, or ended before this column was there.';

-- Few where the shop settles: the sweep takes out what was settled since.
CREATE TABLE orderwatch.unsettled (
    order_id uuid PRIMARY KEY,
    finished_at timestamptz NOT NULL
);
COMMENT ON TABLE orderwatch.unsettled IS 'Orders that have ended and whose row the shop had not decided by then. Whether it has since, only the shop''s row says.';
CREATE INDEX unsettled_by_age ON orderwatch.unsettled (finished_at);

CREATE TABLE orderwatch.coded_products (
    integration_id uuid NOT NULL,
    entry text NOT NULL,
    in_row integer NOT NULL,
    PRIMARY KEY (integration_id, entry)
);
COMMENT ON TABLE orderwatch.coded_products IS 'Products of the panels that come with a code. One without a code is asked about again, and held, instead of completed in silence.';
COMMENT ON COLUMN orderwatch.coded_products.entry IS 'Id in the panel''s price list.';
COMMENT ON COLUMN orderwatch.coded_products.in_row IS 'Deliveries with a code since the last one without; counted up to what makes it sure.';

DO $$ BEGIN
    IF to_regclass('public.product_orders') IS NULL THEN RETURN; END IF;
    INSERT INTO orderwatch.unsettled (order_id, finished_at)
    SELECT t.order_id, t.finished_at
    FROM orderwatch.orders t JOIN public.product_orders o ON o.id = t.order_id
    WHERE t.finished_at > now() - interval '30 days' AND t.stage <> 'withdrawn'
      AND orderwatch.is_open(o.status);
END $$;

DROP FUNCTION orderwatch.notices_about(uuid, uuid, text, text, text, text, numeric, timestamptz, text[], uuid[]);
CREATE FUNCTION orderwatch.notices_about(
    settled_order uuid, settled_tenant uuid, stage text, outcome text, status text, external_status text,
    message text, pin text, reference text, cost numeric, settled_at timestamptz, endpoints text[], tenants uuid[])
RETURNS TABLE (id uuid, endpoint text, body jsonb) LANGUAGE sql STABLE AS $$
    SELECT left(encode(sha256(convert_to(
               concat_ws(' ', settled_order, e.name, stage), 'UTF8')), 'hex'), 32)::uuid,
           e.name,
           jsonb_build_object('type', 'order.settled',
               'timestamp', to_char(settled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
               'data', jsonb_build_object(
                   'order_id', settled_order, 'tenant_id', settled_tenant,
                   'stage', stage, 'outcome', outcome,
                   'status', status, 'external_status', external_status,
                   -- A panel may repeat the code in its words.
                   'provider_message', CASE WHEN COALESCE(pin, '') = '' THEN message
                                            ELSE replace(message, pin, '***') END,
                   'reference', reference, 'cost', cost::text,
                   'currency', CASE WHEN cost IS NOT NULL THEN 'TRY' END))
    FROM unnest(endpoints, tenants) AS e (name, tenant)
    WHERE COALESCE(e.tenant = settled_tenant, true)
$$;

-- What `notes` holds as a list, whatever is in it: NULL and {} are no note.
CREATE FUNCTION orderwatch.notes_of(notes jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN notes IS NULL OR notes IN ('null', '{}') THEN '[]'::jsonb
                WHEN jsonb_typeof(notes) = 'array' THEN notes
                ELSE jsonb_build_array(notes) END
$$;
CREATE FUNCTION orderwatch.note(said text, said_at timestamptz) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_array(jsonb_build_object('by', 'system', 'text', said,
        'at', to_char(said_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
$$;
COMMENT ON FUNCTION orderwatch.note IS 'A list of one note, as the shop writes them.';

-- Staff and the panel contradict each other: why the order is held, and its row left alone.
CREATE FUNCTION orderwatch.contradiction(
    status text, external_status text, row_pin text, delivered boolean, not_delivered boolean, pin text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN delivered AND (
            lower(status COLLATE "C") IN ('rejected', 'failed', 'cancelled', 'canceled', 'refunded')
            OR lower(external_status COLLATE "C") IN ('failed', 'rejected', 'cancelled', 'canceled')
            -- Another code than ours: it was delivered another way.
            -- The shop's own poller stores the panel's " - " as a code.
            OR pin IS NOT NULL AND row_pin !~ '^[\s-]*$' AND btrim(row_pin) <> btrim(pin))
            THEN 'decided_then_delivered'
        WHEN not_delivered AND lower(status COLLATE "C") IN ('approved', 'completed', 'done')
            THEN 'decided_then_cancelled'
        END
$$;
