DROP TABLE orderwatch.stock_pauses;
