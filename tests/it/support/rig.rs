//! One daemon without its loops: each turn is taken by the test.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use orderwatch::{
    clock::Clock,
    config::{Config, Sources},
    daemon::limits,
    order::Rules,
    provider::znet::Http,
    store::Store,
    worker::{
        balance::Latest,
        capacity::Capacity,
        dispatch::{Dispatch, DispatchLimits},
        panels::Panels,
        poll::Poll,
        probe::Probe,
        recorder::{Recorder, Results},
        stream::{Taken, Turn},
        sweep::{Sweep, SweepReport},
        wakeup::Wakeup,
    },
};
use tokio_util::task::TaskTracker;

use super::Shop;

/// What differs from the shipped settings in every test: the pace of a panel would be real time, and
/// what customers read is to be understood by whoever reads the tests.
const UNPACED: [(&str, &str); 2] = [
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
    recorder: Recorder,
    calls: TaskTracker,
    sends: Capacity,
    checks: Capacity,
}

/// What the workers are built from.
struct Parts {
    config: Config,
    sources: (Store, Arc<Panels>, Arc<dyn Clock>),
    rules: Arc<Rules>,
    results: Results,
    calls: TaskTracker,
    wakeup: Arc<Wakeup>,
}

impl Rig {
    /// A daemon with the shipped settings.
    pub(crate) fn new(shop: &Shop) -> Self {
        Self::with(shop, &[])
    }

    /// A daemon with other settings, such as `("dispatch.unconfirmed", "resend")`.
    pub(crate) fn with(shop: &Shop, settings: &[(&str, &str)]) -> Self {
        let config = config(settings);
        let wakeup = Arc::<Wakeup>::default();
        let clock = Arc::clone(&shop.clock) as Arc<dyn Clock>;
        let (recorder, results) = Recorder::new(
            shop.store.clone(),
            Arc::clone(&clock),
            Arc::clone(&wakeup),
            Arc::clone(&wakeup),
        );
        let (settled, latest) = (Arc::<Wakeup>::default(), Latest::default());
        let recorder = recorder.telling(Arc::clone(&settled), latest.clone());
        let calls = TaskTracker::new();
        // Waiting for a closed tracker is waiting until it is empty; it still takes tasks.
        calls.close();
        let panels = panels(&config, &shop.store, &clock);
        let store = shop.store.clone();
        let store = store.buying_chained(config.dispatch.buy_chained);
        let parts = Parts {
            sources: (store, Arc::clone(&panels), clock),
            rules: Arc::new(config.rules()),
            config,
            results,
            calls,
            wakeup,
        };
        Self {
            store: shop.store.clone(),
            clock: Arc::clone(&shop.clock),
            dispatch: parts.dispatch(),
            poll: parts.poll(),
            sweep: parts.sweep(),
            probe: parts.probe(),
            panels,
            settled,
            latest,
            recorder,
            sends: Capacity::new(room(parts.config.dispatch.max_in_flight)),
            checks: Capacity::new(room(parts.config.poll.max_in_flight)),
            calls: parts.calls,
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

impl Parts {
    fn dispatch(&self) -> Dispatch {
        let limits = DispatchLimits {
            // Routes are looked at in every turn, not once in so many real seconds.
            scan_interval: Duration::ZERO,
            ..limits::dispatch(&self.config)
        };
        Dispatch::new(
            self.sources.clone(),
            Arc::clone(&self.rules),
            limits,
            self.results.clone(),
            self.calls.clone(),
            Arc::clone(&self.wakeup),
        )
    }

    fn poll(&self) -> Poll {
        Poll::new(
            self.sources.clone(),
            Arc::clone(&self.rules),
            self.config.poll.lease,
            self.results.clone(),
            self.calls.clone(),
        )
    }

    fn sweep(&self) -> Sweep {
        let limits = limits::sweep(&self.config, self.sources.2.now());
        Sweep::new(
            self.sources.clone(),
            Arc::clone(&self.rules),
            limits,
            self.results.clone(),
            Arc::clone(&self.wakeup),
        )
    }
}

impl Parts {
    fn probe(&self) -> Probe {
        let wake = [Arc::clone(&self.wakeup), Arc::clone(&self.wakeup)];
        Probe::new(self.sources.clone(), self.calls.clone(), wake)
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
    Config::load(&Sources::new(None, environment, []))
        .unwrap()
        .config
}

fn panels(config: &Config, store: &Store, clock: &Arc<dyn Clock>) -> Arc<Panels> {
    let http = Http::new(&limits::http(config)).unwrap();
    // Integrations are read in every turn, so that a test sees its own changes.
    let clock = Arc::clone(clock);
    Arc::new(Panels::new(
        store.clone(),
        clock,
        http,
        limits::panels(config),
        Duration::ZERO,
    ))
}

fn room(number: u32) -> usize {
    usize::try_from(number).unwrap()
}
