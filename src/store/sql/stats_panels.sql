-- What was measured of each panel's calls: see stats.rs.
SELECT s.integration_id,
       sum(s.count)::bigint AS "count!", sum(s.errors)::bigint AS "errors!",
       sum(s.sum_us)::bigint AS "sum_us!",
       ARRAY[sum(s.buckets[1]), sum(s.buckets[2]), sum(s.buckets[3]), sum(s.buckets[4]),
             sum(s.buckets[5]), sum(s.buckets[6]), sum(s.buckets[7]), sum(s.buckets[8]),
             sum(s.buckets[9]), sum(s.buckets[10]), sum(s.buckets[11]), sum(s.buckets[12]),
             sum(s.buckets[13]), sum(s.buckets[14]), sum(s.buckets[15]), sum(s.buckets[16]),
             sum(s.buckets[17]), sum(s.buckets[18]), sum(s.buckets[19]), sum(s.buckets[20])]::bigint[]
             AS "buckets!: Vec<Option<i64>>"
FROM orderwatch.stats s
WHERE s.series = ANY ($1) AND s.minute > $2
GROUP BY 1 ORDER BY 1
