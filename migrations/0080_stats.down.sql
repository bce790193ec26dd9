DROP TABLE orderwatch.stats;
