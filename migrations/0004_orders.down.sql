DROP TABLE orderwatch.job_runs;
DROP TABLE orderwatch.events;
DROP TABLE orderwatch.purchases;
DROP TABLE orderwatch.orders;
