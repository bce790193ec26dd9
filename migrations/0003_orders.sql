-- What orderwatch knows about an order that it sends or watches. The shop's hot table hears of real
-- changes only; everything that moves with every check lives here.
CREATE TABLE orderwatch.orders (
    order_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    integration_id uuid,
    reference text,
    stage text NOT NULL CHECK (
        stage IN ('queued', 'dispatching', 'submitted', 'unconfirmed', 'held', 'completed', 'failed',
        'timed_out', 'withdrawn')),
    held_reason text,
    due_at timestamptz,
    lease_token uuid,
    recorded_token uuid,
    tracked_at timestamptz NOT NULL,
    dispatched_at timestamptz,
    sent_at timestamptz,
    give_up_at timestamptz,
    finished_at timestamptz,
    processing boolean NOT NULL DEFAULT false,
    attempts integer NOT NULL DEFAULT 0,
    errors integer NOT NULL DEFAULT 0,
    unknowns integer NOT NULL DEFAULT 0,
    may_resend boolean NOT NULL DEFAULT true,
    pin text,
    fell_back boolean NOT NULL DEFAULT false,
    outcome text,
    CONSTRAINT final_has_a_time CHECK (
        (stage IN ('completed', 'failed', 'timed_out', 'withdrawn')) = (finished_at IS NOT NULL)),
    CONSTRAINT held_has_a_reason CHECK ((stage = 'held') = (held_reason IS NOT NULL)),
    CONSTRAINT nothing_final_is_due CHECK (
        due_at IS NULL OR stage IN ('queued', 'dispatching', 'submitted', 'unconfirmed')),
    CONSTRAINT panel_work_has_a_name CHECK (
        stage NOT IN ('queued', 'dispatching', 'submitted', 'unconfirmed') OR integration_id IS NOT NULL AND
        reference IS NOT NULL)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE orderwatch.orders IS 'One row per order of the shop that is sent, watched or held.';
COMMENT ON COLUMN orderwatch.orders.order_id IS 'public.product_orders.id; no foreign key, the shop may delete its row.';
COMMENT ON COLUMN orderwatch.orders.integration_id IS 'public.integrations.id; NULL while held without a panel.';
COMMENT ON COLUMN orderwatch.orders.reference IS 'Our number for the purchase at the panel; NULL while held before one was given.';
COMMENT ON COLUMN orderwatch.orders.due_at IS 'When it may be claimed next; while claimed, when the lease ends. NULL: nobody looks at it by itself (held, final, or left to the sweeper).';
COMMENT ON COLUMN orderwatch.orders.lease_token IS 'Who has it claimed; NULL when nobody has. Every outcome must name it.';
COMMENT ON COLUMN orderwatch.orders.recorded_token IS 'The claim whose outcome was written last, to tell a lost commit answer from a lost lease.';
COMMENT ON COLUMN orderwatch.orders.dispatched_at IS 'When it was claimed for sending; the purchase did not happen before. NULL: not yet, or surely not sent.';
COMMENT ON COLUMN orderwatch.orders.sent_at IS 'When the panel accepted it.';
COMMENT ON COLUMN orderwatch.orders.give_up_at IS 'When waiting ends; data, so that every reader agrees.';
COMMENT ON COLUMN orderwatch.orders.processing IS 'The panel has said that it is working on it.';
COMMENT ON COLUMN orderwatch.orders.attempts IS 'Checks without progress.';
COMMENT ON COLUMN orderwatch.orders.errors IS 'Failures in a row: panel not reached, or an answer that says nothing.';
COMMENT ON COLUMN orderwatch.orders.unknowns IS 'How often the panel said that it does not know the reference while unconfirmed.';
COMMENT ON COLUMN orderwatch.orders.may_resend IS 'False once it was sent a second time, or once the panel knew it.';
COMMENT ON COLUMN orderwatch.orders.pin IS 'The whole code, also where it does not fit into the shop''s column.';
COMMENT ON COLUMN orderwatch.orders.fell_back IS 'The first panel refused it and it went to the fallback panel; it goes there once.';
COMMENT ON COLUMN orderwatch.orders.outcome IS 'How it ended, or what the panel said while it is held because staff had decided otherwise: completed, refused, cancelled, timed_out, not_sent (never left within the time limit), not_bought (says a person), kept_back (staff rejected it and keep the code), withdrawn. NULL: open.';

-- What ended today, by its ending, without a look at the rows.
CREATE INDEX orders_ended ON orderwatch.orders (finished_at, order_id) INCLUDE (stage)
    WHERE finished_at IS NOT NULL;

-- People: what waits for them.
CREATE INDEX orders_held ON orderwatch.orders (tracked_at)
    WHERE stage = 'held';

-- The page's inbox: what waits for a person, or may have been bought, longest waiting first.
CREATE INDEX orders_inbox ON orderwatch.orders (tracked_at, order_id)
    WHERE stage IN ('held', 'unconfirmed');

-- People page through the orders by the time since when they are tracked.
CREATE INDEX orders_listed ON orderwatch.orders (tracked_at, order_id);

-- Late orders are looked for among those that are open, however many are final.
CREATE INDEX orders_open ON orderwatch.orders (tracked_at, order_id)
    WHERE stage IN ('queued', 'dispatching', 'submitted', 'unconfirmed');

-- The sweeper: what nobody looks at by itself, oldest limit first.
CREATE INDEX orders_parked ON orderwatch.orders (give_up_at)
    WHERE stage = 'submitted' AND due_at IS NULL;

-- Claims of the poller and of the dispatcher: one short range per integration.
CREATE INDEX orders_to_check ON orderwatch.orders (integration_id, due_at)
    WHERE stage IN ('dispatching', 'submitted', 'unconfirmed') AND due_at IS NOT NULL;
CREATE INDEX orders_to_send ON orderwatch.orders (integration_id, due_at)
    WHERE stage = 'queued' AND due_at IS NOT NULL;

-- Orders that may or may not have been bought: few, and every look at the whole counts them.
CREATE INDEX orders_unsure ON orderwatch.orders (integration_id, stage)
    WHERE stage IN ('dispatching', 'unconfirmed');

-- Every name that was ever given to a purchase, and what the panel charged: the spend ledger.
CREATE TABLE orderwatch.purchases (
    reference text NOT NULL,
    integration_id uuid NOT NULL,
    order_id uuid NOT NULL,
    round smallint NOT NULL DEFAULT 0,
    claimed_at timestamptz NOT NULL,
    outcome text,
    cost numeric,
    recorded_at timestamptz,
    expected numeric,
    player_fields text,
    PRIMARY KEY (reference, integration_id)
);
COMMENT ON TABLE orderwatch.purchases IS 'One row per reference given to a panel: names are never given twice.';
COMMENT ON COLUMN orderwatch.purchases.round IS 'Round of the reference''s derivation; above 0 after a collision.';
COMMENT ON COLUMN orderwatch.purchases.outcome IS 'The last event of this purchase that the shop heard of; NULL before the first.';
COMMENT ON COLUMN orderwatch.purchases.cost IS 'What the panel charged, in TRY; NULL when nothing or not known.';
COMMENT ON COLUMN orderwatch.purchases.recorded_at IS 'When the outcome was recorded.';
COMMENT ON COLUMN orderwatch.purchases.expected IS 'Its price in the panel''s list when it was claimed, in TRY; counts as spent until the charge is known.';
COMMENT ON COLUMN orderwatch.purchases.player_fields IS 'The rule that filled its player fields; NULL for purchases of the shop and of before.';
CREATE INDEX purchases_of_order ON orderwatch.purchases (order_id);
CREATE INDEX purchases_spent ON orderwatch.purchases (integration_id, claimed_at);

-- The timeline of every order.
CREATE TABLE orderwatch.events (
    order_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'::jsonb,
    PRIMARY KEY (order_id, id)
);
COMMENT ON TABLE orderwatch.events IS 'Every step of an order, with the panel''s answer as evidence; no secret, codes masked.';

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

-- Rows of ours that somebody else wrote over: each is an order that may have been bought twice.
CREATE TABLE orderwatch.overwritten (
    order_id uuid NOT NULL,
    integration_id uuid NOT NULL,
    reference text NOT NULL,
    found_reference text NOT NULL,
    found_provider text NOT NULL,
    claimed_at timestamptz NOT NULL,
    noticed_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, found_reference, found_provider)
);
COMMENT ON TABLE orderwatch.overwritten IS 'Orders sent by orderwatch whose row names a reference or a panel that orderwatch did not write: evidence of a second dispatcher.';
COMMENT ON COLUMN orderwatch.overwritten.integration_id IS 'Where orderwatch bought it, and where buying pauses.';
COMMENT ON COLUMN orderwatch.overwritten.reference IS 'Our number for the purchase.';
COMMENT ON COLUMN orderwatch.overwritten.found_reference IS 'provider_referans as it was found; empty when there was none.';
COMMENT ON COLUMN orderwatch.overwritten.found_provider IS '"providerId" as it was found; empty when there was none.';
COMMENT ON COLUMN orderwatch.overwritten.claimed_at IS 'When orderwatch sent it. What was sent before a person last resumed buying pauses nothing again.';
CREATE INDEX overwritten_noticed ON orderwatch.overwritten (noticed_at);

-- Money that left an account and that no purchase of ours explains.
CREATE TABLE orderwatch.unexplained (
    integration_id uuid NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    amount numeric NOT NULL,
    PRIMARY KEY (integration_id, until)
);
COMMENT ON TABLE orderwatch.unexplained IS 'Falls of a panel''s balance between two readings that orderwatch''s own purchases do not explain, in TRY.';

-- Whether a product's player fields reach the right account is known only from a real order.
CREATE TABLE orderwatch.player_fields (
    integration_id uuid NOT NULL,
    package_id uuid NOT NULL,
    fields text NOT NULL,
    sold_at timestamptz NOT NULL,
    confirmed_order uuid,
    confirmed_by text,
    confirmed_at timestamptz,
    CONSTRAINT a_confirmation_is_signed CHECK (
        (confirmed_at IS NULL) = (confirmed_by IS NULL) AND (confirmed_at IS NULL) = (confirmed_order IS
        NULL)),
    PRIMARY KEY (integration_id, package_id, fields)
);
COMMENT ON TABLE orderwatch.player_fields IS 'Products that were sold, by the rule that filled their player fields, and the order by which a person has confirmed it.';
COMMENT ON COLUMN orderwatch.player_fields.package_id IS 'public.product_packages.id.';
COMMENT ON COLUMN orderwatch.player_fields.fields IS 'As in znet.player_fields; another rule needs another confirmation.';
COMMENT ON COLUMN orderwatch.player_fields.sold_at IS 'When it was first sold so.';
COMMENT ON COLUMN orderwatch.player_fields.confirmed_order IS 'The order whose customer got the goods.';

-- What would have been bought, in shadow mode.
CREATE TABLE orderwatch.shadow (
    order_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    integration_id uuid,
    reference text,
    at timestamptz NOT NULL,
    oyun text,
    kupur text,
    expected numeric,
    held_reason text
);
COMMENT ON TABLE orderwatch.shadow IS 'Orders that would have been sent, or held, were dispatch.mode "live".';

-- By which what shadow mode wrote down is listed page by page.
CREATE INDEX shadow_listed ON orderwatch.shadow (at, order_id);

-- How far the retention job has come, so that a pass looks at what has grown old since the last one only.
CREATE TABLE orderwatch.pruned (
    what text PRIMARY KEY,
    until timestamptz NOT NULL
);
COMMENT ON COLUMN orderwatch.pruned.what IS '"events": those of orders that ended before `until` are gone.';

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
CREATE INDEX notices_by_age ON orderwatch.notices (created_at);
CREATE INDEX notices_due ON orderwatch.notices (endpoint, due_at)
    WHERE due_at IS NOT NULL;
CREATE INDEX notices_given_up ON orderwatch.notices (given_up_at)
    WHERE given_up_at IS NOT NULL;

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
