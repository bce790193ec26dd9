DROP INDEX orderwatch.packages_owing;
DELETE FROM orderwatch.packages WHERE package_id < 0;
COMMENT ON COLUMN orderwatch.packages.package_id IS NULL;
ALTER TABLE orderwatch.packages
    DROP COLUMN created_by,
    DROP COLUMN transferred,
    DROP COLUMN owing,
    DROP COLUMN recorded_at,
    DROP COLUMN fingerprint,
    DROP COLUMN asked_in_vain;
