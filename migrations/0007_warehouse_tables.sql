-- The tables of the warehouse: taken as they are where they exist, created where the database has none.
-- Rows, types and constraints of an existing table are not touched. Only where the store is on
-- (trendyol.enabled).
INSERT INTO orderwatch.created (kind, name)
SELECT 'table', name
FROM unnest(ARRAY[
    'central_stock',
    'stock_push_log',
    'raf_urunleri',
    'orders_created',
    'orders_picking',
    'orders_shipped',
    'orders_delivered',
    'orders_cancelled',
    'return_orders',
    'return_products'
]) AS name
WHERE to_regclass('public.' || name) IS NULL;

CREATE TABLE IF NOT EXISTS public.central_stock (
    barcode varchar PRIMARY KEY,
    qty integer NOT NULL DEFAULT 0,
    updated_at timestamp,                                   -- when the physical stock changed; UTC, no zone
    last_push_date timestamptz
);
CREATE TABLE IF NOT EXISTS public.stock_push_log (
    id serial PRIMARY KEY,
    push_time timestamptz NOT NULL DEFAULT now(),
    total_items integer NOT NULL DEFAULT 0,
    total_quantity integer NOT NULL DEFAULT 0,
    reserved_quantity integer NOT NULL DEFAULT 0,
    batch_count integer NOT NULL DEFAULT 0,
    success boolean NOT NULL DEFAULT true,
    error_message text,
    duration_seconds double precision
);
CREATE TABLE IF NOT EXISTS public.raf_urunleri (                                 -- shelves
    id serial PRIMARY KEY,
    raf_kodu varchar NOT NULL,
    urun_barkodu varchar NOT NULL,
    adet integer DEFAULT 1,
    CONSTRAINT u_raf_urun UNIQUE (raf_kodu, urun_barkodu)
);
-- One table per order status, same columns. `details` is TEXT holding JSON: an array of lines (older rows: one object).
-- Seen in real rows: quantity as number or string, barcode with blanks around it or null, invalid JSON, empty string.
CREATE TABLE IF NOT EXISTS public.orders_created (
    id serial PRIMARY KEY,
    order_number varchar NOT NULL,
    order_date timestamp,
    status varchar,
    customer_id varchar, customer_name varchar, customer_surname varchar, customer_address text,
    merchant_sku text, product_barcode text, product_name text, product_code text, product_size text, product_color text,
    product_main_id text, "stockCode" text, line_id text,
    details text,                                           -- [{"barcode":"8699…","quantity":2,"line_id":1,"shipmentPackageId":5, …}]
    quantity integer,
    amount double precision, discount double precision DEFAULT 0, currency_code varchar(10),
    shipment_package_id varchar, package_number varchar, shipping_barcode varchar,
    cargo_tracking_number varchar, cargo_provider_name varchar, cargo_tracking_link varchar,
    origin_shipment_date timestamp, estimated_delivery_start timestamp, estimated_delivery_end timestamp,
    agreed_delivery_date timestamp, last_modified_date timestamp,
    created_at timestamp NOT NULL, updated_at timestamp NOT NULL    -- no default: the application filled them in
);
CREATE TABLE IF NOT EXISTS public.orders_picking   (LIKE public.orders_created INCLUDING ALL, picking_start_time timestamp, picked_by varchar);
CREATE TABLE IF NOT EXISTS public.orders_shipped   (LIKE public.orders_created INCLUDING ALL, shipping_time timestamp, tracking_updated boolean DEFAULT false);
CREATE TABLE IF NOT EXISTS public.orders_delivered (LIKE public.orders_created INCLUDING ALL, delivery_date timestamp, delivery_confirmed boolean DEFAULT false);
CREATE TABLE IF NOT EXISTS public.orders_cancelled (LIKE public.orders_created INCLUDING ALL, cancellation_date timestamp, cancellation_reason varchar);
CREATE TABLE IF NOT EXISTS public.return_orders (
    id uuid PRIMARY KEY, order_number varchar, return_request_number varchar UNIQUE, status varchar, return_date timestamp,
    process_date timestamp, customer_first_name varchar, customer_last_name varchar, cargo_tracking_number varchar,
    cargo_provider_name varchar, cargo_sender_number varchar, cargo_tracking_link varchar, processed_by varchar,
    return_reason varchar, customer_explanation text, return_category varchar, notes text, approval_reason text,
    refund_amount double precision
);
CREATE TABLE IF NOT EXISTS public.return_products (
    id uuid PRIMARY KEY, return_order_id uuid NOT NULL REFERENCES public.return_orders, barcode varchar, product_name varchar,
    size varchar, color varchar, quantity integer NOT NULL DEFAULT 1, reason varchar
);

-- Their indexes, only where the table is new: an existing one has its own.
DO $$
DECLARE
    made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['created', 'picking', 'shipped', 'delivered', 'cancelled'] LOOP
        IF EXISTS (SELECT FROM orderwatch.created WHERE (kind, name) = ('table', 'orders_' || made)) THEN
            EXECUTE format('CREATE INDEX ON public.%I (order_number)', 'orders_' || made);
        END IF;
    END LOOP;
END
$$;

-- Wakes the stock side when the warehouse changes: the barcodes that changed, or '*' when there are many.
-- Once per statement; nothing that goes wrong here may fail the warehouse's own statement.
CREATE FUNCTION orderwatch.notify_stock() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    rows bigint;
    names text;
BEGIN
    SELECT count(*), string_agg(DISTINCT c.row ->> TG_ARGV[0], ',') INTO rows, names
    FROM (SELECT to_jsonb(n) AS row FROM changed n LIMIT 201) c;
    IF rows > 0 THEN
        PERFORM pg_notify('orderwatch_stock',
                          CASE WHEN rows > 200 OR octet_length(names) > 7000 THEN '*' ELSE COALESCE(names, '') END);
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION orderwatch.notify_stock IS 'Tells orderwatch which barcodes a statement has changed; the column that names them is the trigger''s argument.';

DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT 'public.central_stock'::regclass AS relation, 'barcode' AS named
             UNION ALL
             SELECT o.relation, 'product_barcode' FROM orderwatch.order_tables() o
             WHERE o.place NOT IN ('shipped', 'delivered', 'archive', 'archived') LOOP
        EXECUTE format('CREATE TRIGGER orderwatch_stock_added AFTER INSERT ON %s REFERENCING NEW TABLE AS changed
                        FOR EACH STATEMENT EXECUTE FUNCTION orderwatch.notify_stock(%L)', t.relation, t.named);
        EXECUTE format('CREATE TRIGGER orderwatch_stock_changed AFTER UPDATE ON %s REFERENCING NEW TABLE AS changed
                        FOR EACH STATEMENT EXECUTE FUNCTION orderwatch.notify_stock(%L)', t.relation, t.named);
        EXECUTE format('CREATE TRIGGER orderwatch_stock_removed AFTER DELETE ON %s REFERENCING OLD TABLE AS changed
                        FOR EACH STATEMENT EXECUTE FUNCTION orderwatch.notify_stock(%L)', t.relation, t.named);
    END LOOP;
END
$$;
