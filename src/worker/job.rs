//! The one loop of the periodic jobs: missed ticks, leadership, panics; [`Schedule`] says when.
//!
//! Any number of replicas may run. An advisory lock per job saves the others the work; a unique row
//! per tick makes the tick happen once even when two replicas believe to lead. A missed tick is not
//! made up for: the next pass reads the database and does what there is to do.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::pulse::Pulse;
pub use super::schedule::Schedule;
use crate::{
    clock::Clock,
    marketplace::MarketError,
    meter::{Meter, label},
    stock::guard::Zeroing,
    store::{Store, StoreError, Tick},
};

/// One pass of a job, which takes no hints.
#[async_trait]
pub trait Job: Send + Sync {
    /// The job's name, as in `orderwatch once NAME`.
    fn name(&self) -> &'static str;

    /// Reads the database, acts, and returns its figures.
    ///
    /// # Errors
    /// [`JobError`] when it could not do all of its work; what it did stands.
    async fn run(&self) -> Result<Value, JobError>;
}

/// A pass did not do all of its work.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its figures could not be written down.
    #[error("the report cannot be written")]
    Report(#[from] serde_json::Error),
    /// It panicked; the log has the place.
    #[error("the pass panicked")]
    Panicked,
    /// Another process may send by now.
    #[error("the lead was lost with its connection; what was planned under it is not sent")]
    LostLead,
    /// It was told to stop.
    #[error("the pass was stopped half-way")]
    Stopped,
    /// The marketplace did not answer as it should.
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
pub enum Ran {
    /// This process ran it; its figures.
    Here(Value),
    /// Another replica runs it, or has run it.
    Elsewhere,
}

/// One periodic job.
pub struct Periodic {
    /// The work.
    pub pass: Arc<dyn Job>,
    /// When it passes.
    pub schedule: Schedule,
    /// Where ticks are written down.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What it tells the watchdog by.
    pub pulse: Pulse,
    /// What measures it.
    pub meter: Arc<Meter>,
}

impl Periodic {
    /// Runs passes until it is stopped.
    pub async fn run(self, stop: CancellationToken) {
        let mut wait = self.schedule.first(self.clock.now());
        loop {
            if !self.rest(wait, &stop).await {
                return;
            }
            let began = std::time::Instant::now();
            let tick = Tick {
                job: self.pass.name(),
                at: self.schedule.slot(self.clock.now()),
            };
            let ran = self.tick(tick, &stop).await;
            report(tick.job, &ran);
            self.measure(tick.job, &ran, began.elapsed());
            wait = self.schedule.next(self.clock.now(), began.elapsed());
        }
    }

    /// Rests in short steps, so that a long interval does not look like a stuck loop. False when
    /// it was stopped.
    async fn rest(&self, rest: Duration, stop: &CancellationToken) -> bool {
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

    fn measure(&self, job: &str, ran: &Result<Ran, JobError>, took: Duration) {
        let Some(job) = label::Job::named(job) else {
            return;
        };
        let pass = match ran {
            Ok(Ran::Here(_)) => label::Pass::Done,
            Ok(Ran::Elsewhere) => label::Pass::Elsewhere,
            Err(JobError::Stopped) => label::Pass::Stopped,
            Err(_) => label::Pass::Failed,
        };
        self.meter.passes.inc((job, pass));
        if matches!(pass, label::Pass::Done | label::Pass::Failed) {
            self.meter.pass_times.time(job, took);
        }
    }

    async fn tick(&self, tick: Tick, stop: &CancellationToken) -> Result<Ran, JobError> {
        let run = run_tick(&self.store, &*self.clock, &self.pass, tick);
        stop.run_until_cancelled(run)
            .await
            .unwrap_or(Err(JobError::Stopped))
    }
}

/// Runs one tick, unless another replica does.
///
/// # Errors
/// [`JobError`] when the pass failed; the tick is written down as failed.
pub async fn run_tick(
    store: &Store,
    clock: &dyn Clock,
    pass: &Arc<dyn Job>,
    tick: Tick,
) -> Result<Ran, JobError> {
    let Some(leader) = store.lead(tick.job).await? else {
        return Ok(Ran::Elsewhere);
    };
    if !store.begin_job(tick, clock.now()).await? {
        leader.resign().await;
        return Ok(Ran::Elsewhere);
    }
    let work = Arc::clone(pass);
    // A task of its own: a panic ends the pass and not the loop. It ends with this future.
    let mut task = tokio::task::JoinSet::new();
    task.spawn(async move { work.run().await });
    let result = match task.join_next().await {
        Some(Ok(result)) => result,
        Some(Err(_)) | None => Err(JobError::Panicked),
    };
    let (done, figures) = match &result {
        Ok(figures) => (true, figures.clone()),
        Err(error) => (false, json!({ "error": error.to_string() })),
    };
    store.end_job(tick, clock.now(), done, &figures).await?;
    leader.resign().await;
    result.map(Ran::Here)
}

fn report(job: &'static str, ran: &Result<Ran, JobError>) {
    match ran {
        Ok(Ran::Here(figures)) => tracing::info!(job, %figures, "pass finished"),
        Ok(Ran::Elsewhere) => tracing::debug!(job, "another replica runs this pass"),
        Err(JobError::Stopped) => tracing::info!(job, "pass stopped half-way"),
        Err(error) => tracing::warn!(
            job,
            error = error as &dyn std::error::Error,
            "pass failed; the next one tries again"
        ),
    }
}
