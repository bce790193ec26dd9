-- The tables of the shop: taken as they are where they exist, created where the database has none. Rows,
-- types and constraints of an existing table are not touched. Only where the shop is on (shop.enabled):
-- the first word of a migration's name says whose tables it is about.
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
    'package_costs'
]) AS name
WHERE to_regclass('public.' || name) IS NULL;

CREATE TABLE IF NOT EXISTS public.users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "tenantId" uuid, email varchar(255) NOT NULL);
CREATE TABLE IF NOT EXISTS public.product (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "tenantId" uuid, name varchar(255));
CREATE TABLE IF NOT EXISTS public.product_packages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "tenantId" uuid, name varchar(255), product_id uuid);

CREATE TABLE IF NOT EXISTS public.product_orders (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "tenantId" uuid NOT NULL,
    "orderNo" serial,
    status varchar NOT NULL DEFAULT 'pending',              -- pending | approved | rejected
    "userId" uuid,
    "productId" uuid,
    "packageId" uuid,
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
    package_id uuid,
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

-- Who refers to whom, only from tables that are new, and only where the types fit: another application
-- may have a table of the same name (`users` with integer keys) in this database.
DO $$
DECLARE
    refers record;
BEGIN
    FOR refers IN SELECT * FROM (VALUES
        ('product_packages', 'product_id', 'product', ''),
        ('product_orders', 'userId', 'users', ''),
        ('product_orders', 'productId', 'product', ''),
        ('product_orders', 'packageId', 'product_packages', ''),
        ('package_routing', 'package_id', 'product_packages', 'ON DELETE CASCADE')
    ) AS r (made, from_column, target, rule) LOOP
        CONTINUE WHEN NOT EXISTS (
            SELECT FROM orderwatch.created WHERE (kind, name) = ('table', refers.made));
        CONTINUE WHEN NOT EXISTS (
            SELECT FROM pg_index i
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = to_regclass('public.' || refers.target)
              AND i.indisprimary AND i.indnkeyatts = 1 AND a.atttypid = 'uuid'::regtype);
        EXECUTE format('ALTER TABLE public.%I ADD FOREIGN KEY (%I) REFERENCES public.%I %s',
                       refers.made, refers.from_column, refers.target, refers.rule);
    END LOOP;
END
$$;

-- Their indexes, only where the table is new: an existing one has its own.
DO $$
BEGIN
    IF EXISTS (SELECT FROM orderwatch.created WHERE (kind, name) = ('table', 'product_orders')) THEN
        CREATE INDEX idx_orders_tenant ON public.product_orders ("tenantId");
        CREATE INDEX idx_orders_created_at ON public.product_orders ("createdAt");
    END IF;
END
$$;

-- The number by which the panel knows the purchase, in the shop's own row.
INSERT INTO orderwatch.created (kind, name)
SELECT 'column', 'product_orders.provider_referans'
WHERE NOT EXISTS (
    SELECT FROM information_schema.columns
    WHERE (table_schema, table_name, column_name) = ('public', 'product_orders', 'provider_referans'));

ALTER TABLE public.product_orders ADD COLUMN IF NOT EXISTS provider_referans varchar(255);

-- Wakes the dispatcher when an order is inserted. Once per statement, and with the same payload, so
-- that a bulk insert is one notice.
CREATE FUNCTION orderwatch.notify_new_order() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('orderwatch_new', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER orderwatch_new_order AFTER INSERT ON public.product_orders
    FOR EACH STATEMENT EXECUTE FUNCTION orderwatch.notify_new_order();
