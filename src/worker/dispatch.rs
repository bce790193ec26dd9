//! The dispatch stream: sends the shop's new orders to their panels, each of them once.
//!
//! A turn reads candidates without a lock, looks up what to buy, reserves a place for each at its
//! panel, and only then claims them. What is claimed is sent at once, each order by itself; its
//! result goes to the recorder.

mod call;
mod refused;
mod send;
mod shadow;
mod sort;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use tokio_util::task::TaskTracker;

use self::{
    send::TickStart,
    sort::{ById, Sorted},
};
use super::{
    before,
    capacity::Capacity,
    concurrency::RequestKind,
    fair_share::FairShare,
    panels::{Panel, Panels},
    recorder::Results,
    second_dispatcher::SecondDispatcherCheck,
    stream::{Taken, Turn},
    wakeup::Wakeup,
};
use crate::{
    clock::Clock,
    order::{IntegrationId, OrderId, Rules, SecondPolicy},
    store::{Candidate, NewHold, QueuedCandidate, Store, StoreError},
};

/// The time that the spending limit is about.
const SPENDING_WINDOW: Duration = Duration::from_hours(24);
/// Orders without a route that are held in one turn.
const UNROUTABLE: i64 = 100;

/// The numbers by which orders are sent.
#[derive(Clone, Copy, Debug)]
pub struct DispatchLimits {
    /// Older orders are left alone.
    pub max_order_age: Duration,
    /// How long a claim holds.
    pub lease: Duration,
    /// The longest that one call can take.
    pub longest_call: Duration,
    /// Between two searches for orders without a route.
    pub scan_interval: Duration,
    /// Whether the panel is asked about an order before it is bought.
    pub ask_first: bool,
    /// What follows when somebody else is found to buy our orders too.
    pub on_second: SecondPolicy,
    /// What may be spent at one panel in 24 hours, in TRY; `None` for no limit.
    pub daily_limit: Option<Decimal>,
    /// Whether nothing is sent, only written down.
    pub shadow: bool,
}

/// The dispatch stream.
#[derive(Debug)]
pub struct Dispatch {
    store: Store,
    panels: Arc<Panels>,
    clock: Arc<dyn Clock>,
    rules: Arc<Rules>,
    limits: DispatchLimits,
    results: Results,
    tasks: TaskTracker,
    wakeup: Arc<Wakeup>,
    fair_share: FairShare,
    routes_checked: Mutex<Option<Instant>>,
    second: SecondDispatcherCheck,
}

impl Dispatch {
    /// A stream over these panels. Calls run on `tasks`; `wakeup` is woken when a price list came.
    #[must_use]
    pub fn new(
        (store, panels, clock): (Store, Arc<Panels>, Arc<dyn Clock>),
        rules: Arc<Rules>,
        limits: DispatchLimits,
        results: Results,
        tasks: TaskTracker,
        wakeup: Arc<Wakeup>,
    ) -> Self {
        Self {
            second: SecondDispatcherCheck::new(
                store.clone(),
                Arc::clone(&panels),
                limits.on_second,
                limits.scan_interval,
            ),
            store,
            panels,
            clock,
            rules,
            limits,
            results,
            tasks,
            wakeup,
            fair_share: FairShare::default(),
            routes_checked: Mutex::default(),
        }
    }

    /// Holds orders that are routed to no panel of their tenant; looked for once per scan.
    async fn unroutable(&self, now: DateTime<Utc>) -> Result<Vec<NewHold>, StoreError> {
        let checked = *self
            .routes_checked
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if checked.is_some_and(|at| at.elapsed() < self.limits.scan_interval) {
            return Ok(Vec::new());
        }
        let since = before(now, self.limits.max_order_age);
        let found = self.store.unroutable(since, UNROUTABLE).await?;
        *self
            .routes_checked
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ok(found
            .into_iter()
            .map(|order| NewHold {
                order: order.order,
                tenant: order.tenant,
                integration: None,
                reason: order.reason,
            })
            .collect())
    }

    /// Holds orders, or in shadow mode writes down that they would be. Returns how many.
    async fn put_aside(&self, holds: &[NewHold], now: DateTime<Utc>) -> Result<usize, StoreError> {
        if self.limits.shadow {
            self.only_note_holds(holds, now).await
        } else {
            self.hold(holds, now).await
        }
    }

    async fn hold(&self, holds: &[NewHold], now: DateTime<Utc>) -> Result<usize, StoreError> {
        if holds.is_empty() {
            return Ok(0);
        }
        let held: HashSet<OrderId> = self.hold_each(holds, now).await?.into_iter().collect();
        for hold in holds.iter().filter(|hold| held.contains(&hold.order)) {
            self.panels.meter().held.inc(hold.reason);
            tracing::warn!(
                order = %hold.order,
                reason = hold.reason.as_str(),
                "the order is held; a person has to act"
            );
        }
        Ok(held.len())
    }

    /// When the next tracked order is to be sent.
    async fn next(&self, panels: &[Arc<Panel>]) -> Result<Option<DateTime<Utc>>, StoreError> {
        let buying: Vec<IntegrationId> = panels
            .iter()
            .filter(|panel| panel.may_buy())
            .map(|panel| panel.id())
            .collect();
        if buying.is_empty() || self.limits.shadow {
            return Ok(None);
        }
        self.store.next_send(&buying, self.clock.now()).await
    }
}

#[async_trait]
impl Turn for Dispatch {
    async fn take(&self, capacity: &Capacity) -> Result<Taken, StoreError> {
        let panels = self.panels.current().await?;
        let start = TickStart {
            at: self.clock.now(),
            instant: Instant::now(),
        };
        let now = start.at;
        // Before anything more is bought: what is found here pauses the claims below.
        self.second.newest(now).await?;
        let buying = || panels.iter().filter(|panel| panel.may_buy());
        let unroutable = self.unroutable(now).await?;
        let shares =
            self.fair_share
                .shares(capacity.free(), buying().map(Arc::as_ref), RequestKind::Buy);
        if shares.is_empty() {
            self.put_aside(&unroutable, now).await?;
            let more = buying().next().is_some();
            return Ok(Taken {
                more,
                ..Taken::default()
            });
        }
        let next = self.next(&panels).await?;
        let sends_again = next.is_some_and(|next| next <= now);
        let queued = if sends_again {
            self.store.queued_candidates(&shares, now).await?
        } else {
            Vec::new()
        };
        let since = before(now, self.limits.max_order_age);
        let mut new = self
            .store
            .new_candidates(&shares, since, self.limits.shadow)
            .await?;
        if self.limits.shadow {
            new.extend(self.store.sent_candidates(&shares, since).await?);
        }
        let full = self.fair_share.remember(&shares, panels_of(&queued, &new));

        let by_id: ById = buying()
            .map(|panel| (panel.id(), Arc::clone(panel)))
            .collect();
        let mut sorted = Sorted {
            holds: unroutable,
            ..Sorted::default()
        };
        self.sort_queued(queued, &by_id, capacity, now, &mut sorted)
            .await?;
        self.sort_new(new, &by_id, capacity, now, &mut sorted);
        let put_aside = self.put_aside(&sorted.holds, now).await?;
        let started = if self.limits.shadow {
            self.only_note(sorted.ready, now).await?
        } else {
            self.send(sorted.ready, start).await?
        };
        // Orders that only wait for a price list do not make the stream turn: its arrival does.
        let more = full && started + put_aside > 0;
        let next = if more || sorted.skipped > 0 {
            None
        } else if sends_again {
            self.next(&panels).await?
        } else {
            next
        };
        Ok(Taken {
            started,
            more,
            next,
        })
    }
}

/// The panels that the candidates go to, one entry for each order.
fn panels_of<'a>(
    queued: &'a [QueuedCandidate],
    new: &'a [Candidate],
) -> impl Iterator<Item = IntegrationId> + 'a {
    queued
        .iter()
        .map(|order| order.candidate.integration)
        .chain(new.iter().map(|order| order.integration))
}
