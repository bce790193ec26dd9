-- What stops or slows buying, kept here so that it survives a restart and holds for every replica.
CREATE TABLE orderwatch.brakes (
    scope uuid PRIMARY KEY,
    who text NOT NULL,
    why text NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE orderwatch.brakes IS 'Buying is paused where there is a row; what was bought is watched all the same.';
COMMENT ON COLUMN orderwatch.brakes.scope IS 'integrations.id; the nil UUID for all of them.';

CREATE TABLE orderwatch.panels (
    integration_id uuid PRIMARY KEY,
    open_until timestamptz,
    opened_at timestamptz,
    open_reason text,
    CONSTRAINT open_breaker_says_why CHECK (
        (open_until IS NULL) = (opened_at IS NULL) AND (open_until IS NULL) = (open_reason IS NULL)),
    balance numeric,
    balance_at timestamptz,
    limit_warned_at timestamptz
);
COMMENT ON TABLE orderwatch.panels IS 'What the replicas agree on about a panel.';
COMMENT ON COLUMN orderwatch.panels.open_until IS 'The breaker is open: nothing is sent before this time, then one probe; NULL while it is closed.';
COMMENT ON COLUMN orderwatch.panels.balance IS 'Last balance that the panel told, in TRY.';
COMMENT ON COLUMN orderwatch.panels.limit_warned_at IS 'When the spending limit was last warned about.';

-- The pace of each panel over all replicas. Not worth a log: after a crash the pace begins anew.
CREATE UNLOGGED TABLE orderwatch.paces (
    integration_id uuid PRIMARY KEY,
    next_at timestamptz NOT NULL
);
COMMENT ON COLUMN orderwatch.paces.next_at IS 'The next request may leave at this time.';

-- What people did.
CREATE TABLE orderwatch.actions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    who text NOT NULL,
    what text NOT NULL,
    target text NOT NULL,
    why text NOT NULL
);
COMMENT ON TABLE orderwatch.actions IS 'Every action of a person, for ever: who, when, what, why.';

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

ALTER TABLE orderwatch.orders ADD COLUMN fell_back boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN orderwatch.orders.fell_back IS 'The first panel refused it and it went to the fallback panel; it goes there once.';

ALTER TABLE orderwatch.purchases ADD COLUMN expected numeric;
COMMENT ON COLUMN orderwatch.purchases.expected IS 'Its price in the panel''s list when it was claimed, in TRY; counts as spent until the charge is known.';
CREATE INDEX purchases_spent ON orderwatch.purchases (integration_id, claimed_at);
