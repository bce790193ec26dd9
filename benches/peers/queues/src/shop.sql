-- The shop's tables as far as a check reads and writes them, as Django makes them of benches/peers/celery.
CREATE TABLE integrations (
    id uuid PRIMARY KEY,
    "tenantId" uuid NOT NULL,
    "baseUrl" varchar(255) NOT NULL,
    kod varchar(120) NOT NULL,
    sifre varchar(120) NOT NULL
);
CREATE TABLE product_orders (
    id uuid PRIMARY KEY,
    "tenantId" uuid NOT NULL,
    status varchar(20) NOT NULL,
    "userIdentifier" varchar(255) NOT NULL,
    "providerId" varchar(255) NOT NULL,
    "externalOrderId" varchar(255) NOT NULL,
    "externalStatus" varchar(20) NOT NULL,
    provider_referans varchar(255) NOT NULL,
    attempts integer NOT NULL,
    "lastMessage" varchar(250),
    "providerMessage" text,
    "pinCode" varchar(120),
    "sentAt" timestamptz NOT NULL,
    "lastSyncAt" timestamptz,
    "completedAt" timestamptz,
    "createdAt" timestamptz NOT NULL
);
CREATE INDEX idx_orders_tenant ON product_orders ("tenantId");
CREATE INDEX idx_orders_created_at ON product_orders ("createdAt");
