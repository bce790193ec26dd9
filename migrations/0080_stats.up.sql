-- Statistics over time, for the charts: what the replicas have counted and measured in each minute.
CREATE TABLE orderwatch.stats (
    series text NOT NULL,
    minute timestamptz NOT NULL,
    integration_id uuid NOT NULL,
    count bigint NOT NULL,
    errors bigint NOT NULL,
    sum_us bigint NOT NULL,
    buckets bigint[] NOT NULL,
    PRIMARY KEY (series, minute, integration_id)
);
COMMENT ON TABLE orderwatch.stats IS 'One row per minute, series and panel in which something happened; replicas add to the same row. A crash may lose the last seconds.';
COMMENT ON COLUMN orderwatch.stats.integration_id IS 'public.integrations.id; the nil UUID for what belongs to no panel.';
COMMENT ON COLUMN orderwatch.stats.count IS 'How many.';
COMMENT ON COLUMN orderwatch.stats.errors IS 'How many of them went wrong.';
COMMENT ON COLUMN orderwatch.stats.sum_us IS 'The sum of their times, in microseconds.';
COMMENT ON COLUMN orderwatch.stats.buckets IS 'How many took longer than the bound before and at most the one at this place; the bounds are the program''s and only ever grow at the end.';
CREATE INDEX stats_minute ON orderwatch.stats (minute);
