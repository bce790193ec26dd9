ALTER TABLE orderwatch.panels ADD COLUMN low_warned_at timestamptz;
COMMENT ON COLUMN orderwatch.panels.low_warned_at IS 'When a low balance was last warned about; NULL while it is not low.';
