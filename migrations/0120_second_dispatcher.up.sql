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

-- When a person last let a panel go on: what was sent before is known to that person.
CREATE INDEX actions_resumed ON orderwatch.actions (target, at) WHERE what = 'resume';

-- Money that left an account and that no purchase of ours explains.
CREATE TABLE orderwatch.unexplained (
    integration_id uuid NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    amount numeric NOT NULL,
    PRIMARY KEY (integration_id, until)
);
COMMENT ON TABLE orderwatch.unexplained IS 'Falls of a panel''s balance between two readings that orderwatch''s own purchases do not explain, in TRY.';
ALTER TABLE orderwatch.panels ADD COLUMN mark numeric, ADD COLUMN mark_at timestamptz;
COMMENT ON COLUMN orderwatch.panels.mark IS 'A balance read while no purchase of ours was under way: the next one is compared with it.';
COMMENT ON COLUMN orderwatch.panels.mark_at IS 'When the panel was asked for it.';
