//! The one loop of the periodic jobs: missed ticks, leadership, panics; [`Schedule`] says when.
//!
//! Any number of replicas may run. An advisory lock per job saves the others the work; a unique row
//! per tick makes the tick happen once even when two replicas believe to lead. A missed tick is not
//! made up for: the next run reads the database and does what there is to do.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::pulse::Pulse;
pub(crate) use super::schedule::Schedule;
use crate::{
    clock::Clock,
    marketplace::MarketError,
    metrics::{METRICS, label::JobOutcome},
    stock::guard::Zeroing,
    store::{Leader, Store, StoreError, Tick},
    telemetry::chain,
};

/// A periodic job. A run takes no hints: it reads the database and does what there is to do.
#[async_trait]
pub trait Job: Send + Sync {
    /// As in `orderwatch once NAME`.
    fn name(&self) -> &'static str;

    /// Reads the database, acts, and returns its figures. What it did before an error stands.
    async fn run(&self) -> Result<Value, JobError>;
}

/// A run did not do all of its work.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the report cannot be written")]
    Report(#[from] serde_json::Error),
    /// It panicked; the log has the place.
    #[error("the job panicked")]
    Panicked,
    /// Another process may send by now.
    #[error("the lead was lost with its connection; what was planned under it is not sent")]
    LostLead,
    /// The daemon stops.
    #[error("the job was stopped half-way")]
    Stopped,
    #[error(transparent)]
    Market(#[from] MarketError),
    /// It would have taken too much off sale.
    #[error(transparent)]
    Zeroing(#[from] Zeroing),
    /// Some of its work could not be done, which the text names.
    #[error("{0}")]
    Partly(String),
}

/// What came of a tick.
#[derive(Debug)]
pub(crate) enum Ran {
    /// This process ran it; its figures.
    Here(Value),
    /// Another replica runs it, or has run it.
    Elsewhere,
}

/// One periodic job.
pub(crate) struct Periodic {
    pub(crate) job: Arc<dyn Job>,
    pub(crate) schedule: Schedule,
    /// Where runs are recorded.
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pulse: Pulse,
}

impl Periodic {
    /// Runs the job until it is stopped.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut wait = self.schedule.first(self.clock.now());
        loop {
            if !self.rest(wait, &stop).await {
                return;
            }

            let began = std::time::Instant::now();
            let tick = Tick {
                job: self.job.name(),
                at: self.schedule.slot(self.clock.now()),
            };
            let ran = self.tick(tick, &stop).await;

            report(tick.job, &ran);
            measure(tick.job, &ran, began.elapsed());
            wait = self.schedule.next(self.clock.now(), began.elapsed());
        }
    }

    /// False when it was stopped.
    async fn rest(&self, rest: Duration, stop: &CancellationToken) -> bool {
        // In short steps, so that a long interval does not look like a stalled worker.
        const STEP: Duration = Duration::from_secs(5);
        let end = tokio::time::Instant::now() + rest;

        loop {
            self.pulse.beat();
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            if left.is_zero() {
                return !stop.is_cancelled();
            }

            let short = tokio::time::sleep(left.min(STEP));
            if stop.run_until_cancelled(short).await.is_none() {
                return false;
            }
        }
    }

    async fn tick(&self, tick: Tick, stop: &CancellationToken) -> Result<Ran, JobError> {
        let work = work(&self.store, &*self.clock, &self.job, tick);
        let worked = stop.run_until_cancelled(work).await;
        // What was done is written down and reported, also where the daemon is stopped meanwhile.
        end(
            &self.store,
            &*self.clock,
            tick,
            worked.unwrap_or(Err(JobError::Stopped))?,
        )
        .await
    }
}

/// Runs one tick, unless another replica does. A run that fails is recorded as failed.
pub(crate) async fn run_tick(
    store: &Store,
    clock: &dyn Clock,
    job: &Arc<dyn Job>,
    tick: Tick,
) -> Result<Ran, JobError> {
    let worked = work(store, clock, job, tick).await?;
    end(store, clock, tick, worked).await
}

/// A run that has ended and is not written down yet.
struct Worked {
    leader: Leader,
    result: Result<Value, JobError>,
}

/// Does the work of a tick; `None` where another replica does, or has done it.
async fn work(
    store: &Store,
    clock: &dyn Clock,
    job: &Arc<dyn Job>,
    tick: Tick,
) -> Result<Option<Worked>, JobError> {
    let Some(leader) = store.lead(tick.job).await? else {
        return Ok(None);
    };
    // The lock saves work, the row decides: behind a pooler two replicas may believe to lead.
    if !store.begin_job(tick, clock.now()).await? {
        leader.resign().await;
        return Ok(None);
    }

    let work = Arc::clone(job);
    // A task of its own: a panic ends the run and not the loop. It ends with this future.
    let mut task = tokio::task::JoinSet::new();
    task.spawn(async move { work.run().await });
    let result = match task.join_next().await {
        Some(Ok(result)) => result,
        Some(Err(_)) | None => Err(JobError::Panicked),
    };
    Ok(Some(Worked { leader, result }))
}

/// Writes down how a run has ended.
async fn end(
    store: &Store,
    clock: &dyn Clock,
    tick: Tick,
    worked: Option<Worked>,
) -> Result<Ran, JobError> {
    let Some(Worked { leader, result }) = worked else {
        return Ok(Ran::Elsewhere);
    };

    let (done, figures) = match &result {
        Ok(figures) => (true, figures.clone()),
        Err(error) => (false, json!({ "error": error.to_string() })),
    };
    // Still under the lock: whoever leads next finds the run ended.
    store.end_job(tick, clock.now(), done, &figures).await?;
    leader.resign().await;

    result.map(Ran::Here)
}

fn measure(job: &'static str, ran: &Result<Ran, JobError>, took: Duration) {
    let outcome = match ran {
        Ok(Ran::Here(_)) => JobOutcome::Done,
        Ok(Ran::Elsewhere) => JobOutcome::Elsewhere,
        Err(JobError::Stopped) => JobOutcome::Stopped,
        Err(_) => JobOutcome::Failed,
    };
    METRICS.job(job, outcome, took);
}

fn report(job: &'static str, ran: &Result<Ran, JobError>) {
    match ran {
        Ok(Ran::Here(figures)) => tracing::info!(job, %figures, "job finished"),
        Ok(Ran::Elsewhere) => tracing::debug!(job, "another replica runs this job"),
        Err(JobError::Stopped) => tracing::info!(job, "job stopped half-way"),
        Err(error) => tracing::warn!(
            job,
            error = chain(error),
            "job failed; the next run tries again"
        ),
    }
}
