DROP INDEX orderwatch.purchases_spent;
ALTER TABLE orderwatch.purchases DROP COLUMN expected;
ALTER TABLE orderwatch.orders DROP COLUMN fell_back;
DROP TABLE orderwatch.shadow;
DROP TABLE orderwatch.actions;
DROP TABLE orderwatch.paces;
DROP TABLE orderwatch.panels;
DROP TABLE orderwatch.brakes;
