//! What this process knows of how long panels take, and the questions that are placed by it.
//!
//! What it learns is written once in a while, in the same pass that reads what other replicas have
//! learned. A crash loses the last seconds of it, which nobody misses.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    clock::Clock,
    order::{
        Decision, IntegrationId,
        delivery::DeliveryTimes,
        schedule::{ENOUGH, Known, SHARE, Schedule, ScheduleRule},
    },
    store::{DeliveryNews, PanelLoad, Store, StoreError},
    telemetry::chain,
};

/// Between two passes.
const EVERY: Duration = Duration::from_secs(15);
/// At the end, the database gets this long to take the last of it.
const LAST: Duration = Duration::from_secs(3);

type Product = (IntegrationId, Uuid);

/// Shared by the streams of one process.
#[derive(Debug)]
pub struct Learning {
    schedule: Schedule,
    /// Requests per second that each panel takes.
    rate: Option<f64>,
    store: Store,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: HashMap<Product, DeliveryTimes>,
    news: HashMap<Product, DeliveryNews>,
    load: HashMap<IntegrationId, PanelLoad>,
}

impl Learning {
    pub(crate) fn new(
        schedule: Schedule,
        rate: Option<f64>,
        store: Store,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            schedule,
            rate,
            store,
            clock,
            state: Mutex::default(),
        }
    }

    /// Places the next question about an order.
    pub(crate) fn place(
        &self,
        decision: &mut Decision,
        (panel, package): (IntegrationId, Option<Uuid>),
        now: DateTime<Utc>,
    ) {
        let state = self.state.lock();
        let known = Known {
            times: state.times(panel, package),
            waiting: state.crowd(panel, self.rate),
            rate: self.rate,
        };
        self.schedule.apply(decision, known, now, fastrand::f64());
    }

    /// An order was not done after the first of these times, counted from its purchase, and was after
    /// the second.
    pub(crate) fn learn(
        &self,
        (panel, package): (IntegrationId, Option<Uuid>),
        after: Duration,
        until: Duration,
    ) {
        if self.schedule.rule == ScheduleRule::Fixed {
            return;
        }

        let mut state = self.state.lock();
        let own = package.map(|package| (panel, package));
        for product in own.into_iter().chain([(panel, Uuid::nil())]) {
            let added = state.known.entry(product).or_default().learn(after, until);
            let news = state.news.entry(product).or_insert(DeliveryNews::NONE);
            news.join(&DeliveryNews { added, samples: 1 });
        }
    }

    /// Writes what was learned, and reads what all have learned.
    pub async fn pass(&self) -> Result<(), StoreError> {
        if self.schedule.rule == ScheduleRule::Fixed {
            return Ok(());
        }

        let written = self.write().await;
        // Also where nothing could be written: what others have learned may be read all the same.
        let mut known = self.store.delivery_times().await?;
        let load = self.store.waiting_by_panel().await?;

        let mut state = self.state.lock();
        // What is not written yet is not in what was read.
        for (product, news) in &state.news {
            let times = known.entry(*product).or_default();
            times.fade(news.samples);
            times.add(&news.added, u64::from(news.samples));
        }
        (state.known, state.load) = (known, load);
        written
    }

    async fn write(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let products: Vec<Product> = self.state.lock().news.keys().copied().collect();
        let mut failed = Ok(());
        for product in products {
            // One by one: whatever ends the pass, no more than one of them is on its way.
            let Some(mut news) = self.state.lock().news.remove(&product) else {
                continue;
            };
            if let Err(error) = self.store.add_delivery_times(product, &news, now).await {
                // For the next pass; one that was written all the same counts twice, which does no harm.
                let mut state = self.state.lock();
                let newer = state.news.entry(product).or_insert(DeliveryNews::NONE);
                news.join(newer);
                *newer = news;
                failed = Err(error);
            }
        }
        failed
    }

    /// Takes a pass now and then, until it is stopped; a last one then.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            // An answer of the database that never comes must not hold up the end of the process.
            let passed = stop.run_until_cancelled(self.pass()).await;
            if let Some(Err(error)) = passed {
                tracing::warn!(
                    error = chain(&error),
                    "what was learned about the panels cannot be written or read now"
                );
            }

            let rest = stop.run_until_cancelled(tokio::time::sleep(EVERY)).await;
            if rest.is_none() {
                drop(tokio::time::timeout(LAST, self.write()).await);
                return;
            }
        }
    }
}

impl State {
    /// The orders that wait at a panel, if the questions of the next minute are more than it takes.
    fn crowd(&self, panel: IntegrationId, rate: Option<f64>) -> u64 {
        let load = self.load.get(&panel).copied().unwrap_or_default();
        let takes = rate.map_or(f64::INFINITY, |rate| rate * SHARE * 60.0);
        if f64::from(load.next_minute) > takes {
            load.waiting
        } else {
            0
        }
    }

    /// Of the package, if enough of it was seen; otherwise of the panel.
    fn times(&self, panel: IntegrationId, package: Option<Uuid>) -> Option<&DeliveryTimes> {
        let own = package.and_then(|package| self.known.get(&(panel, package)));
        let enough = own.filter(|times| times.samples() >= ENOUGH);
        enough.or_else(|| self.known.get(&(panel, Uuid::nil())))
    }
}
