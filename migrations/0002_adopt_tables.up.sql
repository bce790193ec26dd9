-- The tables of the shop and of the warehouse: taken as they are where they exist, created where the
-- database is empty. Rows, types and constraints of an existing table are not touched.
INSERT INTO orderwatch.created (kind, name)
SELECT 'table', name
FROM unnest(ARRAY[
    'users',
    'product',
    'product_packages',
    'product_orders',
    'integrations',
    'package_routing',
    'package_mappings',
    'package_costs',
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

-- The shop.
CREATE TABLE IF NOT EXISTS public.users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "tenantId" uuid, email varchar(255) NOT NULL);
CREATE TABLE IF NOT EXISTS public.product (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "tenantId" uuid, name varchar(255));
CREATE TABLE IF NOT EXISTS public.product_packages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "tenantId" uuid, name varchar(255), product_id uuid REFERENCES public.product);

CREATE TABLE IF NOT EXISTS public.product_orders (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "tenantId" uuid NOT NULL,
    "orderNo" serial,
    status varchar NOT NULL DEFAULT 'pending',              -- pending | approved | rejected
    "userId" uuid REFERENCES public.users,
    "productId" uuid REFERENCES public.product,
    "packageId" uuid REFERENCES public.product_packages,
    quantity integer NOT NULL DEFAULT 1,
    "sellPriceCurrency" varchar(10) NOT NULL DEFAULT 'USD',
    "sellPriceAmount" numeric(10,2) NOT NULL DEFAULT 0,
    price numeric(10,2) NOT NULL DEFAULT 0,
    "costCurrency" varchar(10) NOT NULL DEFAULT 'USD',
    "costAmount" numeric(10,2) NOT NULL DEFAULT 0,
    "profitAmount" numeric(10,2) NOT NULL DEFAULT 0,
    "userIdentifier" varchar,                               -- player or account id, typed by the customer
    "extraField" varchar,
    "providerId" varchar,                                   -- integrations.id, as text
    "externalOrderId" varchar,
    "externalStatus" varchar NOT NULL DEFAULT 'not_sent',   -- not_sent | queued | sent | pending | processing | completed | done | delivered | failed | rejected | cancelled
    attempts integer NOT NULL DEFAULT 0,
    "lastMessage" varchar(250),
    "providerMessage" text,
    "manualNote" text,
    notes jsonb NOT NULL DEFAULT '[]',                      -- [{"by":"system","text":"…","at":"ISO time"}]
    "notesCount" integer NOT NULL DEFAULT 0,
    "pinCode" varchar(120),
    "sentAt" timestamptz,
    "lastSyncAt" timestamptz,
    "completedAt" timestamptz,
    "durationMs" integer,
    "fxLocked" boolean NOT NULL DEFAULT false,
    "createdAt" timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT uq_orders_tenant_order_no UNIQUE ("tenantId", "orderNo")
);

CREATE TABLE IF NOT EXISTS public.integrations (                                 -- one reseller account of one tenant
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "tenantId" uuid NOT NULL,
    name varchar(120) NOT NULL,
    provider varchar(20) NOT NULL,                          -- znet | barakat | apstore | internal
    scope varchar(10) NOT NULL DEFAULT 'tenant',
    "baseUrl" varchar(255),
    "apiToken" varchar(255),
    kod varchar(120),
    sifre varchar(120),
    enabled boolean DEFAULT true,                           -- absent in older databases
    balance numeric(18,3),                                  -- absent in older databases
    "balanceUpdatedAt" timestamptz,                         -- absent in older databases
    "createdAt" timestamptz NOT NULL DEFAULT now(),
    UNIQUE ("tenantId", name)
);
CREATE TABLE IF NOT EXISTS public.package_routing (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "tenantId" uuid NOT NULL,
    package_id uuid REFERENCES public.product_packages ON DELETE CASCADE,
    mode varchar(10) NOT NULL DEFAULT 'manual',             -- manual | auto
    "providerType" varchar(32) NOT NULL DEFAULT 'manual',   -- manual | external | internal_codes
    "primaryProviderId" varchar,                            -- integrations.id, as text
    "fallbackProviderId" varchar,
    "codeGroupId" uuid,
    UNIQUE ("tenantId", package_id)
);
CREATE TABLE IF NOT EXISTS public.package_mappings (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "tenantId" uuid NOT NULL,
    our_package_id varchar NOT NULL,                        -- product_packages.id, as text
    provider_api_id varchar NOT NULL,                       -- integrations.id, as text
    provider_package_id varchar NOT NULL,                   -- id in the panel's pin_listesi
    meta jsonb                                              -- may hold {"oyun":"…","kupur":"…"}
);
CREATE TABLE IF NOT EXISTS public.package_costs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "tenantId" uuid NOT NULL,
    package_id uuid NOT NULL,
    "providerId" varchar NOT NULL,
    "costCurrency" varchar(10) NOT NULL DEFAULT 'USD',
    "costAmount" numeric(10,2) NOT NULL DEFAULT 0
);

-- The warehouse.
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
    IF EXISTS (SELECT FROM orderwatch.created WHERE (kind, name) = ('table', 'product_orders')) THEN
        CREATE INDEX idx_orders_tenant ON public.product_orders ("tenantId");
        CREATE INDEX idx_orders_created_at ON public.product_orders ("createdAt");
    END IF;
    FOREACH made IN ARRAY ARRAY['created', 'picking', 'shipped', 'delivered', 'cancelled'] LOOP
        IF EXISTS (SELECT FROM orderwatch.created WHERE (kind, name) = ('table', 'orders_' || made)) THEN
            EXECUTE format('CREATE INDEX ON public.%I (order_number)', 'orders_' || made);
        END IF;
    END LOOP;
END
$$;
