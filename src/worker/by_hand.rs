//! Passes that a person asks for while the daemon runs. They go through the same lock and the same
//! record as the scheduled ones, so they are never run twice at once.

use std::sync::Arc;

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::job::{Job, JobError, Ran, run_tick};
use crate::{
    clock::Clock,
    store::{Store, Tick},
};

/// Requests that wait to be begun.
const WAITING: usize = 16;

/// A job that can be run by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByHand {
    /// The sweeper.
    Sweep,
    /// The panels' balances.
    Balance,
    /// Taking away what is old.
    Retention,
    /// Reading the orders of the Trendyol store.
    PullOrders,
    /// Sending stock.
    PushStock {
        /// Go ahead also when most of what is on sale would be set to zero.
        force: bool,
    },
    /// Reading returns.
    PullReturns,
    /// Comparing everything that is on sale.
    VerifyStock,
}

impl ByHand {
    /// The job's name, as in `orderwatch once NAME`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Balance => "balance",
            Self::Retention => "retention",
            Self::PullOrders => "pull-orders",
            Self::PushStock { .. } => "push-stock",
            Self::PullReturns => "pull-returns",
            Self::VerifyStock => "verify-stock",
        }
    }
}

/// The jobs of this daemon.
pub type Passes = Vec<(ByHand, Arc<dyn Job>)>;

type Answer = Result<Ran, JobError>;
type Request = (Arc<dyn Job>, oneshot::Sender<Answer>);

/// Asks for passes. Keeps nothing of the daemon alive.
#[derive(Clone)]
pub struct Runner {
    jobs: Arc<[(ByHand, std::sync::Weak<dyn Job>)]>,
    requests: mpsc::Sender<Request>,
}

/// Runs them.
pub struct Desk {
    passes: Passes,
    requests: mpsc::Receiver<Request>,
}

/// A pass could not be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRun {
    /// The configuration has no such job.
    #[error("the job belongs to the Trendyol store, and none is configured (trendyol.enabled)")]
    NoStore,
    /// The daemon stops, or too many passes wait.
    #[error("passes cannot be run now")]
    Unavailable,
}

/// Both ends.
#[must_use]
pub fn runner(passes: Passes) -> (Runner, Desk) {
    let (sender, requests) = mpsc::channel(WAITING);
    let jobs = passes
        .iter()
        .map(|(job, pass)| (*job, Arc::downgrade(pass)))
        .collect();
    let runner = Runner {
        jobs,
        requests: sender,
    };
    (runner, Desk { passes, requests })
}

impl Runner {
    /// Asks for a pass now; what comes of it is received when it ends.
    ///
    /// # Errors
    /// [`NotRun`] when it is not begun.
    pub fn run(&self, job: ByHand) -> Result<oneshot::Receiver<Answer>, NotRun> {
        let known = self.jobs.iter().find(|(known, _)| *known == job);
        let (_, pass) = known.ok_or(NotRun::NoStore)?;
        let pass = pass.upgrade().ok_or(NotRun::Unavailable)?;
        let (sender, receiver) = oneshot::channel();
        self.requests
            .try_send((pass, sender))
            .map_err(|_| NotRun::Unavailable)?;
        Ok(receiver)
    }
}

impl Desk {
    /// Runs what is asked for until it is stopped; a pass that runs then is stopped half-way, as
    /// the scheduled ones are.
    pub async fn serve(mut self, store: Store, clock: Arc<dyn Clock>, stop: CancellationToken) {
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = running.join_next() => {}
                request = self.requests.recv() => {
                    let Some((pass, answer)) = request else {
                        stop.cancelled().await;
                        break;
                    };
                    running.spawn(run(store.clone(), Arc::clone(&clock), pass, answer));
                }
            }
        }
        running.shutdown().await;
        drop(self.passes);
    }
}

async fn run(
    store: Store,
    clock: Arc<dyn Clock>,
    pass: Arc<dyn Job>,
    answer: oneshot::Sender<Answer>,
) {
    let tick = Tick {
        job: pass.name(),
        at: clock.now(),
    };
    let ran = run_tick(&store, &*clock, &pass, tick).await;
    match &ran {
        Ok(Ran::Here(figures)) => tracing::info!(job = tick.job, %figures, "pass by hand finished"),
        Ok(Ran::Elsewhere) => tracing::info!(job = tick.job, "the job is running already"),
        Err(error) => tracing::warn!(
            job = tick.job,
            error = error as &dyn std::error::Error,
            "pass by hand failed"
        ),
    }
    // Whoever asked may have gone away; the pass is written down all the same.
    drop(answer.send(ran));
}
