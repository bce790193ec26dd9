-- A second kind of panel: what is written down about a purchase no longer has the first one's words.
ALTER TABLE orderwatch.shadow ADD COLUMN product jsonb, ADD COLUMN player_fields text;
UPDATE orderwatch.shadow SET product = jsonb_build_object('oyun', oyun, 'kupur', kupur)
WHERE oyun IS NOT NULL AND kupur IS NOT NULL;
ALTER TABLE orderwatch.shadow DROP COLUMN oyun, DROP COLUMN kupur;

COMMENT ON COLUMN orderwatch.shadow.product IS 'The product in the panel''s own terms.';
COMMENT ON COLUMN orderwatch.shadow.player_fields IS 'The rule by which the player fields would have been filled.';
COMMENT ON COLUMN orderwatch.player_fields.fields IS 'The rule: as in znet.player_fields, or the field of the order for each parameter of the product. Another rule needs another confirmation.';
