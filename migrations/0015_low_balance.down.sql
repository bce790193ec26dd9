ALTER TABLE orderwatch.panels DROP COLUMN low_warned_at;
