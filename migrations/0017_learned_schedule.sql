-- How long each panel takes to deliver each package, from which the next question about an order is placed.
CREATE TABLE orderwatch.delivery_times (
    integration_id uuid NOT NULL,
    package_id uuid NOT NULL,
    weights float8[] NOT NULL,
    samples bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (integration_id, package_id)
);
COMMENT ON TABLE orderwatch.delivery_times IS 'Histograms of the time from a purchase to its delivery; older deliveries count for less.';
COMMENT ON COLUMN orderwatch.delivery_times.package_id IS 'public.product_packages.id; nil for all packages of the panel.';
COMMENT ON COLUMN orderwatch.delivery_times.weights IS 'Weight of each bin: below 1 s, then two bins to each doubling.';
COMMENT ON COLUMN orderwatch.delivery_times.samples IS 'Deliveries that it was learned from.';

ALTER TABLE orderwatch.orders ADD COLUMN package_id uuid, ADD COLUMN waited_at timestamptz;
COMMENT ON COLUMN orderwatch.orders.package_id IS 'public.product_packages.id, as it was when we sent the order; NULL where the shop sent it.';
COMMENT ON COLUMN orderwatch.orders.waited_at IS 'When the panel last said that it was still working on it.';
