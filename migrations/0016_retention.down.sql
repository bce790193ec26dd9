DROP INDEX orderwatch.orders_finished;
DROP TABLE orderwatch.pruned;
