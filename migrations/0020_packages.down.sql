DROP FUNCTION orderwatch.put_order;
DROP TABLE orderwatch.feeds;
DROP TABLE orderwatch.order_places;
DROP TABLE orderwatch.packages;
