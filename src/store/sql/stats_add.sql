-- What a replica has counted since it wrote last, added to what is there: see stats.rs.
INSERT INTO orderwatch.stats AS s
    (series, minute, integration_id, count, errors, sum_us, buckets)
SELECT i.series, $1, i.panel, i.count, i.errors, i.sum_us, i.buckets::bigint[]
FROM unnest($2::text[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[])
     AS i (series, panel, count, errors, sum_us, buckets)
-- In one order everywhere, so that two replicas wait for each other's rows in turn.
ORDER BY i.series, i.panel
ON CONFLICT (series, minute, integration_id) DO UPDATE
SET count = s.count + excluded.count, errors = s.errors + excluded.errors,
    sum_us = s.sum_us + excluded.sum_us,
    buckets = ARRAY(
        SELECT COALESCE(u.mine, 0) + COALESCE(u.other, 0)
        FROM unnest(s.buckets, excluded.buckets) WITH ORDINALITY AS u (mine, other, place)
        ORDER BY u.place)
