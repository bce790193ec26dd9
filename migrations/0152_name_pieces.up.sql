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
