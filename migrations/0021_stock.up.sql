-- What the marketplace has on sale, what was sent to it, and what became of that.
CREATE TABLE orderwatch.stock_items (
    barcode text PRIMARY KEY,
    confirmed integer,
    confirmed_at timestamptz,
    sent integer,
    sent_at timestamptz,
    sent_batch bigint,
    fate text CHECK (fate IN ('queued', 'unknown')),
    failures integer NOT NULL DEFAULT 0,
    rests_until timestamptz,
    refused text,
    told integer NOT NULL DEFAULT 0,
    told_at_send integer NOT NULL DEFAULT 0,
    given_back_at timestamptz,
    missing integer NOT NULL DEFAULT 0,
    missing_since timestamptz,
    CONSTRAINT sent_whole CHECK ((sent IS NULL) = (fate IS NULL) AND (sent IS NULL) = (sent_at IS NULL))
) WITH (fillfactor = 80);
COMMENT ON TABLE orderwatch.stock_items IS 'One row per bar code, blanks removed.';
COMMENT ON COLUMN orderwatch.stock_items.confirmed IS 'Units on sale, as the marketplace last said; NULL when it never did.';
COMMENT ON COLUMN orderwatch.stock_items.sent IS 'The last quantity whose fate is not known yet.';
COMMENT ON COLUMN orderwatch.stock_items.fate IS 'queued: its batch tells. unknown: it is read back.';
COMMENT ON COLUMN orderwatch.stock_items.failures IS 'Refusals in a row.';
COMMENT ON COLUMN orderwatch.stock_items.rests_until IS 'Not sent before, because it was refused.';
COMMENT ON COLUMN orderwatch.stock_items.refused IS 'Why, in the marketplace''s words.';
COMMENT ON COLUMN orderwatch.stock_items.told IS 'Units of the orders that became known since confirmed was true.';
COMMENT ON COLUMN orderwatch.stock_items.told_at_send IS 'What told was when the last push went out.';
COMMENT ON COLUMN orderwatch.stock_items.given_back_at IS 'When a package was cancelled: the marketplace may have put its units back on sale by itself. NULL once that was looked at.';
COMMENT ON COLUMN orderwatch.stock_items.missing IS 'Units that the marketplace has counted as sold and the orders have not told of yet.';
CREATE INDEX stock_items_open ON orderwatch.stock_items (sent_batch) WHERE sent IS NOT NULL;

-- Every request that sends stock, written down before it goes out.
CREATE TABLE orderwatch.stock_batches (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint bytea NOT NULL,
    sent_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('sending', 'queued', 'unknown', 'refused', 'settled', 'expired')),
    name text,
    items integer NOT NULL,
    failed integer NOT NULL DEFAULT 0,
    looks integer NOT NULL DEFAULT 0,
    look_at timestamptz,
    note text
);
COMMENT ON COLUMN orderwatch.stock_batches.fingerprint IS 'Of its items in any order.';
COMMENT ON COLUMN orderwatch.stock_batches.state IS 'sending: the answer is awaited, or the process died. refused: surely not taken.';
COMMENT ON COLUMN orderwatch.stock_batches.name IS 'batchRequestId.';
CREATE INDEX stock_batches_recent ON orderwatch.stock_batches (sent_at);
CREATE INDEX stock_batches_open ON orderwatch.stock_batches (look_at) WHERE state IN ('sending', 'queued');

CREATE TABLE orderwatch.stock_sends (
    batch bigint NOT NULL REFERENCES orderwatch.stock_batches ON DELETE CASCADE,
    barcode text NOT NULL,
    quantity integer NOT NULL,
    result text CHECK (result IN ('success', 'failed', 'repeated')),
    PRIMARY KEY (batch, barcode)
);
COMMENT ON COLUMN orderwatch.stock_sends.result IS 'NULL while there is none.';

-- What has to be told to the marketplace, until it was.
CREATE TABLE orderwatch.picking_outbox (
    package_id bigint PRIMARY KEY,
    order_number text NOT NULL,
    lines jsonb NOT NULL,
    written_at timestamptz NOT NULL,
    due_at timestamptz,
    tries integer NOT NULL DEFAULT 0,
    told_at timestamptz,
    trouble text
);
COMMENT ON TABLE orderwatch.picking_outbox IS 'Packages whose picking is told to the marketplace.';
COMMENT ON COLUMN orderwatch.picking_outbox.due_at IS 'NULL once it was told or given up.';
CREATE INDEX picking_outbox_due ON orderwatch.picking_outbox (due_at) WHERE due_at IS NOT NULL;

-- What orderwatch wrote of the returns, to tell it from what the warehouse has changed since.
CREATE TABLE orderwatch.claims (
    claim_id text PRIMARY KEY,
    return_order_id uuid NOT NULL,
    status text NOT NULL,
    modified_at timestamptz,
    seen_at timestamptz NOT NULL
);
