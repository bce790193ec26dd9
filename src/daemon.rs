//! The composition root: builds the streams and jobs, runs them, and takes them down in order.
//!
//! Order matters when stopping: first nothing more is claimed, then the calls in flight finish,
//! then their results are written, then the connections are closed. A reload is such a stop, and a
//! start of the same process with the new settings (`orderwatch run`).

mod build;
mod by_hand;
mod error;
mod heartbeat;
mod jobs;
pub mod limits;
pub mod planned;
pub mod sides;
mod startup;

pub mod trendyol;

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
    meter::Meter,
    shutdown::Stop,
    store::{Store, Tick},
    systemd,
    worker::{
        balance::{Balances, Latest},
        job::{Ran, run_tick},
        pulse::Pulses,
        statistics::Statistics,
    },
};

pub use error::DaemonError;
pub(crate) use startup::check;

/// The running parts.
struct Parts {
    /// Loops that claim work; each returns its name when it ends.
    loops: JoinSet<&'static str>,
    /// Those who write the results of the loops and calls.
    writers: JoinSet<()>,
    /// What the last purchases say about balances is written at the very end.
    balances: (Latest, Balances),
    /// Calls to panels, and deliveries of notices.
    calls: TaskTracker,
    /// Tells the loops to end.
    stop: CancellationToken,
    pulses: Pulses,
}

/// Runs the daemon until it is stopped. What it does is counted by `meter`. The page is served at
/// `listening` where the caller has to know its address, and otherwise where the configuration says.
///
/// # Errors
/// [`DaemonError`] when it cannot start, when a part of it dies, or when it had to be stopped hard.
pub async fn run(
    config: &Config,
    stop: &Stop,
    meter: Arc<Meter>,
    listening: Option<Listening>,
) -> Result<(), DaemonError> {
    let clock = Arc::new(DatabaseClock::new());
    let pulses = Pulses::default();
    // Fed from the first moment to the last: a reload goes through here under an armed watchdog,
    // and may have to wait for its database.
    let watchdog = tokio::spawn(systemd::watchdog(pulses.clone()));
    let _watchdog = AbortOnDropHandle::new(watchdog);

    // Before the database: nothing is bought by a daemon that nobody can look at.
    let state = AppState::new(&config.http, Arc::clone(&clock), Arc::clone(&meter));
    let server = serve(&config.http, &state, listening).await?;

    let Some(store) = startup::database(config, &clock, stop).await? else {
        close(server).await;
        return Ok(());
    };
    let checks = startup::checks(config, &store, &clock);
    if let Some(checked) = stop.soft.run_until_cancelled(checks).await {
        checked?;
    }

    let store = store.metered(&meter);
    let me = Me::new(clock.now());
    let (mut parts, world) = build::parts(config, &store, &clock, &meter, pulses)?;
    parts.spawn("the heartbeat", me.beat(config, &store, &clock, &parts));
    state.enter(world);
    let statistics = Statistics::new(store.clone(), Arc::clone(&clock) as _, meter);
    let no_more_figures = CancellationToken::new();
    let statistics = tokio::spawn(statistics.run(no_more_figures.clone()));

    systemd::ready();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "orderwatch is running");
    let died = tokio::select! {
        () = stop.soft.cancelled() => None,
        part = parts.died() => Some(part),
    };
    if let Some(part) = died {
        tracing::error!(part, "a part of the daemon ended by itself; stopping");
        stop.soft.cancel();
    }

    state.leave();
    let finished = finish(parts, stop).await;
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
async fn serve(
    settings: &config::Http,
    state: &AppState,
    listening: Option<Listening>,
) -> Result<Option<Server>, DaemonError> {
    let listening = match listening {
        None if settings.enabled => Some(Listening::at(settings.listen).await?),
        given => given,
    };
    Ok(listening.map(|listening| listening.serve(router(state.clone()))))
}

async fn close(server: Option<Server>) {
    if let Some(server) = server {
        server.stop().await;
    }
}

/// Lets what is in flight finish, as long as there is patience.
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
        self.calls.close();
        self.stop.cancel();
        while self.loops.join_next().await.is_some() {}
        tracing::info!(calls = self.calls.len(), "draining: no new work accepted");
        self.calls.wait().await;

        // The last sender of results went with the last loop and call.
        while self.writers.join_next().await.is_some() {}
        let (latest, balances) = self.balances;
        latest.write(&balances).await;
    }
}

/// A periodic job that can be run by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// The sweeper.
    Sweep,
    /// The panels' balances.
    Balance,
    /// Taking away what is old.
    Retention,
}

impl Job {
    /// Its name, as in `orderwatch once NAME`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Balance => "balance",
            Self::Retention => "retention",
        }
    }
}

/// Runs one pass of a job now, and what it settles is written before it returns.
///
/// # Errors
/// [`DaemonError::Http`] when the clients cannot be built, [`DaemonError::Job`] when the pass fails.
pub async fn once(
    config: &Config,
    store: &Store,
    clock: Arc<dyn Clock>,
    job: Job,
) -> Result<Ran, DaemonError> {
    if !config.shop.enabled && job != Job::Retention {
        return Err(DaemonError::NoShop);
    }
    startup::settling(config, store).await?;
    let (shared, mut recorder) = build::shared(config, store, Arc::clone(&clock), Meter::new())?;
    let pass = jobs::pass(config, &shared, job);
    let tick = Tick {
        job: pass.name(),
        at: clock.now(),
    };
    let work = run_tick(store, &*clock, &pass, tick);
    Ok(recorder.write_during(work).await?)
}
