-- no-transaction
-- Support finds a customer's orders by the player id. Its values never change after the insert.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orderwatch_player
    ON public.product_orders ("userIdentifier") WHERE "userIdentifier" IS NOT NULL;
