-- What orderwatch knows of the packages of the marketplace, and where it has put their orders.
CREATE TABLE orderwatch.packages (
    package_id bigint PRIMARY KEY,
    order_number text NOT NULL,
    status text NOT NULL,
    effect text NOT NULL CHECK (effect IN (
        'reserved', 'left', 'released', 'superseded', 'returned', 'unknown')),
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
    content jsonb NOT NULL
);
COMMENT ON TABLE orderwatch.packages IS 'One row per shipment package; an order may have several.';
COMMENT ON COLUMN orderwatch.packages.effect IS 'What the status means for the stock.';
COMMENT ON COLUMN orderwatch.packages.modified_ms IS 'lastModifiedDate as it came; a record with a smaller one is older and changes nothing.';
COMMENT ON COLUMN orderwatch.packages.changed_at IS 'The same as a time, or when it was read where there was none.';
COMMENT ON COLUMN orderwatch.packages.told_at IS 'When the marketplace was last heard of it.';
COMMENT ON COLUMN orderwatch.packages.taken_at IS 'When its units were known to be taken from the shelves; NULL while they lie there.';
COMMENT ON COLUMN orderwatch.packages.unpicked IS 'It was seen open and left without its units being taken.';
COMMENT ON COLUMN orderwatch.packages.late IS 'It became known after its order was picked, so its units were not among those that were taken.';
COMMENT ON COLUMN orderwatch.packages.mirrored IS 'Whether this state was written into the warehouse''s tables.';
COMMENT ON COLUMN orderwatch.packages.origins IS 'The packages that it replaces.';
COMMENT ON COLUMN orderwatch.packages.lines IS 'Bar code, quantity and line id of each line.';
COMMENT ON COLUMN orderwatch.packages.unreadable IS 'Parts that could not be read: their units are not counted.';
COMMENT ON COLUMN orderwatch.packages.content IS 'What the warehouse''s tables show of it.';
CREATE INDEX packages_of_order ON orderwatch.packages (order_number);
CREATE INDEX packages_by_origin ON orderwatch.packages USING gin (origins);
-- Whatever may hold units.
CREATE INDEX packages_open ON orderwatch.packages (told_at)
    WHERE effect IN ('reserved', 'unknown');
CREATE INDEX packages_ended ON orderwatch.packages (changed_at)
    WHERE effect IN ('superseded', 'released') OR unpicked;

CREATE TABLE orderwatch.order_places (
    order_number text PRIMARY KEY,
    place text NOT NULL CHECK (place IN ('created', 'picking', 'shipped', 'delivered', 'cancelled')),
    put_at timestamptz NOT NULL
);
COMMENT ON TABLE orderwatch.order_places IS 'The table (orders_*) in which orderwatch put an order last; where it stands elsewhere, the warehouse has moved it.';

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

-- Puts an order into one of the warehouse's tables and takes it out of the one it was in, with every
-- column that both have: the real tables have more than orderwatch knows. `facts` overwrites the
-- columns that it names, as far as the table has them.
CREATE FUNCTION orderwatch.put_order(number text, stands text, place text, facts jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    goes regclass := format('public.orders_%s', place)::regclass;
    comes regclass;
    shared text;
    named text;
BEGIN
    SELECT string_agg(format('%I', a.attname), ', ') INTO named
    FROM pg_attribute a
    WHERE a.attrelid = goes AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      AND a.attname <> 'id' AND facts ? a.attname;
    IF stands IS NULL THEN
        EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1)',
                       goes, named)
        USING facts;
        RETURN;
    END IF;
    IF stands <> place THEN
        comes := format('public.orders_%s', stands)::regclass;
        SELECT string_agg(format('%I', a.attname), ', ') INTO shared
        FROM pg_attribute a JOIN pg_attribute b ON b.attname = a.attname
        WHERE a.attrelid = goes AND b.attrelid = comes AND a.attnum > 0 AND b.attnum > 0
          AND NOT a.attisdropped AND NOT b.attisdropped AND a.attgenerated = '' AND a.attname <> 'id';
        -- One row per order: the oldest of those that were left behind.
        EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM %s WHERE order_number = $1 ORDER BY id LIMIT 1',
                       goes, shared, shared, comes)
        USING number;
        EXECUTE format('DELETE FROM %s WHERE order_number = $1', comes) USING number;
    END IF;
    IF named IS NOT NULL THEN
        EXECUTE format('UPDATE %1$s o SET (%2$s) = (SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1))
                        WHERE o.order_number = $2', goes, named)
        USING facts, number;
    END IF;
END
$$;
COMMENT ON FUNCTION orderwatch.put_order IS 'Writes one order into orders_{place}, moving it out of orders_{stands}.';
