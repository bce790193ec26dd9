//! Passes of periodic jobs: who runs one, and what came of it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};

use super::{
    Store, StoreError,
    pool::{Reach, Statements, in_time},
};
use crate::overview::RunView;
use crate::telemetry::chain;

/// One scheduled pass, which happens once however many replicas there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) job: &'static str,
    /// The scheduled time.
    pub(crate) at: DateTime<Utc>,
}

/// A job's last passes, the newest first, and when the last one that was done ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecentRuns {
    pub(crate) runs: Vec<RunView>,
    pub(crate) done_at: Option<DateTime<Utc>>,
}

/// The right to run a job's pass; lost with the connection.
///
/// It is a lock of a transaction, not of a session: a pooler in transaction mode gives a session's
/// statements to several connections, and a lock that was taken on one of them and given back on
/// another would keep every replica from the job until somebody noticed.
///
/// The connection is none of the pool's. A pass holds its lead for as long as it works and needs others
/// meanwhile; were leads taken from the same pool, a few of them would wait for each other for ever.
pub struct Leader(PgConnection);

/// Idle as long as the pass takes. No statement runs on its tables, so it holds up nobody.
const BEGIN_LEAD: &str = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; \
                          SET LOCAL lock_timeout = '30s'";
/// The server's code for a lock that did not come within `lock_timeout`.
const LOCK_NOT_AVAILABLE: &str = "55P03";

impl Leader {
    /// Whether the right is still there: it ends with its connection, and nobody says so.
    pub(crate) async fn holds(&mut self) -> bool {
        // Asked, since a connection that is cut reports nothing by itself.
        let held = in_time(self.0.execute("SELECT 1")).await.flatten();
        held.is_ok()
    }

    /// Gives the right back. Should that fail, it ends with the connection.
    pub async fn resign(mut self) {
        let resigned = async {
            self.0.execute("ROLLBACK").await?;
            self.0.close().await
        };
        // No fault: a lock that is not given back ends with its connection.
        if let Err(error) = in_time(resigned).await.flatten() {
            tracing::debug!(
                error = chain(&error),
                "a job's lock ends with its connection"
            );
        }
    }
}

/// One statement in the life of a connection: whatever is in between, it needs no name.
const fn unnamed(connection: &mut PgConnection) -> Statements<'_> {
    Statements::new(connection, Reach::Pooler)
}

impl Store {
    /// Takes the right to run a job, unless another process has it.
    pub async fn lead(&self, job: &str) -> Result<Option<Leader>, StoreError> {
        let doing = StoreError::doing("asking for the lead of a job");
        let mut connection = self.begin_lead().await.map_err(&doing)?;
        // Tried rather than waited for: one replica runs the tick, the others have nothing to do.
        let leads = sqlx::query_scalar!(
            r#"SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS "leads!""#,
            lock_of(job)
        )
        .fetch_one(unnamed(&mut connection));
        let leads = in_time(leads).await.flatten().map_err(&doing)?;
        let leader = Leader(connection);
        if leads {
            return Ok(Some(leader));
        }

        // Dropped with its transaction open, it would be a line in the server's log at every try.
        leader.resign().await;

        Ok(None)
    }

    /// The same, but waits for half a minute while another process has it.
    pub(crate) async fn lead_in_turn(&self, job: &str) -> Result<Option<Leader>, StoreError> {
        let doing = StoreError::doing("waiting for the lead of a job");
        let mut connection = self.begin_lead().await.map_err(&doing)?;
        let leads = sqlx::query!(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
            lock_of(job)
        )
        .execute(unnamed(&mut connection));

        match in_time(leads).await.flatten() {
            Ok(_) => Ok(Some(Leader(connection))),
            // `lock_timeout` has ended the wait: another process is at work, which is no failure.
            Err(sqlx::Error::Database(error))
                if error.code().as_deref() == Some(LOCK_NOT_AVAILABLE) =>
            {
                Leader(connection).resign().await;
                Ok(None)
            }
            Err(error) => Err(doing(error)),
        }
    }

    async fn begin_lead(&self) -> Result<PgConnection, sqlx::Error> {
        let connected = async {
            let mut connection = self.pool.own_connection().await?;
            connection.execute(BEGIN_LEAD).await?;
            Ok(connection)
        };
        // Boxed: a future that connects is larger than that of any pass around it.
        in_time(Box::pin(connected)).await.flatten()
    }

    /// Writes the tick down. False when another replica has done so already.
    ///
    /// Passes of the future are forgotten: the clock was set back since, and their times come again.
    pub(crate) async fn begin_job(
        &self,
        tick: Tick,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        // Whoever may write has the lead, so an earlier pass that has not ended never will.
        let started = sqlx::query!(
            "WITH ahead AS (
                 DELETE FROM orderwatch.job_runs
                 WHERE job = $1 AND tick > $2 AND started_at > $3::timestamptz + interval '1 minute'
             ), cut_off AS (
                 UPDATE orderwatch.job_runs SET outcome = 'failed', report = $4
                 WHERE job = $1 AND tick <> $2 AND tick > $2 - interval '2 days' AND outcome IS NULL
                   AND started_at <= $3::timestamptz + interval '1 minute'
             )
             INSERT INTO orderwatch.job_runs (job, tick, started_at) VALUES ($1, $2, $3)
             ON CONFLICT (job, tick) DO NOTHING",
            tick.job,
            tick.at,
            now,
            json!({ "error": "its process ended before it did" })
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("beginning a pass"))?;

        Ok(started.rows_affected() == 1)
    }

    /// Writes down how a pass ended.
    pub(crate) async fn end_job(
        &self,
        tick: Tick,
        now: DateTime<Utc>,
        done: bool,
        report: &Value,
    ) -> Result<bool, StoreError> {
        let ended = sqlx::query!(
            "UPDATE orderwatch.job_runs SET finished_at = $3, outcome = $4, report = $5
             WHERE job = $1 AND tick = $2",
            tick.job,
            tick.at,
            now,
            if done { "done" } else { "failed" },
            report
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("ending a pass"))?;
        Ok(ended.rows_affected() == 1)
    }

    /// The last passes of each of these jobs; a job that never passed is missing.
    pub(crate) async fn recent_runs(
        &self,
        jobs: Vec<String>,
        limit: i64,
    ) -> Result<HashMap<String, RecentRuns>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT j.name AS "job!", r.tick AS "tick!", r.started_at AS "started_at!",
                      r.finished_at, r.outcome, r.report, d.finished_at AS "done_at?"
               FROM unnest($1::text[]) AS j (name)
               LEFT JOIN LATERAL (
                   SELECT finished_at FROM orderwatch.job_runs
                   WHERE job = j.name AND outcome = 'done' ORDER BY tick DESC LIMIT 1) d ON true
               CROSS JOIN LATERAL (
                   SELECT * FROM orderwatch.job_runs r
                   WHERE r.job = j.name ORDER BY r.tick DESC LIMIT $2) r
               ORDER BY j.name, r.tick DESC"#,
            &jobs,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the passes of the jobs"))?;

        // Each row carries the job's last good end along.
        let mut recent: HashMap<String, RecentRuns> = HashMap::new();
        for row in rows {
            let job = recent.entry(row.job).or_default();
            job.done_at = row.done_at;
            job.runs.push(RunView {
                tick: row.tick,
                started_at: row.started_at,
                finished_at: row.finished_at,
                outcome: row.outcome,
                report: row.report,
            });
        }

        Ok(recent)
    }

    /// The passes of a job before one of them, newest first.
    pub(crate) async fn job_runs_before(
        &self,
        job: &str,
        before: Option<DateTime<Utc>>,
        limit: i64,
    ) -> Result<Vec<RunView>, StoreError> {
        sqlx::query_as!(
            RunView,
            "SELECT tick, started_at, finished_at, outcome, report FROM orderwatch.job_runs
             WHERE job = $1 AND ($2::timestamptz IS NULL OR tick < $2)
             ORDER BY tick DESC LIMIT $3",
            job,
            before,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading a page of passes"))
    }
}

fn lock_of(job: &str) -> String {
    format!("orderwatch job {job}")
}
