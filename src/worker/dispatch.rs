//! The dispatch stream: sends the shop's new orders to their panels, each of them once.
//!
//! A turn reads candidates without a lock, looks up what to buy, reserves capacity for each at its
//! panel, and only then claims them. What is claimed is sent at once, each order by itself; its
//! result goes to the recorder.

mod call;
mod elsewhere;
mod refused;
mod send;
mod shadow;
mod sort;

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tokio_util::task::TaskTracker;

use self::{
    elsewhere::ServerWatch,
    send::TickStart,
    sort::{Round, Sorted},
};
use super::{
    before,
    capacity::Capacity,
    concurrency::RequestKind,
    fair_share::FairShare,
    panels::Panel,
    rates::RatesCache,
    second_dispatcher::SecondDispatcherCheck,
    shop::Shop,
    stream::{Taken, Turn},
};
use crate::{
    config::{self, DispatchMode},
    metrics::METRICS,
    order::{IntegrationId, OrderId},
    store::{Candidate, NewHold, QueuedCandidate, StoreError},
};

/// The time over which the spending limit is counted.
pub(crate) const SPENDING_WINDOW: Duration = Duration::from_hours(24);
/// Orders without a route that are held in one turn.
const UNROUTABLE: i64 = 100;

#[derive(Debug)]
pub struct Dispatch {
    shop: Shop,
    /// Runs the calls.
    tasks: TaskTracker,
    fair_share: FairShare,
    routes_checked: Mutex<Option<Instant>>,
    second: SecondDispatcherCheck,
    rates: RatesCache,
    server: ServerWatch,
}

impl Dispatch {
    #[must_use]
    pub fn new(shop: Shop, tasks: TaskTracker) -> Self {
        Self {
            second: SecondDispatcherCheck::new(shop.clone()),
            shop,
            tasks,
            fair_share: FairShare::default(),
            routes_checked: Mutex::default(),
            rates: RatesCache::default(),
            server: ServerWatch::default(),
        }
    }

    fn settings(&self) -> &config::Dispatch {
        &self.shop.config.dispatch
    }

    fn is_shadow(&self) -> bool {
        self.settings().mode == DispatchMode::Shadow
    }

    /// Orders that are routed to no panel of their tenant.
    async fn unroutable(&self, now: DateTime<Utc>) -> Result<Vec<NewHold>, StoreError> {
        // Once per scan: under load a turn is taken every few milliseconds.
        let checked = *self.routes_checked.lock();
        if checked.is_some_and(|at| at.elapsed() < self.settings().scan_interval) {
            return Ok(Vec::new());
        }

        let since = before(now, self.settings().max_order_age);
        let found = self.shop.store.unroutable(since, UNROUTABLE).await?;
        *self.routes_checked.lock() = Some(Instant::now());

        Ok(found
            .into_iter()
            .map(|order| NewHold {
                order: order.order,
                tenant: order.tenant,
                integration: None,
                cause: order.reason.into(),
            })
            .collect())
    }

    /// Holds orders, or in shadow mode writes down that they would be. Returns how many.
    async fn put_aside(&self, holds: &[NewHold], now: DateTime<Utc>) -> Result<usize, StoreError> {
        if self.is_shadow() {
            self.only_note_holds(holds, now).await
        } else {
            self.hold(holds, now).await
        }
    }

    async fn hold(&self, holds: &[NewHold], now: DateTime<Utc>) -> Result<usize, StoreError> {
        if holds.is_empty() {
            return Ok(0);
        }

        let held: HashSet<OrderId> = self.shop.hold_each(holds, now).await?.into_iter().collect();
        // The others were decided meanwhile.
        for hold in holds.iter().filter(|hold| held.contains(&hold.order)) {
            METRICS.held(hold.cause.reason);
            tracing::warn!(
                order = %hold.order,
                reason = hold.cause.reason.as_str(),
                "the order is held; a person has to act"
            );
        }

        Ok(held.len())
    }

    /// Orders of before this time are asked about at their fallback panel, too.
    async fn doubt_before(
        &self,
        queued: &[QueuedCandidate],
        new: &[Candidate],
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let asks = self.settings().ask_first && !self.is_shadow();
        if !asks || queued.is_empty() && new.is_empty() {
            return Ok(None);
        }

        let before = self.server.doubt_before(&self.shop.store, now).await?;
        Ok(Some(before))
    }

    /// When the next tracked order is to be sent.
    async fn next(&self, panels: &[Arc<Panel>]) -> Result<Option<DateTime<Utc>>, StoreError> {
        let buying: Vec<IntegrationId> = panels
            .iter()
            .filter(|panel| panel.may_buy())
            .map(|panel| panel.id())
            .collect();
        if buying.is_empty() || self.is_shadow() {
            return Ok(None);
        }

        self.shop
            .store
            .next_send(&buying, self.shop.clock.now())
            .await
    }
}

#[async_trait]
impl Turn for Dispatch {
    async fn take(&self, capacity: &Capacity) -> Result<Taken, StoreError> {
        let panels = self.shop.panels.current().await?;
        let start = TickStart {
            at: self.shop.clock.now(),
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
            // A hold needs no capacity, so it does not wait for any.
            self.put_aside(&unroutable, now).await?;
            let more = buying().next().is_some();
            return Ok(Taken {
                more,
                ..Taken::default()
            });
        }

        // Mostly no queued order is due, and this costs less than reading them at every panel.
        let next = self.next(&panels).await?;
        let sends_again = next.is_some_and(|next| next <= now);
        let mut queued = if sends_again {
            self.shop.store.queued_candidates(&shares, now).await?
        } else {
            Vec::new()
        };
        let since = before(now, self.settings().max_order_age);
        let mut new = self
            .shop
            .store
            .new_candidates(&shares, since, self.is_shadow())
            .await?;
        if self.is_shadow() {
            // The shop sends within the request that places the order, mostly before a turn sees it.
            new.extend(self.shop.store.sent_candidates(&shares, since).await?);
        }
        let sold_again = queued.iter_mut().map(|order| &mut order.candidate);
        self.rates
            .price(&self.shop.store, sold_again.chain(&mut new))
            .await;
        let full = self.fair_share.remember(&shares, panels_of(&queued, &new));

        let by_id = |panel: &Arc<Panel>| (panel.id(), Arc::clone(panel));
        let round = Round {
            buying: &buying().map(by_id).collect(),
            all: &panels.iter().map(by_id).collect(),
            capacity,
            now,
            doubt_before: self.doubt_before(&queued, &new, now).await?,
        };
        let mut sorted = Sorted {
            holds: unroutable,
            ..Sorted::default()
        };
        // Capacity goes first to those that have waited before.
        self.sort_queued(queued, &round, &mut sorted).await?;
        self.sort_new(new, &round, &mut sorted);

        let put_aside = self.put_aside(&sorted.holds, now).await?;
        let started = if self.is_shadow() {
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
