-- What stops or slows buying, kept here so that it survives a restart and holds for every replica.
CREATE TABLE orderwatch.brakes (
    scope uuid PRIMARY KEY,
    who text NOT NULL,
    why text NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE orderwatch.brakes IS 'Buying is paused where there is a row; what was bought is watched all the same.';
COMMENT ON COLUMN orderwatch.brakes.scope IS 'integrations.id; the nil UUID for all of them.';

CREATE TABLE orderwatch.panels (
    integration_id uuid PRIMARY KEY,
    open_until timestamptz,
    opened_at timestamptz,
    open_reason text,
    balance numeric,
    balance_at timestamptz,
    limit_warned_at timestamptz,
    low_warned_at timestamptz,
    mark numeric,
    mark_at timestamptz,
    CONSTRAINT open_breaker_says_why CHECK (
        (open_until IS NULL) = (opened_at IS NULL) AND (open_until IS NULL) = (open_reason IS NULL))
);
COMMENT ON TABLE orderwatch.panels IS 'What the replicas agree on about a panel.';
COMMENT ON COLUMN orderwatch.panels.open_until IS 'The breaker is open: nothing is sent before this time, then one probe; NULL while it is closed.';
COMMENT ON COLUMN orderwatch.panels.balance IS 'Last balance that the panel told, in TRY.';
COMMENT ON COLUMN orderwatch.panels.limit_warned_at IS 'When the spending limit was last warned about.';
COMMENT ON COLUMN orderwatch.panels.low_warned_at IS 'When a low balance was last warned about; NULL while it is not low.';
COMMENT ON COLUMN orderwatch.panels.mark IS 'A balance read while no purchase of ours was under way: the next one is compared with it.';
COMMENT ON COLUMN orderwatch.panels.mark_at IS 'When the panel was asked for it.';

-- The pace of each panel over all replicas. Not worth a log: after a crash the pace begins anew.
CREATE UNLOGGED TABLE orderwatch.paces (
    integration_id uuid PRIMARY KEY,
    next_at timestamptz NOT NULL
);
COMMENT ON COLUMN orderwatch.paces.next_at IS 'The next request may leave at this time.';

-- What people did.
CREATE TABLE orderwatch.actions (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    who text NOT NULL,
    what text NOT NULL,
    target text NOT NULL,
    why text NOT NULL
);
COMMENT ON TABLE orderwatch.actions IS 'Every action of a person, for ever: who, when, what, why.';

-- When a person last let a panel go on: what was sent before is known to that person.
CREATE INDEX actions_resumed ON orderwatch.actions (target, at)
    WHERE what = 'resume';

-- Every pass of a periodic job. The key makes a tick happen once, whoever believes to lead.
CREATE TABLE orderwatch.job_runs (
    job text NOT NULL,
    tick timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    outcome text CHECK (outcome IN ('done', 'failed')),
    report jsonb,
    PRIMARY KEY (job, tick)
);
COMMENT ON COLUMN orderwatch.job_runs.tick IS 'The scheduled time; for a pass started by hand, the time it was started.';
COMMENT ON COLUMN orderwatch.job_runs.outcome IS 'NULL while it runs, or when its process died.';

-- Who is at work, and what people look at all day long.
CREATE TABLE orderwatch.daemons (
    id uuid PRIMARY KEY,
    version text NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    stopped_at timestamptz,
    buying text NOT NULL CHECK (buying IN ('live', 'shadow', 'off')),
    watching boolean NOT NULL,
    stuck text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE orderwatch.daemons IS 'One row per daemon that runs or has run lately; it says again and again that it is there.';
COMMENT ON COLUMN orderwatch.daemons.id IS 'Drawn when it starts; two daemons on one machine have two.';
COMMENT ON COLUMN orderwatch.daemons.stopped_at IS 'When it ended properly; NULL while it runs, or when it died.';
COMMENT ON COLUMN orderwatch.daemons.buying IS 'live: it buys. shadow: it only writes down what it would buy. off: it does not.';
COMMENT ON COLUMN orderwatch.daemons.watching IS 'Whether it asks the panels about orders.';
COMMENT ON COLUMN orderwatch.daemons.stuck IS 'Its loops that have not finished a turn in time.';

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
