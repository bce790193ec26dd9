//! Runs that a person asks for while the daemon works. They go through the same lock and the same record
//! as the scheduled ones, so a job never runs twice at once.

use std::sync::Arc;

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{Force, JobContext, JobSpec, NotAvailable};
use crate::{
    config::Config,
    store::Tick,
    telemetry::chain,
    worker::job::{Job, JobError, Ran, run_tick},
};

/// Requests that wait to be started.
const WAITING: usize = 16;

type Answer = Result<Ran, JobError>;

struct Request {
    job: &'static JobSpec,
    force: Force,
    answer: oneshot::Sender<Answer>,
}

/// Asks for runs. Keeps nothing of the daemon alive: what a run needs stays with [`OnDemand`].
#[derive(Clone)]
pub(crate) struct Runner {
    config: Arc<Config>,
    requests: mpsc::Sender<Request>,
}

/// Runs what is asked for.
pub(crate) struct OnDemand {
    context: JobContext,
    requests: mpsc::Receiver<Request>,
}

/// A run that can begin, and does not before it is started.
pub(crate) struct Reserved {
    job: &'static JobSpec,
    force: Force,
    place: mpsc::OwnedPermit<Request>,
}

/// A run could not be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotRun {
    #[error(transparent)]
    NotAvailable(#[from] NotAvailable),
    /// The daemon stops, or too many requests wait.
    #[error("jobs cannot be run now")]
    Unavailable,
}

#[must_use]
pub(crate) fn runner(context: JobContext) -> (Runner, OnDemand) {
    let (sender, requests) = mpsc::channel(WAITING);
    let runner = Runner {
        config: Arc::clone(&context.shop.config),
        requests: sender,
    };
    (runner, OnDemand { context, requests })
}

impl Runner {
    /// Asks for a run: whoever wants it is recorded before it begins, and only if it can.
    pub(crate) fn reserve(&self, job: &'static JobSpec, force: Force) -> Result<Reserved, NotRun> {
        job.available(&self.config)?;

        let place = self.requests.clone().try_reserve_owned();
        let place = place.map_err(|_| NotRun::Unavailable)?;
        Ok(Reserved { job, force, place })
    }
}

impl Reserved {
    /// Begins it now; its outcome is received when it ends.
    pub(crate) fn begin(self) -> oneshot::Receiver<Answer> {
        let (answer, receiver) = oneshot::channel();
        self.place.send(Request {
            job: self.job,
            force: self.force,
            answer,
        });
        receiver
    }
}

impl OnDemand {
    /// Runs what is asked for until it is stopped; what runs then is stopped half-way, as the scheduled runs are.
    pub(crate) async fn serve(mut self, stop: CancellationToken) {
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = running.join_next() => {}
                request = self.requests.recv() => {
                    // Nobody can ask any more, but what was asked for may go on until the daemon stops.
                    let Some(request) = request else {
                        stop.cancelled().await;
                        break;
                    };
                    // The runner has checked that the job is available.
                    if let Ok(job) = request.job.build(&self.context, request.force) {
                        running.spawn(run(self.context.clone(), job, request.answer));
                    }
                }
            }
        }

        // Before the context goes, by which the recorder knows that more results may come.
        running.shutdown().await;
    }
}

async fn run(context: JobContext, job: Arc<dyn Job>, answer: oneshot::Sender<Answer>) {
    let (store, clock) = (&context.shop.store, &*context.shop.clock);
    let tick = Tick {
        job: job.name(),
        at: clock.now(),
    };
    let ran = run_tick(store, clock, &job, tick).await;

    match &ran {
        Ok(Ran::Here(figures)) => {
            tracing::info!(job = tick.job, %figures, "requested run finished");
        }
        Ok(Ran::Elsewhere) => tracing::info!(job = tick.job, "the job is running already"),
        Err(error) => tracing::warn!(job = tick.job, error = chain(error), "requested run failed"),
    }
    // Whoever asked may have gone away; the run is recorded all the same.
    drop(answer.send(ran));
}
