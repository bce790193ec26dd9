DROP INDEX orderwatch.stock_items_resting;
DROP INDEX orderwatch.notices_given_up;
DROP INDEX orderwatch.orders_unsure;
DROP TABLE orderwatch.daemons;
