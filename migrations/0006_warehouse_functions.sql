-- The warehouse's tables are read and written through functions that look first what is there: no two of these
-- databases are alike, and a query over a table or column that may be missing cannot be checked when orderwatch
-- is built. Nothing of the warehouse's is created or changed here.

-- Adds a row with those of `facts` that the table has a column for. False when there was one like it.
CREATE FUNCTION orderwatch.add_row(into_table text, facts jsonb)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    goes regclass := into_table::regclass;
    named text;
    added bigint;
BEGIN
    SELECT string_agg(format('%I', a.attname), ', ') INTO named
    FROM pg_attribute a
    WHERE a.attrelid = goes AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      AND facts ? a.attname;
    EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1)
                    ON CONFLICT DO NOTHING', goes, named)
    USING facts;
    GET DIAGNOSTICS added = ROW_COUNT;
    RETURN added > 0;
END
$$;
COMMENT ON FUNCTION orderwatch.add_row IS 'Adds one row to a table, with the columns that it has.';

-- When each product was last confirmed, where the warehouse keeps it.
CREATE FUNCTION orderwatch.note_pushed(barcodes text[], times timestamptz[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_attribute
               WHERE attrelid = to_regclass('public.central_stock')
                 AND attname = 'last_push_date' AND NOT attisdropped) THEN
        EXECUTE 'UPDATE public.central_stock c SET last_push_date = p.at
                 FROM unnest($1, $2) AS p (barcode, at) WHERE c.barcode = p.barcode'
        USING barcodes, times;
    END IF;
END
$$;
COMMENT ON FUNCTION orderwatch.note_pushed IS 'Writes central_stock.last_push_date where that column exists.';

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

-- Where the warehouse's application keeps a history of each order, what orderwatch does to its row is
-- part of it. A history that does not take the entry is no reason to keep the order from the warehouse.
CREATE FUNCTION orderwatch.audit_order(number text, stands text, place text, facts jsonb)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF stands IS NOT DISTINCT FROM place OR to_regclass('public.order_audit_logs') IS NULL THEN
        RETURN;
    END IF;
    EXECUTE
        'INSERT INTO public.order_audit_logs
             (ts, order_number, package_number, barcode, event_type, status_from, status_to, quantity,
              source, severity, message, details)
         VALUES ((now() AT TIME ZONE ''UTC''), left($1, 64), left($2, 64), left($3, 64), $4, $5, $6, $7,
                 ''ORDERWATCH'', ''info'', $8, $9)'
    USING number, facts ->> 'package_number', facts ->> 'product_barcode',
          CASE WHEN stands IS NULL THEN 'order_received' ELSE 'status_changed' END,
          stands, place, (facts ->> 'quantity')::integer,
          CASE WHEN stands IS NULL THEN format('orderwatch: orders_%s', place)
               ELSE format('orderwatch: orders_%s → orders_%s', stands, place) END,
          json_build_object('raw_status', facts ->> 'status');
EXCEPTION
    WHEN undefined_column OR datatype_mismatch OR not_null_violation OR string_data_right_truncation
      OR foreign_key_violation OR check_violation OR insufficient_privilege THEN
        RAISE WARNING 'order_audit_logs does not take what happened to order %: %', number, SQLERRM;
END
$$;
COMMENT ON FUNCTION orderwatch.audit_order IS 'Writes into order_audit_logs, where it exists, that orderwatch has put an order''s row elsewhere.';

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

-- What the warehouse's application keeps off sale, or sells without having it. Its tables are optional:
-- where one is not there, nothing follows from it. One that is there and cannot be read fails the pass.
CREATE FUNCTION orderwatch.listing_rules()
RETURNS TABLE (barcode text, extra_buffer integer, made_to_order boolean)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF to_regclass('public.stock_listing_policy') IS NOT NULL THEN
        RETURN QUERY EXECUTE
            'SELECT barcode::text, extra_buffer::integer, false
             FROM public.stock_listing_policy WHERE extra_buffer > 0';
    END IF;
    IF to_regclass('public.platform_configs') IS NOT NULL AND to_regclass('public.products') IS NOT NULL THEN
        RETURN QUERY EXECUTE
            $q$SELECT p.barcode::text, 0, true
               FROM public.products p
               WHERE p.product_main_id IN (
                   SELECT btrim(m.model #>> '{}')
                   FROM public.platform_configs c
                   CROSS JOIN LATERAL (SELECT to_jsonb(c.extra_config) -> 'models' AS models) s
                   CROSS JOIN LATERAL jsonb_array_elements(
                       CASE jsonb_typeof(s.models) WHEN 'array' THEN s.models ELSE '[]' END) AS m (model)
                   WHERE c.platform = 'uretim_ayar' AND btrim(m.model #>> '{}') <> '')$q$;
    END IF;
END
$$;
COMMENT ON FUNCTION orderwatch.listing_rules IS 'Rules of the warehouse''s application by bar code: stock_listing_policy, and the models of platform_configs (uretim_ayar) that are made to order.';

CREATE FUNCTION orderwatch.empties_what_no_shelf_has()
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT to_regclass('public.stock_movement') IS NOT NULL
        OR to_regclass('public.stock_listing_policy') IS NOT NULL
        OR to_regclass('public.platform_configs') IS NOT NULL
$$;
COMMENT ON FUNCTION orderwatch.empties_what_no_shelf_has IS 'Whether the warehouse''s application is one that keeps central_stock at the sum of the shelves.';

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

-- The marketplace's name of each returned piece, where the warehouse's table keeps it: its application
-- finds the piece by it, and writes it a second time where it is missing.
CREATE FUNCTION orderwatch.name_pieces(ids uuid[], names text[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_attribute
               WHERE attrelid = 'public.return_products'::regclass AND attname = 'claim_line_item_id'
                 AND NOT attisdropped) THEN
        EXECUTE 'UPDATE public.return_products p SET claim_line_item_id = t.name
                 FROM unnest($1, $2) AS t (id, name)
                 WHERE p.id = t.id AND p.claim_line_item_id IS NULL
                   AND NOT EXISTS (SELECT FROM public.return_products o WHERE o.claim_line_item_id = t.name)'
        USING ids, names;
    END IF;
END
$$;
COMMENT ON FUNCTION orderwatch.name_pieces IS 'Fills return_products.claim_line_item_id of our rows, where the table has it.';
