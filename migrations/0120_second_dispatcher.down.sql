ALTER TABLE orderwatch.panels DROP COLUMN mark, DROP COLUMN mark_at;
DROP TABLE orderwatch.unexplained;
DROP INDEX orderwatch.actions_resumed;
DROP TABLE orderwatch.overwritten;
