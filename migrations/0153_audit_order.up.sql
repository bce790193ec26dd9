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
