-- The warehouse's tables that not every warehouse has: the ledger of stock movements, barcode aliases,
-- more order tables. Nothing of them is created or changed here. They are read and written through
-- functions that look first whether they are there, because a query over a table that may be missing
-- cannot be checked when orderwatch is built.

ALTER TABLE orderwatch.packages
    ADD COLUMN released_at timestamptz,
    ADD COLUMN released_by text,
    ADD COLUMN release_reason text;
COMMENT ON COLUMN orderwatch.packages.taken_at IS 'When its units were known to be taken from the shelves, or a person said that they were not taken from here (released_at); NULL while they are owed.';
COMMENT ON COLUMN orderwatch.packages.released_at IS 'When a person said that this package, which was shipped, was not taken from these shelves.';

CREATE FUNCTION orderwatch.has_ledger() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT to_regclass('public.stock_movement') IS NOT NULL
$$;
COMMENT ON FUNCTION orderwatch.has_ledger IS 'Whether the warehouse keeps a ledger of what left and entered its shelves.';

-- By shape, so that a table which the warehouse adds later is not overlooked.
CREATE FUNCTION orderwatch.order_tables()
RETURNS TABLE (place text, relation regclass, known boolean, details boolean, collects boolean)
LANGUAGE sql STABLE AS $$
    SELECT CASE c.relname WHEN 'archive' THEN 'archive' ELSE substr(c.relname, 8) END,
           c.oid::regclass,
           c.relname IN ('archive', 'orders_created', 'orders_hazirlaniyor', 'orders_ready_to_ship',
                         'orders_picking', 'orders_shipped', 'orders_delivered', 'orders_cancelled',
                         'orders_archived'),
           bool_or(a.attname = 'details'), bool_or(a.attname = 'toplandi_at')
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND (c.relname LIKE 'orders\_%' OR c.relname = 'archive')
    GROUP BY c.oid, c.relname
    HAVING bool_or(a.attname = 'order_number' AND t.typcategory = 'S')
    ORDER BY 1
$$;
COMMENT ON FUNCTION orderwatch.order_tables IS 'The warehouse''s tables of orders, one per status: orders_* and archive.';

CREATE FUNCTION orderwatch.order_standings(numbers text[])
RETURNS TABLE (order_number text, place text, collected boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT * FROM orderwatch.order_tables() LOOP
        RETURN QUERY EXECUTE format(
            'SELECT o.order_number::text, %L::text, %s FROM %s o WHERE o.order_number = ANY($1)',
            t.place, CASE WHEN t.collects THEN 'o.toplandi_at IS NOT NULL' ELSE 'false' END, t.relation)
        USING numbers;
    END LOOP;
END
$$;
COMMENT ON FUNCTION orderwatch.order_standings IS 'In which tables orders stand, and whether the application has collected them there.';

CREATE FUNCTION orderwatch.order_rows(numbers text[])
RETURNS TABLE (place text, collected boolean, id integer, order_number text, details text,
               product_barcode text, quantity integer)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    t record;
    ledger boolean := orderwatch.has_ledger();
BEGIN
    FOR t IN SELECT * FROM orderwatch.order_tables() LOOP
        -- Where there is no ledger, a row in orders_picking says that the units were taken.
        CONTINUE WHEN NOT t.details OR t.place IN ('shipped', 'delivered', 'cancelled', 'archive', 'archived')
            OR t.place = 'picking' AND NOT ledger;
        RETURN QUERY EXECUTE format(
            'SELECT %L::text, %s,
                    CASE WHEN j.row ->> ''id'' ~ ''^\d{1,9}$'' THEN (j.row ->> ''id'')::integer ELSE 0 END,
                    o.order_number::text, j.row ->> ''details'', j.row ->> ''product_barcode'',
                    CASE WHEN j.row ->> ''quantity'' ~ ''^-?\d{1,9}$'' THEN (j.row ->> ''quantity'')::integer END
             FROM %s o, LATERAL (SELECT to_jsonb(o) AS row) j
             WHERE CASE WHEN $1 IS NULL
                        THEN NOT EXISTS (SELECT FROM orderwatch.packages p WHERE p.order_number = o.order_number)
                        ELSE o.order_number = ANY($1) END
               AND ($2 OR NOT EXISTS (SELECT FROM public.orders_picking k WHERE k.order_number = o.order_number))',
            t.place, CASE WHEN t.collects THEN 'o.toplandi_at IS NOT NULL' ELSE 'false' END, t.relation)
        USING numbers, ledger;
    END LOOP;
END
$$;
COMMENT ON FUNCTION orderwatch.order_rows IS 'Rows of orders that are not shipped: those of the numbers, or all that no package stands behind.';

CREATE FUNCTION orderwatch.lock_order_rows(number text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT * FROM orderwatch.order_tables() o WHERE o.place IN ('created', 'hazirlaniyor') LOOP
        EXECUTE format('SELECT FROM %s o WHERE o.order_number = $1 FOR UPDATE', t.relation) USING number;
    END LOOP;
END
$$;
COMMENT ON FUNCTION orderwatch.lock_order_rows IS 'Waits until nobody else collects or moves an order.';

CREATE FUNCTION orderwatch.movements(numbers text[])
RETURNS TABLE (order_number text, barcode text, units integer)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF orderwatch.has_ledger() THEN
        RETURN QUERY EXECUTE
            'SELECT m.order_number::text, m.barcode::text, (-sum(m.delta))::integer FROM public.stock_movement m
             WHERE m.order_number = ANY($1) AND m.reason IN (''pack_out'', ''ship_out'', ''cancel_return'')
             GROUP BY 1, 2'
        USING numbers;
    END IF;
END
$$;
COMMENT ON FUNCTION orderwatch.movements IS 'Units that left the shelves for an order, less those that came back, by barcode.';

CREATE FUNCTION orderwatch.barcode_aliases() RETURNS TABLE (alias text, main text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF to_regclass('public.barcode_aliases') IS NOT NULL THEN
        RETURN QUERY EXECUTE
            'SELECT a.alias_barcode::text, a.main_barcode::text FROM public.barcode_aliases a ORDER BY 1';
    END IF;
END
$$;

-- Only barcodes with letters: a number is written in one way.
CREATE FUNCTION orderwatch.lettered_barcodes() RETURNS TABLE (barcode text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF to_regclass('public.products') IS NOT NULL THEN
        RETURN QUERY EXECUTE
            'SELECT p.barcode::text FROM public.products p WHERE p.barcode ~ ''[^0-9]'' ORDER BY 1';
    END IF;
    RETURN QUERY SELECT c.barcode::text FROM public.central_stock c WHERE c.barcode ~ '[^0-9]' ORDER BY 1;
END
$$;
COMMENT ON FUNCTION orderwatch.lettered_barcodes IS 'Barcodes of the products, then of central_stock, that may be written in several ways.';

-- The warehouse keeps three figures of a product alike; where they differ, its application hangs in a
-- lock that it holds itself.
CREATE FUNCTION orderwatch.level_stock(name text, at timestamp) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    units integer;
BEGIN
    IF orderwatch.has_ledger() THEN
        SELECT COALESCE(sum(r.adet), 0) INTO units FROM public.raf_urunleri r
        WHERE r.urun_barkodu = name AND r.adet > 0;
        UPDATE public.central_stock c SET qty = units, updated_at = at WHERE c.barcode = name;
    ELSE
        SELECT c.qty INTO units FROM public.central_stock c WHERE c.barcode = name;
    END IF;
    IF units IS NOT NULL AND EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = to_regclass('public.products') AND attname = 'quantity')
    THEN
        EXECUTE 'UPDATE public.products SET quantity = $2 WHERE barcode = $1 AND quantity IS DISTINCT FROM $2'
        USING name, units;
    END IF;
    RETURN units;
END
$$;
COMMENT ON FUNCTION orderwatch.level_stock IS 'Makes central_stock and products of a barcode agree with its shelves, as the application does.';

-- The application's own key, so that each of the two finds what the other one took. An order that is
-- picked a second time, for a package that came later, has a key of its own.
CREATE FUNCTION orderwatch.write_pack_out(number text, name text, units integer, shelf text, words text, at timestamp)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT orderwatch.has_ledger() THEN
        RETURN;
    END IF;
    EXECUTE
        'INSERT INTO public.stock_movement
             (created_at, barcode, shelf_code, delta, reason, order_number, idempotency_key, source, note)
         SELECT $6, $2, $4, -$3, ''pack_out'', $1,
                $1 || '':pick:'' || $2 || CASE WHEN count(*) = 0 THEN '''' ELSE '':'' || count(*) + 1 END,
                ''ORDERWATCH'', $5
         FROM public.stock_movement m
         WHERE m.order_number = $1 AND m.barcode = $2 AND m.reason = ''pack_out'''
    USING number, name, units, shelf, words, at;
END
$$;
COMMENT ON FUNCTION orderwatch.write_pack_out IS 'Writes down in the ledger what was picked for an order.';

-- Locks in the application's order: shelves, then the ledger, then the figures.
CREATE FUNCTION orderwatch.return_cancelled(number text, at timestamp)
RETURNS TABLE (barcode text, units integer, shelf text)
LANGUAGE plpgsql AS $$
DECLARE
    line record;
    place record;
    was_on text;
    written bigint;
BEGIN
    IF NOT orderwatch.has_ledger() THEN
        RETURN;
    END IF;
    PERFORM FROM public.raf_urunleri r
    WHERE r.urun_barkodu IN (SELECT m.barcode FROM orderwatch.movements(ARRAY[number]) m WHERE m.units > 0)
    ORDER BY r.urun_barkodu, r.id FOR UPDATE;
    -- Read after the locks: the application may have returned them meanwhile.
    FOR line IN SELECT m.barcode, m.units FROM orderwatch.movements(ARRAY[number]) m
                WHERE m.units > 0 ORDER BY m.barcode LOOP
        EXECUTE
            'SELECT m.shelf_code FROM public.stock_movement m
             WHERE m.order_number = $1 AND m.barcode = $2 AND m.delta < 0 ORDER BY m.id DESC LIMIT 1'
        INTO was_on USING number, line.barcode;
        SELECT r.id, r.raf_kodu INTO place FROM public.raf_urunleri r
        WHERE r.urun_barkodu = line.barcode ORDER BY r.raf_kodu = was_on DESC NULLS LAST, r.id LIMIT 1;
        barcode := line.barcode;
        units := line.units;
        shelf := place.raf_kodu;
        IF place.id IS NOT NULL THEN
            EXECUTE
                'INSERT INTO public.stock_movement
                     (created_at, barcode, shelf_code, delta, reason, order_number, idempotency_key, source, note)
                 VALUES ($5, $2, $4, $3, ''cancel_return'', $1,
                         $1 || '':Picking->Cancelled:'' || $2 || '':cancel_return'', ''ORDERWATCH'',
                         ''Picking→Cancelled'')
                 ON CONFLICT (idempotency_key) DO NOTHING'
            USING number, line.barcode, line.units, place.raf_kodu, at;
            GET DIAGNOSTICS written = ROW_COUNT;
            CONTINUE WHEN written = 0;
            UPDATE public.raf_urunleri r SET adet = COALESCE(r.adet, 0) + line.units WHERE r.id = place.id;
            PERFORM orderwatch.level_stock(line.barcode, at);
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION orderwatch.return_cancelled IS 'Puts back on the shelves what the ledger says was taken for an order that was cancelled; a row without a shelf was not put back.';
