DROP TABLE orderwatch.claims;
DROP TABLE orderwatch.picking_outbox;
DROP TABLE orderwatch.stock_sends;
DROP TABLE orderwatch.stock_batches;
DROP TABLE orderwatch.stock_items;
