-- One series in steps of time, all panels or one: see stats.rs. The places of the buckets are named
-- one by one, which is many times faster than taking the arrays apart; there are fewer bounds than that.
SELECT date_bin(make_interval(secs => $5), s.minute, 'epoch') AS "at!",
       sum(s.count)::bigint AS "count!", sum(s.errors)::bigint AS "errors!",
       sum(s.sum_us)::bigint AS "sum_us!",
       ARRAY[sum(s.buckets[1]), sum(s.buckets[2]), sum(s.buckets[3]), sum(s.buckets[4]),
             sum(s.buckets[5]), sum(s.buckets[6]), sum(s.buckets[7]), sum(s.buckets[8]),
             sum(s.buckets[9]), sum(s.buckets[10]), sum(s.buckets[11]), sum(s.buckets[12]),
             sum(s.buckets[13]), sum(s.buckets[14]), sum(s.buckets[15]), sum(s.buckets[16]),
             sum(s.buckets[17]), sum(s.buckets[18]), sum(s.buckets[19]), sum(s.buckets[20])]::bigint[]
             AS "buckets!: Vec<Option<i64>>"
FROM orderwatch.stats s
WHERE s.series = $1 AND s.minute >= $3 AND s.minute < $4
  AND ($2::uuid IS NULL OR s.integration_id = $2)
GROUP BY 1 ORDER BY 1
