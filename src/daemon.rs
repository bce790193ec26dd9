//! The composition root: builds the streams and jobs, runs them, and takes them down in order.
//!
//! Order matters when stopping: first nothing more is claimed, then the calls in flight finish,
//! then their results are written, then the connections are closed.

mod build;
mod by_hand;
mod front;
mod heartbeat;
mod jobs;
pub mod limits;
pub mod planned;
pub mod sides;
mod startup;

pub mod trendyol;

use std::sync::Arc;

use front::{Change, Front};
use heartbeat::Me;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::{Clock, DatabaseClock},
    config::Config,
    doctor::{KeepingFault, OtherAccount},
    http::{AppState, BindError, Listening, World},
    marketplace::trendyol::AccountFault,
    meter::{Meter, label::Reload},
    provider::znet,
    shutdown::Stop,
    store::{MigrateError, Store, StoreError, Tick},
    systemd,
    worker::{
        balance::{Balances, Latest},
        job::{JobError, Ran, run_tick},
        pulse::Pulses,
        recorder::Recorder,
        statistics::Statistics,
    },
};

/// The daemon did not run to a proper end.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The database cannot be used at all.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database's state cannot be read.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database is not up to date.
    #[error("migrations are missing in the database ({missing}); run `orderwatch migrate` first")]
    NotMigrated {
        /// How many.
        missing: usize,
    },
    /// The configuration would settle orders past the shop's wallets.
    #[error(
        "orders.settle = \"status\" is not for a shop with wallets ({tables}): a status written into the row \
         refunds nobody. Set orders.settle = \"shop\" and tell the shop by [[notify.webhook]] (README, \"When an order is settled\")"
    )]
    Wallets {
        /// Where they are.
        tables: String,
    },
    /// The page's address cannot be listened at.
    #[error(transparent)]
    Listen(#[from] BindError),
    /// The HTTP clients cannot be built.
    #[error(transparent)]
    Http(#[from] znet::HttpError),
    /// A pass failed.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The Trendyol account cannot be used.
    #[error(transparent)]
    Account(#[from] AccountFault),
    /// There is no shop.
    #[error("the shop is switched off (shop.enabled = false)")]
    NoShop,
    /// It is not settled who keeps the warehouse's rows.
    #[error(transparent)]
    Keeping(#[from] KeepingFault),
    /// The database knows of another account.
    #[error(transparent)]
    OtherAccount(#[from] OtherAccount),
    /// Columns are missing without which a purchase could not be written down.
    #[error("the shop's tables cannot take what has to be written down: {faults}")]
    Columns {
        /// Which, and what to do.
        faults: String,
    },
    /// The warehouse's application reads the returns itself.
    #[error("the warehouse's application reads its returns itself (trendyol.mirror = false)")]
    KeptElsewhere,
    /// No Trendyol store is configured.
    #[error("no Trendyol store is configured; set trendyol.enabled and its account")]
    NoStore,
    /// A part of the daemon ended although nobody asked it to.
    #[error("{part} ended by itself; the daemon cannot go on without it")]
    Died {
        /// Which part.
        part: &'static str,
    },
    /// It had to be ended before everything in flight was finished.
    #[error(
        "stopped hard with {calls} calls in flight; \
         their orders are asked about after the next start"
    )]
    Hard {
        /// Calls to panels that had not returned.
        calls: usize,
    },
}

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

/// What every generation stands on.
struct Ground {
    me: Me,
    store: Store,
    clock: Arc<DatabaseClock>,
    meter: Arc<Meter>,
}

impl Ground {
    fn statistics(&self) -> Statistics {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        Statistics::new(self.store.clone(), clock, Arc::clone(&self.meter))
    }
}

/// A part of the process, rather than of a generation, that is ended when all of those are.
struct Ending {
    stop: CancellationToken,
    part: JoinHandle<()>,
}

impl Ending {
    fn begin<P>(part: impl FnOnce(CancellationToken) -> P) -> Self
    where
        P: Future<Output = ()> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let part = tokio::spawn(part(stop.clone()));
        Self { stop, part }
    }

    async fn end(self) {
        self.stop.cancel();
        if self.part.await.is_err() {
            tracing::warn!("the last statistics are lost: their writer had panicked");
        }
    }
}

/// What runs under one configuration; a reload begins the next generation beside it.
struct Generation {
    parts: Parts,
}

/// Runs the daemon until it is stopped. Each configuration that comes in takes the place of the one
/// before: its parts are started, and those of the old one finish what they have in flight. What all
/// of them do is counted by `meter`. The page is served at `listening` where the caller has to know
/// its address, and otherwise where the configuration says.
///
/// # Errors
/// [`DaemonError`] when it cannot start, when a part of it dies, or when it had to be stopped hard.
pub async fn run(
    config: &Config,
    stop: &Stop,
    mut reloads: mpsc::Receiver<Config>,
    meter: Arc<Meter>,
    listening: Option<Listening>,
) -> Result<(), DaemonError> {
    let clock = Arc::new(DatabaseClock::new());
    // First of all: nothing is bought by a daemon that nobody can look at.
    let state = AppState::new(&config.http, Arc::clone(&clock), Arc::clone(&meter));
    let mut front = Front::open(&config.http, state, listening).await?;
    let Some(store) = startup::database(config, &clock, stop).await? else {
        front.close().await;
        return Ok(());
    };
    if let Some(checked) = stop
        .soft
        .run_until_cancelled(startup::checks(config, &store, &clock))
        .await
    {
        checked?;
    }
    let ground = Ground {
        me: Me::new(clock.now()),
        store: store.metered(&meter),
        clock,
        meter,
    };
    let (mut current, world) = Generation::start(config, &ground)?;
    front.enter(Change::Stay, world).await;
    let statistics = Ending::begin(|stop| ground.statistics().run(stop));
    let mut ending = JoinSet::new();
    systemd::ready();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "orderwatch is running");
    let died = loop {
        tokio::select! {
            () = stop.soft.cancelled() => break None,
            part = current.died() => break Some(part),
            Some(config) = reloads.recv() => {
                match reloaded(&config, &mut front, &ground).await {
                    Ok(next) => {
                        ground.meter.reloads.inc(Reload::Applied);
                        let old = std::mem::replace(&mut current, next);
                        ending.spawn(old.finish());
                        tracing::info!("the new settings are in force");
                    }
                    Err(error) => {
                        ground.meter.reloads.inc(Reload::Refused);
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "the new settings cannot be used; the old ones stay"
                        );
                    }
                }
            }
        }
    };
    if let Some(part) = died {
        tracing::error!(part, "a part of the daemon ended by itself; stopping");
        stop.soft.cancel();
    }
    systemd::stopping();
    front.leave();
    let finished = finish(current, ending, stop).await;
    ground.me.stopped(&ground.store, &*ground.clock).await;
    front.close().await;
    statistics.end().await;
    ground.store.close().await;
    match died {
        Some(part) => Err(DaemonError::Died { part }),
        None => finished,
    }
}

/// Starts what new settings ask for, its address included, or nothing of it.
async fn reloaded(
    config: &Config,
    front: &mut Front,
    ground: &Ground,
) -> Result<Generation, DaemonError> {
    let store = ground.store.clone().having(config.sides());
    startup::up_to_date(&store).await?;
    sides::check(config, &store, ground.clock.now()).await?;
    startup::settling(config, &ground.store).await?;
    let change = front.change(&config.http).await?;
    let (generation, world) = Generation::start(config, ground)?;
    front.enter(change, world).await;
    Ok(generation)
}

impl Generation {
    fn start(config: &Config, ground: &Ground) -> Result<(Self, World), DaemonError> {
        let (clock, meter) = (Arc::clone(&ground.clock), Arc::clone(&ground.meter));
        let (mut parts, recorder, world) = build::parts(config, &ground.store, clock, meter)?;
        parts.writers.spawn(Recorder::run(recorder));
        let watchdog = systemd::watchdog(parts.pulses.clone(), parts.stop.clone());
        parts.spawn("the watchdog", watchdog);
        let (pulses, stop) = (parts.pulses.clone(), parts.stop.clone());
        let clock = Arc::clone(&ground.clock) as Arc<dyn Clock>;
        let heartbeat = ground
            .me
            .beat(config, ground.store.clone(), clock, pulses, stop);
        parts.spawn("the heartbeat", heartbeat);
        Ok((Self { parts }, world))
    }

    /// Waits until a part ends although nobody asked it to.
    async fn died(&mut self) -> &'static str {
        tokio::select! {
            Some(part) = self.parts.loops.join_next() => part.unwrap_or("a loop that panicked"),
            Some(_) = self.parts.writers.join_next() => "a recorder",
        }
    }

    /// From here on nothing more is claimed.
    fn stop_beginning(&self) {
        self.parts.calls.close();
        self.parts.stop.cancel();
    }

    /// Claims nothing more, finishes the calls in flight, and writes their results.
    async fn finish(mut self) {
        self.stop_beginning();
        while self.parts.loops.join_next().await.is_some() {}
        tracing::info!(
            calls = self.parts.calls.len(),
            "nothing new is begun any more"
        );
        self.parts.calls.wait().await;
        // The last sender of results went with the last loop and call.
        while self.parts.writers.join_next().await.is_some() {}
        let (latest, balances) = self.parts.balances;
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

/// Lets what is in flight finish, as long as there is patience.
async fn finish(
    current: Generation,
    mut ending: JoinSet<()>,
    stop: &Stop,
) -> Result<(), DaemonError> {
    let calls = current.parts.calls.clone();
    current.stop_beginning();
    tracing::info!(calls = calls.len(), "stopping; finishing what is in flight");
    ending.spawn(current.finish());
    let softly = async { while ending.join_next().await.is_some() {} };
    tokio::select! {
        () = softly => {
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
}
