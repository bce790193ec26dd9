-- Trendyol's figures are looked at instead of inferred: of each barcode only the last look, the deficit,
-- the last push and the quarantine are remembered, and how fast it sells.
ALTER TABLE orderwatch.stock_items DROP CONSTRAINT sent_whole;
DROP INDEX orderwatch.stock_items_open;
ALTER TABLE orderwatch.stock_items RENAME COLUMN confirmed TO observed;
ALTER TABLE orderwatch.stock_items RENAME COLUMN confirmed_at TO observed_at;
ALTER TABLE orderwatch.stock_items
    ADD COLUMN contradictory boolean NOT NULL DEFAULT false,
    ADD COLUMN deficit integer,
    ADD COLUMN deficit_since timestamptz,
    ADD COLUMN open_until timestamptz,
    ADD COLUMN plan bigint NOT NULL DEFAULT 0,
    ADD COLUMN sold_orders double precision NOT NULL DEFAULT 0,
    ADD COLUMN sold_units double precision NOT NULL DEFAULT 0,
    ADD COLUMN sold_at timestamptz,
    ADD COLUMN touched_at timestamptz,
    ADD COLUMN watched_until timestamptz;
-- What is on its way may still be applied; what was looked at before tells nothing about sales since.
UPDATE orderwatch.stock_items
SET open_until = CASE WHEN sent IS NOT NULL THEN sent_at + interval '10 minutes' END,
    watched_until = CASE WHEN sent IS NOT NULL THEN sent_at + interval '20 minutes' END,
    -- A figure without a time was never looked at.
    observed_at = CASE WHEN observed IS NOT NULL THEN observed_at END;
ALTER TABLE orderwatch.stock_items
    DROP COLUMN fate, DROP COLUMN told, DROP COLUMN told_since_look, DROP COLUMN doubted, DROP COLUMN missing,
    DROP COLUMN missing_since, DROP COLUMN given_back, DROP COLUMN lifted, DROP COLUMN looked_at,
    ADD CONSTRAINT stock_items_sent_whole CHECK ((sent IS NULL) = (sent_at IS NULL)),
    ADD CONSTRAINT stock_items_deficit_whole CHECK ((deficit IS NULL) = (deficit_since IS NULL));
COMMENT ON COLUMN orderwatch.stock_items.observed IS 'Units on sale when it was last looked at; NULL when it was not listed, or the answer contradicted itself.';
COMMENT ON COLUMN orderwatch.stock_items.observed_at IS 'When Trendyol was asked; NULL when it never was.';
COMMENT ON COLUMN orderwatch.stock_items.contradictory IS 'The last answer named several quantities.';
COMMENT ON COLUMN orderwatch.stock_items.deficit IS 'By how many units fewer are on sale than should be.';
COMMENT ON COLUMN orderwatch.stock_items.deficit_since IS 'Since when by this many.';
COMMENT ON COLUMN orderwatch.stock_items.sent IS 'The last quantity that was sent.';
COMMENT ON COLUMN orderwatch.stock_items.open_until IS 'While that may still be applied: until when its result is waited for.';
COMMENT ON COLUMN orderwatch.stock_items.plan IS 'The plan by which it was last sent; an older one is refused.';
COMMENT ON COLUMN orderwatch.stock_items.sold_orders IS 'Orders of it as of sold_at, those of six hours before for half.';
COMMENT ON COLUMN orderwatch.stock_items.sold_units IS 'The units of these orders, counted alike.';
COMMENT ON COLUMN orderwatch.stock_items.touched_at IS 'When the warehouse or an order last changed something about it.';
COMMENT ON COLUMN orderwatch.stock_items.watched_until IS 'Until then every turn looks at it.';
CREATE INDEX stock_items_open ON orderwatch.stock_items (sent_batch) WHERE open_until IS NOT NULL;
CREATE INDEX stock_items_watched ON orderwatch.stock_items (watched_until) WHERE watched_until IS NOT NULL;

CREATE SEQUENCE orderwatch.stock_plans;
COMMENT ON SEQUENCE orderwatch.stock_plans IS 'Drawn before the facts of a plan are read: of two plans the one with the greater number knows more.';

-- Why each figure was sent, and what came back: the history of a barcode.
ALTER TABLE orderwatch.stock_sends
    DROP COLUMN looked_at,
    ADD COLUMN desired integer,
    ADD COLUMN observed integer,
    ADD COLUMN reason text CHECK (reason IN ('lower', 'raise', 'raise_settled')),
    ADD COLUMN refused text;
ALTER TABLE orderwatch.stock_sends RENAME COLUMN settled_at TO result_at;
COMMENT ON COLUMN orderwatch.stock_sends.desired IS 'What should have been on sale.';
COMMENT ON COLUMN orderwatch.stock_sends.observed IS 'What was.';
COMMENT ON COLUMN orderwatch.stock_sends.refused IS 'Trendyol''s words, where it was refused.';
COMMENT ON COLUMN orderwatch.stock_sends.result_at IS 'When its result was read.';

-- From a sale to the moment at which the feed told of it.
CREATE TABLE orderwatch.order_delays (
    seconds_up_to integer PRIMARY KEY,
    orders double precision NOT NULL,
    seconds double precision NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE orderwatch.order_delays IS 'The order delay as a decaying histogram: orders as of `at`, those of a day before for half, and the sum of their delays.';

-- Which packages may hold units of a barcode.
ALTER TABLE orderwatch.packages ADD COLUMN barcodes text[];
COMMENT ON COLUMN orderwatch.packages.barcodes IS 'The barcodes of its lines without case and Turkish letters; NULL before it was told again after 0170: then it may hold any.';
CREATE INDEX packages_by_barcode ON orderwatch.packages USING gin (COALESCE(barcodes, '{*}'::text[]))
    WHERE taken_at IS NULL;
