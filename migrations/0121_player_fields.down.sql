ALTER TABLE orderwatch.purchases DROP COLUMN player_fields;
DROP TABLE orderwatch.player_fields;
