-- The schema itself goes with the last migration: the list of applied migrations lives in it.
DROP TABLE orderwatch.created;
