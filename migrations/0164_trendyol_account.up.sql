-- Of which account all that is known of orders and stock is: another one would take it for its own.
CREATE TABLE orderwatch.trendyol_account (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seller_id text NOT NULL,
    environment text NOT NULL,
    since timestamptz NOT NULL,
    webhook_checked_at timestamptz,
    webhook_silent_since timestamptz
);
COMMENT ON TABLE orderwatch.trendyol_account IS 'The one account of this database; `orderwatch trendyol forget-account` ends it.';
COMMENT ON COLUMN orderwatch.trendyol_account.environment IS 'The host of trendyol.base_url; "local" is this machine.';
COMMENT ON COLUMN orderwatch.trendyol_account.webhook_checked_at IS 'When Trendyol was last asked whom it calls.';
COMMENT ON COLUMN orderwatch.trendyol_account.webhook_silent_since IS 'Since when it does not call although it should; NULL while it does.';
