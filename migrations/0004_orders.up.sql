-- What orderwatch knows about an order that it sends or watches. The shop's hot table hears of real
-- changes only; everything that moves with every check lives here.
CREATE TABLE orderwatch.orders (
    order_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    integration_id uuid,
    reference text,
    stage text NOT NULL CHECK (stage IN (
        'queued', 'dispatching', 'submitted', 'unconfirmed', 'held',
        'completed', 'failed', 'timed_out', 'withdrawn')),
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
    CONSTRAINT held_has_a_reason CHECK ((stage = 'held') = (held_reason IS NOT NULL)),
    CONSTRAINT final_has_a_time CHECK (
        (stage IN ('completed', 'failed', 'timed_out', 'withdrawn')) = (finished_at IS NOT NULL)),
    CONSTRAINT nothing_final_is_due CHECK (
        due_at IS NULL OR stage IN ('queued', 'dispatching', 'submitted', 'unconfirmed')),
    CONSTRAINT panel_work_has_a_name CHECK (
        stage NOT IN ('queued', 'dispatching', 'submitted', 'unconfirmed')
        OR integration_id IS NOT NULL AND reference IS NOT NULL)
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

-- Claims of the poller and of the dispatcher: one short range per integration.
CREATE INDEX orders_to_check ON orderwatch.orders (integration_id, due_at)
    WHERE stage IN ('dispatching', 'submitted', 'unconfirmed') AND due_at IS NOT NULL;
CREATE INDEX orders_to_send ON orderwatch.orders (integration_id, due_at)
    WHERE stage = 'queued' AND due_at IS NOT NULL;
-- The sweeper: what nobody looks at by itself, oldest limit first.
CREATE INDEX orders_parked ON orderwatch.orders (give_up_at)
    WHERE stage = 'submitted' AND due_at IS NULL;
-- People: what waits for them.
CREATE INDEX orders_held ON orderwatch.orders (tracked_at) WHERE stage = 'held';

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
    PRIMARY KEY (reference, integration_id)
);
COMMENT ON TABLE orderwatch.purchases IS 'One row per reference given to a panel: names are never given twice.';
COMMENT ON COLUMN orderwatch.purchases.round IS 'Round of the reference''s derivation; above 0 after a collision.';
COMMENT ON COLUMN orderwatch.purchases.outcome IS 'The last event of this purchase that the shop heard of; NULL before the first.';
COMMENT ON COLUMN orderwatch.purchases.cost IS 'What the panel charged, in TRY; NULL when nothing or not known.';
COMMENT ON COLUMN orderwatch.purchases.recorded_at IS 'When the outcome was recorded.';
CREATE INDEX purchases_of_order ON orderwatch.purchases (order_id);

-- The timeline of every order.
CREATE TABLE orderwatch.events (
    order_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (order_id, id)
);
COMMENT ON TABLE orderwatch.events IS 'Every step of an order, with the panel''s answer as evidence; no secret, codes masked.';

-- Every pass of a periodic job. The key makes a tick happen once, whoever believes to lead.
CREATE TABLE orderwatch.job_runs (
    job text NOT NULL,
    tick timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    outcome text CHECK (outcome IN ('done', 'failed')),
    report jsonb,
    PRIMARY KEY (job, tick)
);
COMMENT ON COLUMN orderwatch.job_runs.tick IS 'The scheduled time; for a pass started by hand, the time it was started.';
COMMENT ON COLUMN orderwatch.job_runs.outcome IS 'NULL while it runs, or when its process died.';
