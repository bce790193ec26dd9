-- What orderwatch knows of the packages of the marketplace, and where it has put their orders.
CREATE TABLE orderwatch.packages (
    package_id bigint PRIMARY KEY,
    order_number text NOT NULL,
    status text NOT NULL,
    effect text NOT NULL CHECK (effect IN ('reserved', 'left', 'released', 'superseded', 'returned', 'unknown')),
    modified_ms bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    first_seen_at timestamptz NOT NULL,
    told_at timestamptz NOT NULL,
    taken_at timestamptz,
    unpicked boolean NOT NULL DEFAULT false,
    late boolean NOT NULL DEFAULT false,
    mirrored boolean NOT NULL DEFAULT false,
    origins bigint[] NOT NULL DEFAULT '{}',
    lines jsonb NOT NULL,
    unreadable jsonb NOT NULL DEFAULT '[]',
    content jsonb NOT NULL,
    released_at timestamptz,
    released_by text,
    release_reason text,
    created_by text,
    transferred boolean NOT NULL DEFAULT false,
    owing boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    fingerprint bytea,
    asked_in_vain integer NOT NULL DEFAULT 0,
    barcodes text[]
);
COMMENT ON TABLE orderwatch.packages IS 'One row per shipment package; an order may have several.';
COMMENT ON COLUMN orderwatch.packages.package_id IS 'shipmentPackageId; negative where the marketplace has given none yet: then the row stands for its order until the package comes.';
COMMENT ON COLUMN orderwatch.packages.effect IS 'What the status means for the stock.';
COMMENT ON COLUMN orderwatch.packages.modified_ms IS 'lastModifiedDate as it came; a record with a smaller one is older and changes nothing.';
COMMENT ON COLUMN orderwatch.packages.changed_at IS 'The same as a time, or when it was read where there was none.';
COMMENT ON COLUMN orderwatch.packages.told_at IS 'When the marketplace was last heard of it.';
COMMENT ON COLUMN orderwatch.packages.taken_at IS 'When its units were known to be taken from the shelves, or a person said that they were not taken from here (released_at); NULL while they are owed.';
COMMENT ON COLUMN orderwatch.packages.unpicked IS 'It was seen open and left without its units being taken.';
COMMENT ON COLUMN orderwatch.packages.late IS 'It became known after its order was picked, so its units were not among those that were taken.';
COMMENT ON COLUMN orderwatch.packages.mirrored IS 'Whether this state was written into the warehouse''s tables.';
COMMENT ON COLUMN orderwatch.packages.origins IS 'The packages that it replaces.';
COMMENT ON COLUMN orderwatch.packages.lines IS 'Barcode, quantity and line id of each line.';
COMMENT ON COLUMN orderwatch.packages.unreadable IS 'Parts that could not be read: their units are not counted.';
COMMENT ON COLUMN orderwatch.packages.content IS 'What the warehouse''s tables show of it.';
COMMENT ON COLUMN orderwatch.packages.released_at IS 'When a person said that this package, which was shipped, was not taken from these shelves.';
COMMENT ON COLUMN orderwatch.packages.created_by IS 'createdBy as it was first told; NULL where it was not.';
COMMENT ON COLUMN orderwatch.packages.transferred IS 'Its createdBy is or became transfer: it was passed on between sellers, in a direction that nobody knows.';
COMMENT ON COLUMN orderwatch.packages.owing IS 'It was dissolved, and not all of its units are in other packages: they stay reserved without a limit of time.';
COMMENT ON COLUMN orderwatch.packages.recorded_at IS 'When this state of it was first heard of.';
COMMENT ON COLUMN orderwatch.packages.fingerprint IS 'SHA-256 of the record; NULL: any record is news. A record of the same time with another one is news.';
COMMENT ON COLUMN orderwatch.packages.asked_in_vain IS 'Questions about its order in a row whose answers did not tell of it.';
COMMENT ON COLUMN orderwatch.packages.barcodes IS 'The barcodes of its lines without case and Turkish letters; NULL: it may hold any.';

-- Asked for hundreds of barcodes in a row: what fastupdate leaves waiting would be read through each time.
CREATE INDEX packages_by_barcode ON orderwatch.packages USING gin (COALESCE(barcodes, '{*}'::text[])) WITH (fastupdate = off)
    WHERE taken_at IS NULL;
CREATE INDEX packages_by_origin ON orderwatch.packages USING gin (origins);
CREATE INDEX packages_ended ON orderwatch.packages (changed_at)
    WHERE effect IN ('superseded', 'released') OR unpicked;

-- People page through the packages by their last change, and see what the marketplace refuses.
CREATE INDEX packages_listed ON orderwatch.packages (changed_at, package_id);
CREATE INDEX packages_of_order ON orderwatch.packages (order_number);

-- Whatever may hold units.
CREATE INDEX packages_open ON orderwatch.packages (told_at)
    WHERE effect IN ('reserved', 'unknown');
CREATE INDEX packages_owing ON orderwatch.packages (order_number)
    WHERE owing;

CREATE TABLE orderwatch.order_places (
    order_number text PRIMARY KEY,
    place text NOT NULL CHECK (place IN ('created', 'picking', 'shipped', 'delivered', 'cancelled')),
    put_at timestamptz NOT NULL
);
COMMENT ON TABLE orderwatch.order_places IS 'The table (orders_*) in which orderwatch put an order last; where it stands elsewhere, the warehouse has moved it.';

-- Orders of which the marketplace called to say that something happened to them, until they were read.
CREATE TABLE orderwatch.order_calls (
    order_number text PRIMARY KEY,
    called_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL
);
COMMENT ON TABLE orderwatch.order_calls IS 'One row per order, however often it was called about; it goes when the order was read.';
COMMENT ON COLUMN orderwatch.order_calls.called_at IS 'The last call: what was read before it may be older than what it tells of.';
COMMENT ON COLUMN orderwatch.order_calls.tries IS 'Questions since then that brought nothing.';
CREATE INDEX order_calls_due ON orderwatch.order_calls (due_at);

-- How far a feed of the marketplace was read.
CREATE TABLE orderwatch.feeds (
    feed text PRIMARY KEY,
    read_until timestamptz,
    wide_at timestamptz,
    good_at timestamptz
);
COMMENT ON COLUMN orderwatch.feeds.read_until IS 'Everything that changed before is known.';
COMMENT ON COLUMN orderwatch.feeds.wide_at IS 'When a wide pass was last read whole.';
COMMENT ON COLUMN orderwatch.feeds.good_at IS 'When a pass was last read whole.';

-- From a sale to the moment at which the feed told of it.
CREATE TABLE orderwatch.order_delays (
    seconds_up_to integer PRIMARY KEY,
    orders double precision NOT NULL,
    seconds double precision NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE orderwatch.order_delays IS 'The order delay as a decaying histogram: orders as of `at`, those of a day before for half, and the sum of their delays.';

-- What the marketplace has on sale, what was sent to it, and what became of that.
CREATE TABLE orderwatch.stock_items (
    barcode text PRIMARY KEY,
    observed integer,
    observed_at timestamptz,
    sent integer,
    sent_at timestamptz,
    sent_batch bigint,
    failures integer NOT NULL DEFAULT 0,
    rests_until timestamptz,
    refused text,
    contradictory boolean NOT NULL DEFAULT false,
    deficit integer,
    deficit_since timestamptz,
    open_until timestamptz,
    plan bigint NOT NULL DEFAULT 0,
    sold_orders double precision NOT NULL DEFAULT 0,
    sold_units double precision NOT NULL DEFAULT 0,
    sold_at timestamptz,
    touched_at timestamptz,
    watched_until timestamptz,
    CONSTRAINT stock_items_deficit_whole CHECK ((deficit IS NULL) = (deficit_since IS NULL)),
    CONSTRAINT stock_items_sent_whole CHECK ((sent IS NULL) = (sent_at IS NULL))
) WITH (fillfactor = 80);
COMMENT ON TABLE orderwatch.stock_items IS 'One row per barcode, blanks removed.';
COMMENT ON COLUMN orderwatch.stock_items.observed IS 'Units on sale when it was last looked at; NULL when it was not listed, or the answer contradicted itself.';
COMMENT ON COLUMN orderwatch.stock_items.observed_at IS 'When Trendyol was asked; NULL when it never was.';
COMMENT ON COLUMN orderwatch.stock_items.sent IS 'The last quantity that was sent.';
COMMENT ON COLUMN orderwatch.stock_items.failures IS 'Refusals in a row.';
COMMENT ON COLUMN orderwatch.stock_items.rests_until IS 'Not sent before, because it was refused.';
COMMENT ON COLUMN orderwatch.stock_items.refused IS 'Why, in the marketplace''s words.';
COMMENT ON COLUMN orderwatch.stock_items.contradictory IS 'The last answer named several quantities.';
COMMENT ON COLUMN orderwatch.stock_items.deficit IS 'By how many units fewer are on sale than should be.';
COMMENT ON COLUMN orderwatch.stock_items.deficit_since IS 'Since when by this many.';
COMMENT ON COLUMN orderwatch.stock_items.open_until IS 'While that may still be applied: until when its result is waited for.';
COMMENT ON COLUMN orderwatch.stock_items.plan IS 'The plan by which it was last sent; an older one is refused.';
COMMENT ON COLUMN orderwatch.stock_items.sold_orders IS 'Orders of it as of sold_at, those of six hours before for half.';
COMMENT ON COLUMN orderwatch.stock_items.sold_units IS 'The units of these orders, counted alike.';
COMMENT ON COLUMN orderwatch.stock_items.touched_at IS 'When the warehouse or an order last changed something about it.';
COMMENT ON COLUMN orderwatch.stock_items.watched_until IS 'Until then every turn looks at it.';
CREATE INDEX stock_items_open ON orderwatch.stock_items (sent_batch)
    WHERE open_until IS NOT NULL;

-- People see what the marketplace refuses.
CREATE INDEX stock_items_refused ON orderwatch.stock_items (rests_until DESC, barcode)
    WHERE failures > 0;
CREATE INDEX stock_items_resting ON orderwatch.stock_items (rests_until)
    WHERE rests_until IS NOT NULL;
CREATE INDEX stock_items_watched ON orderwatch.stock_items (watched_until)
    WHERE watched_until IS NOT NULL;

CREATE SEQUENCE orderwatch.stock_plans;
COMMENT ON SEQUENCE orderwatch.stock_plans IS 'Drawn before the facts of a plan are read: of two plans the one with the greater number knows more.';

-- Every request that sends stock, written down before it goes out.
CREATE TABLE orderwatch.stock_batches (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
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
CREATE INDEX stock_batches_open ON orderwatch.stock_batches (look_at)
    WHERE state IN ('sending', 'queued');
CREATE INDEX stock_batches_recent ON orderwatch.stock_batches (sent_at);

CREATE TABLE orderwatch.stock_sends (
    batch bigint NOT NULL REFERENCES orderwatch.stock_batches ON DELETE CASCADE,
    barcode text NOT NULL,
    quantity integer NOT NULL,
    result text CHECK (result IN ('success', 'failed', 'repeated')),
    result_at timestamptz,
    desired integer,
    observed integer,
    reason text CHECK (reason IN ('lower', 'raise', 'raise_settled')),
    refused text,
    PRIMARY KEY (batch, barcode)
);
COMMENT ON COLUMN orderwatch.stock_sends.result IS 'NULL while there is none.';
COMMENT ON COLUMN orderwatch.stock_sends.result_at IS 'When its result was read.';
COMMENT ON COLUMN orderwatch.stock_sends.desired IS 'What should have been on sale.';
COMMENT ON COLUMN orderwatch.stock_sends.observed IS 'What was.';
COMMENT ON COLUMN orderwatch.stock_sends.refused IS 'Trendyol''s words, where it was refused.';
CREATE INDEX stock_sends_barcode ON orderwatch.stock_sends (barcode);

-- Whether stock is sent at all: a person, or orderwatch itself where somebody else sends stock, too.
CREATE TABLE orderwatch.stock_pauses (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    who text NOT NULL,
    why text NOT NULL,
    resumed_at timestamptz
);
COMMENT ON TABLE orderwatch.stock_pauses IS 'Nothing is sent to the marketplace while a row has no resumed_at.';
CREATE UNIQUE INDEX stock_pause_in_force ON orderwatch.stock_pauses ((true))
    WHERE resumed_at IS NULL;

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
CREATE INDEX picking_outbox_due ON orderwatch.picking_outbox (due_at)
    WHERE due_at IS NOT NULL;

-- What orderwatch wrote of the returns, to tell it from what the warehouse has changed since.
CREATE TABLE orderwatch.claims (
    claim_id text PRIMARY KEY,
    return_order_id uuid NOT NULL,
    status text NOT NULL,
    modified_at timestamptz,
    seen_at timestamptz NOT NULL
);

-- Of which account all that is known of orders and stock is: another one would take it for its own.
CREATE TABLE orderwatch.trendyol_account (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seller_id text NOT NULL,
    environment text NOT NULL,
    since timestamptz NOT NULL,
    webhook_checked_at timestamptz,
    webhook_silent_since timestamptz
);
COMMENT ON TABLE orderwatch.trendyol_account IS 'The one account of this database; `orderwatch trendyol forget-account` ends it.';
COMMENT ON COLUMN orderwatch.trendyol_account.environment IS 'The host of trendyol.base_url; "local" is this machine.';
COMMENT ON COLUMN orderwatch.trendyol_account.webhook_checked_at IS 'When Trendyol was last asked whom it calls.';
COMMENT ON COLUMN orderwatch.trendyol_account.webhook_silent_since IS 'Since when it does not call although it should; NULL while it does.';
