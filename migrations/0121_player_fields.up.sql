-- Whether a product's player fields reach the right account is known only from a real order.
CREATE TABLE orderwatch.player_fields (
    integration_id uuid NOT NULL,
    package_id uuid NOT NULL,
    fields text NOT NULL,
    sold_at timestamptz NOT NULL,
    confirmed_order uuid,
    confirmed_by text,
    confirmed_at timestamptz,
    PRIMARY KEY (integration_id, package_id, fields),
    CONSTRAINT a_confirmation_is_signed CHECK (
        (confirmed_at IS NULL) = (confirmed_by IS NULL)
        AND (confirmed_at IS NULL) = (confirmed_order IS NULL))
);
COMMENT ON TABLE orderwatch.player_fields IS 'Products that were sold, by the rule that filled their player fields, and the order by which a person has confirmed it.';
COMMENT ON COLUMN orderwatch.player_fields.package_id IS 'public.product_packages.id.';
COMMENT ON COLUMN orderwatch.player_fields.fields IS 'As in znet.player_fields; another rule needs another confirmation.';
COMMENT ON COLUMN orderwatch.player_fields.sold_at IS 'When it was first sold so.';
COMMENT ON COLUMN orderwatch.player_fields.confirmed_order IS 'The order whose customer got the goods.';

ALTER TABLE orderwatch.purchases ADD COLUMN player_fields text;
COMMENT ON COLUMN orderwatch.purchases.player_fields IS 'The rule that filled its player fields; NULL for purchases of the shop and of before.';
