-- The warehouse's tables differ from database to database: a column that one of them lacks is left out, and
-- one that only some have is filled where it is.

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
