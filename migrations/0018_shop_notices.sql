-- The notice of a new order may never fail the shop's own sale. It fails a COMMIT where the server's queue of
-- notices is full (a session that listens and stands still), and nobody could catch that; and a transaction that
-- has notified cannot be prepared for two-phase commit. In both cases it is left out: the scan finds the order.
CREATE OR REPLACE FUNCTION orderwatch.notify_new_order() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF pg_notification_queue_usage() < 0.5 AND current_setting('max_prepared_transactions') = '0' THEN
        PERFORM pg_notify('orderwatch_new', '');
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;
