//! The composition root: builds the streams and jobs, runs them, and takes them down in order.
//!
//! Order matters when stopping: first nothing more is claimed, then the calls in flight finish,
//! then their results are written, then the connections are closed. A reload is such a stop, and a
//! start of the same process with the new settings (`orderwatch run`).

mod build;
mod error;
mod heartbeat;
mod jobs;
pub(crate) mod settings;
pub(crate) mod sides;
mod startup;

pub(crate) mod trendyol;

use std::sync::Arc;

use heartbeat::Me;
use tokio::task::JoinSet;
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};

use crate::{
    clock::{Clock, DatabaseClock},
    config::{self, Config},
    http::{AppState, Listening, Server, router},
    shutdown::Stop,
    store::{Store, Tick},
    systemd,
    worker::{
        balance::{Balances, Latest},
        job::{Ran, run_tick},
        jobs::{Force, JobContext, JobSpec, Needs},
        pulse::Pulses,
        statistics::Statistics,
    },
};

pub(crate) use error::DaemonError;
pub(crate) use startup::check;

struct Parts {
    /// Loops that claim work; each returns its name when it ends.
    loops: JoinSet<&'static str>,
    /// Those who write the results of the loops and calls.
    writers: JoinSet<()>,
    /// What the last purchases say about balances is written at the very end.
    balances: (Latest, Balances),
    /// Calls to panels, and deliveries of notices.
    calls: TaskTracker,
    stop: CancellationToken,
    pulses: Pulses,
}

pub async fn run(config: &Config, stop: &Stop) -> Result<(), DaemonError> {
    let clock = Arc::new(DatabaseClock::new());
    let pulses = Pulses::default();
    // Fed from the first moment to the last: a reload goes through here under an armed watchdog,
    // and may have to wait for its database.
    let watchdog = tokio::spawn(systemd::watchdog(pulses.clone()));
    let _watchdog = AbortOnDropHandle::new(watchdog);

    // Before the database: nothing is bought by a daemon that nobody can watch.
    let state = AppState::new(&config.http, Arc::clone(&clock));
    let server = serve(&config.http, &state).await?;

    let Some(store) = startup::database(config, &clock, stop).await? else {
        close(server).await;
        return Ok(());
    };
    // A stop meanwhile is handled below, where the parts are taken down in order.
    let checks = startup::checks(config, &store, &clock);
    if let Some(checked) = stop.soft.run_until_cancelled(checks).await {
        checked?;
    }

    let me = Me::new(clock.now());
    let (mut parts, world) = build::parts(config, &store, &clock, pulses)?;
    parts.spawn("the heartbeat", me.beat(config, &store, &clock, &parts));
    state.enter(world);
    // With a stop of its own: it also counts what is written while the parts drain.
    let statistics = Statistics::new(store.clone(), Arc::clone(&clock) as _);
    let no_more_figures = CancellationToken::new();
    let statistics = tokio::spawn(statistics.run(no_more_figures.clone()));

    systemd::ready();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "orderwatch is running");
    let died = tokio::select! {
        () = stop.soft.cancelled() => None,
        part = parts.died() => Some(part),
    };
    // The other parts still hold work, so they are stopped in order, as by a signal.
    if let Some(part) = died {
        tracing::error!(part, "a part of the daemon ended by itself; stopping");
        stop.soft.cancel();
    }

    // Nobody acts on parts that drain; health checks are answered until the very end.
    state.leave();
    let finished = finish(parts, stop).await;
    // Only now: until its results are written, the daemon counts as at work.
    me.stopped(&store, &*clock).await;
    close(server).await;
    no_more_figures.cancel();
    if statistics.await.is_err() {
        tracing::warn!("the last statistics are lost: their writer had panicked");
    }
    store.close().await;

    match died {
        Some(part) => Err(DaemonError::Died { part }),
        None => finished,
    }
}

/// Answers health checks from here on, and everything else once there is a world.
async fn serve(settings: &config::Http, state: &AppState) -> Result<Option<Server>, DaemonError> {
    if !settings.enabled {
        return Ok(None);
    }
    let listening = Listening::at(settings.listen).await?;
    let router = router(state.clone());
    Ok(Some(listening.serve(router, state.base())))
}

async fn close(server: Option<Server>) {
    if let Some(server) = server {
        server.stop().await;
    }
}

/// Lets what is in flight finish, within the grace period.
async fn finish(parts: Parts, stop: &Stop) -> Result<(), DaemonError> {
    let calls = parts.calls.clone();
    tracing::info!(calls = calls.len(), "stopping; finishing what is in flight");
    tokio::select! {
        () = parts.drain() => {
            tracing::info!("stopped; everything in flight is finished");
            Ok(())
        }
        () = stop.out_of_patience() => Err(DaemonError::Hard { calls: calls.len() }),
    }
}

impl Parts {
    fn spawn(&mut self, name: &'static str, part: impl Future<Output = ()> + Send + 'static) {
        self.loops.spawn(async move {
            part.await;
            name
        });
    }

    /// Waits until a part ends although nobody asked it to.
    async fn died(&mut self) -> &'static str {
        tokio::select! {
            Some(part) = self.loops.join_next() => part.unwrap_or("a loop that panicked"),
            Some(_) = self.writers.join_next() => "a recorder",
        }
    }

    /// Claims nothing more, finishes the calls in flight, and writes their results.
    async fn drain(mut self) {
        // A tracker that is not closed is never waited out.
        self.calls.close();
        self.stop.cancel();
        // Loops before calls: a turn that has claimed something still starts its call.
        while self.loops.join_next().await.is_some() {}
        tracing::info!(calls = self.calls.len(), "draining: no new work accepted");
        self.calls.wait().await;

        // The last sender of results went with the last loop and call.
        while self.writers.join_next().await.is_some() {}

        // Last of all, since the answer to every purchase holds a newer balance.
        let (latest, balances) = self.balances;
        latest.write(&balances).await;
    }
}

/// Runs a job now. What it settles is written before this returns.
pub(crate) async fn once(
    config: &Config,
    store: &Store,
    clock: Arc<dyn Clock>,
    job: &JobSpec,
    force: Force,
) -> Result<Ran, DaemonError> {
    job.available(config)?;

    let (shop, mut recorder) = build::shop(config, store, Arc::clone(&clock))?;
    // The refusals of the daemon's start: a run by hand writes the same rows.
    let seller = match job.needs {
        Needs::Store | Needs::Mirror => {
            sides::check_keeping(config, store).await?;
            sides::check_account(config, store, clock.now()).await?;
            Some(trendyol::seller(config, &shop.store, Arc::clone(&clock))?)
        }
        Needs::Shop | Needs::Nothing => {
            startup::settling(config, store).await?;
            None
        }
    };

    let started_at = clock.now();
    let context = JobContext {
        shop,
        seller,
        started_at,
    };

    let work = job.build(&context, force)?;
    let tick = Tick {
        job: job.name,
        at: started_at,
    };
    let run = run_tick(&context.shop.store, &*clock, &work, tick);
    Ok(recorder.write_during(run).await?)
}
