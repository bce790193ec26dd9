DROP TABLE orderwatch.order_calls;
