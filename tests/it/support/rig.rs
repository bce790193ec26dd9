//! One daemon without its loops: each turn is taken by the test.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use orderwatch::{
    clock::Clock,
    config::{Config, Sources},
    store::Store,
    worker::{
        balance::Latest,
        capacity::Capacity,
        dispatch::Dispatch,
        jobs::sweep::{Sweep, SweepReport},
        panels::Panels,
        poll::Poll,
        probe::Probe,
        recorder::Recorder,
        shop::Shop as Workers,
        stream::{Taken, Turn},
        wakeup::Wakeup,
    },
};
use tokio_util::task::TaskTracker;

use super::{PARAMS, Shop};

/// What differs from the shipped settings in every test: the pace of a panel would be real time, and
/// what customers read is to be understood by whoever reads the tests.
const UNPACED: [(&str, &str); 3] = [
    // Its times are the same in each run.
    ("poll.schedule", "fixed"),
    ("znet.requests_per_second", "0"),
    ("orders.customer_language", "en"),
];

/// A dispatcher, a poller, a sweeper, a prober and the recorder that their results go to.
pub(crate) struct Rig {
    store: Store,
    clock: Arc<orderwatch::clock::ManualClock>,
    dispatch: Dispatch,
    poll: Poll,
    sweep: Sweep,
    probe: Probe,
    pub(crate) panels: Arc<Panels>,
    /// Woken by every settlement.
    pub(crate) settled: Arc<Wakeup>,
    /// Balances that came with purchases.
    pub(crate) latest: Latest,
    /// What the workers share.
    pub(crate) workers: Workers,
    recorder: Recorder,
    calls: TaskTracker,
    sends: Capacity,
    checks: Capacity,
}

impl Rig {
    /// A daemon with the shipped settings.
    pub(crate) fn new(shop: &Shop) -> Self {
        Self::with(shop, &[])
    }

    /// A daemon with other settings, such as `("dispatch.unconfirmed", "resend")`.
    pub(crate) fn with(shop: &Shop, settings: &[(&str, &str)]) -> Self {
        let config = Arc::new(config(settings));
        let store = shop.store.clone();
        let store = store.buying_chained(config.dispatch.buy_chained);
        let clock = Arc::clone(&shop.clock) as Arc<dyn Clock>;
        let (workers, recorder) = Workers::new(Arc::clone(&config), store, clock).unwrap();
        let calls = TaskTracker::new();
        // Waiting for a closed tracker is waiting until it is empty; it still takes tasks.
        calls.close();

        Self {
            store: shop.store.clone(),
            clock: Arc::clone(&shop.clock),
            dispatch: Dispatch::new(workers.clone(), calls.clone()),
            poll: Poll::new(workers.clone(), calls.clone()),
            sweep: Sweep::new(workers.clone(), workers.clock.now()),
            probe: Probe {
                shop: workers.clone(),
                tasks: calls.clone(),
            },
            panels: Arc::clone(&workers.panels),
            settled: Arc::clone(&workers.settled),
            latest: workers.latest.clone(),
            workers,
            recorder,
            sends: Capacity::new(size(config.dispatch.max_in_flight)),
            checks: Capacity::new(size(config.poll.max_in_flight)),
            calls,
        }
    }

    /// One turn of the dispatcher: its calls are done and their results are written.
    pub(crate) async fn dispatch(&mut self) -> Taken {
        let taken = self.begin_dispatch().await;
        self.finish().await;
        taken
    }

    /// Turns of the dispatcher until one sends nothing; the first may only have fetched a price list.
    pub(crate) async fn buy(&mut self) -> usize {
        let mut sent = self.dispatch().await.started;
        loop {
            let more = self.dispatch().await.started;
            if more == 0 {
                return sent;
            }
            sent += more;
        }
    }

    /// A turn of the dispatcher whose calls go on by themselves.
    pub(crate) async fn begin_dispatch(&self) -> Taken {
        self.dispatch.take(&self.sends).await.unwrap()
    }

    /// One turn of the poller: its calls are done and their results are written.
    pub(crate) async fn poll(&mut self) -> Taken {
        let taken = self.begin_poll().await;
        self.finish().await;
        taken
    }

    /// A turn of the poller whose calls go on by themselves.
    pub(crate) async fn begin_poll(&self) -> Taken {
        self.poll.take(&self.checks).await.unwrap()
    }

    /// Waits for the calls, and writes their results.
    pub(crate) async fn finish(&mut self) {
        self.calls.wait().await;
        self.record().await;
    }

    /// Writes the results that are there; those whose row is locked stay for the next time.
    pub(crate) async fn record(&mut self) {
        self.recorder.drain().await;
    }

    /// Writes again what was written in the last minutes and is gone.
    pub(crate) async fn look_back(&mut self) {
        self.recorder.look_back().await;
    }

    /// The daemon dies with the answers in its hands: what it has not written is lost.
    pub(crate) async fn die(self) {
        self.calls.wait().await;
    }

    /// One sweep; what it settles is written.
    pub(crate) async fn sweep(&mut self) -> SweepReport {
        self.recorder
            .write_during(self.sweep.sweep())
            .await
            .unwrap()
    }

    /// Moves the time on.
    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Asks the panels that are left alone whether they work again, those whose time has come.
    pub(crate) async fn probe(&mut self) {
        self.panels.current().await.unwrap();
        self.probe.look().await.unwrap();
        self.finish().await;
    }

    /// When the next order is to be asked about or sent again, or the panel is probed that it
    /// waits for.
    pub(crate) async fn next_due(&self) -> Option<DateTime<Utc>> {
        let mut next = None;
        for panel in self.panels.current().await.unwrap().iter() {
            let ids = [panel.id()];
            let check = self.store.next_check(&ids).await.unwrap();
            let send = self.store.next_send(&ids, self.clock.now()).await.unwrap();
            let due = check.into_iter().chain(send).min();
            let due = due.map(|due| panel.breaker.open_until().unwrap_or(due));
            next = next.into_iter().chain(due).min();
        }
        next
    }

    /// Moves the time to the next due order, if it is not due yet, and takes turns until something
    /// was sent or asked. False when nothing will ever be due by itself.
    pub(crate) async fn step(&mut self) -> bool {
        for _ in 0..5_000 {
            let Some(due) = self.next_due().await else {
                return false;
            };
            let ahead = (due - self.clock.now()).to_std().unwrap_or_default();
            self.advance(ahead);
            self.probe().await;
            let sent = self.dispatch().await.started;
            if sent + self.poll().await.started > 0 {
                return true;
            }
        }
        panic!("an order is due and is neither sent nor asked about");
    }

    /// Steps until nothing will be due any more.
    pub(crate) async fn run_out(&mut self) {
        for _ in 0..500 {
            if !self.step().await {
                return;
            }
        }
        panic!("orders stay due for ever");
    }
}

/// The shipped settings with a few others. Everything is checked as for a daemon.
fn config(settings: &[(&str, &str)]) -> Config {
    let variable = |(key, value): &(&str, &str)| {
        let name = format!("ORDERWATCH__{}", key.replace('.', "__").to_uppercase());
        (name, (*value).to_owned())
    };
    let database = ("database.url", "postgres://localhost/not-used");
    let all = [database]
        .into_iter()
        .chain(UNPACED)
        .chain(settings.iter().copied());
    let environment: Vec<_> = all.map(|setting| variable(&setting)).collect();
    // Lists of sections, such as the parameters of products, cannot be set by the environment.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), PARAMS).unwrap();
    let sources = Sources::new(Some(file.path().to_owned()), environment, []);
    let mut config = Config::load(&sources).unwrap().config;
    // Panels and routes are read in every turn, so that a test sees its own changes.
    config.dispatch.scan_interval = Duration::ZERO;
    config
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap()
}
