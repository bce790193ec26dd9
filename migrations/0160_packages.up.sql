-- What is owed is counted by order (stock::owed): for that it is kept why there is a package, and of
-- one that was dissolved whether its units are in other packages.
ALTER TABLE orderwatch.packages
    ADD COLUMN created_by text,
    ADD COLUMN transferred boolean NOT NULL DEFAULT false,
    ADD COLUMN owing boolean NOT NULL DEFAULT false,
    ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN fingerprint bytea,
    ADD COLUMN asked_in_vain integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN orderwatch.packages.package_id IS 'shipmentPackageId; negative where the marketplace has given none yet: then the row stands for its order until the package comes.';
COMMENT ON COLUMN orderwatch.packages.created_by IS 'createdBy as it was first told; NULL where it was not.';
COMMENT ON COLUMN orderwatch.packages.transferred IS 'Its createdBy is or became transfer: it was passed on between sellers, in a direction that nobody knows.';
COMMENT ON COLUMN orderwatch.packages.owing IS 'It was dissolved, and not all of its units are in other packages: they stay reserved without a limit of time.';
COMMENT ON COLUMN orderwatch.packages.recorded_at IS 'When this state of it was first heard of.';
COMMENT ON COLUMN orderwatch.packages.fingerprint IS 'SHA-256 of the record; NULL before it was told again after 0160. A record of the same time with another one is news.';
COMMENT ON COLUMN orderwatch.packages.asked_in_vain IS 'Questions about its order in a row whose answers did not tell of it.';

-- Until now a package without origins carried on what was dissolved before it, and what did not come
-- within an hour was given up.
UPDATE orderwatch.packages p SET
    recorded_at = changed_at,
    created_by = CASE WHEN origins = '{}' AND EXISTS (
        SELECT FROM orderwatch.packages o
        WHERE o.order_number = p.order_number AND o.package_id < p.package_id
          AND o.effect = 'superseded') THEN 'split' END,
    owing = effect = 'superseded' AND taken_at IS NULL AND changed_at > now() - interval '1 hour',
    effect = CASE WHEN effect = 'unknown' AND lower(replace(status, '_', '')) = 'undeliveredandreturned'
                  THEN 'returned' ELSE effect END;

-- Until now all orders without an id of their package shared one row.
UPDATE orderwatch.packages p SET package_id = -order_number::bigint
WHERE package_id <= 0 AND order_number ~ '^[1-9][0-9]{0,17}$'
  AND NOT EXISTS (SELECT FROM orderwatch.packages o WHERE o.package_id = -p.order_number::bigint);

CREATE INDEX packages_owing ON orderwatch.packages (order_number) WHERE owing;
