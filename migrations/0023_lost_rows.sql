-- A failover to a server that lags behind takes the last commits along, the shop's order among them. What was bought for
-- it is watched to its end and then held, where an order whose row staff have deleted ends at once.
ALTER TABLE orderwatch.orders ADD COLUMN row_lost boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN orderwatch.orders.row_lost IS 'The panel answered about it after the database had lost it, the shop''s row included. While that row is missing it does not end without a person.';
