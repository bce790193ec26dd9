//! The sweeper: whatever fell through is made due, so that the one code path settles it.
//!
//! Orders that the shop sent itself are adopted, orders whose checks ran out are looked at again,
//! and orders that no stream would end, since their panel is gone or never was reached, end at their
//! time limit. A pass takes pages until none is left.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{
    after, before,
    job::{Job, JobError},
    panels::Panels,
    poll::{answered, nobody_to_ask},
    recorder::Results,
    report,
    second_dispatcher::SecondDispatcherCheck,
    wakeup::Wakeup,
};
use crate::{
    clock::Clock,
    order::{
        HoldReason, IntegrationId, NotSent, OrderId, PurchaseOutcome, Reference, Rules,
        SecondPolicy, Stage, decide,
    },
    store::{Adoption, NewHold, Orphan, Outcome, ShopSent, Store, StoreError},
};

/// Ended orders that one sweep asks the shop's rows about, from either end.
const SETTLED: i64 = 10_000;

/// The numbers of a sweep.
#[derive(Clone, Copy, Debug)]
pub struct SweepLimits {
    /// Orders in one page.
    pub batch_size: u32,
    /// Younger orders of the shop are left to the shop for now.
    pub min_age: Duration,
    /// What is made due is spread over this.
    pub spread: Duration,
    /// How long a claim holds.
    pub lease: Duration,
    /// Older orders are not bought without asking.
    pub max_order_age: Duration,
    /// Since when this daemon sends orders by itself; `None` when it does not.
    pub sending_since: Option<DateTime<Utc>>,
    /// Whether orders that the shop sent are left to the shop: another system watches them.
    pub leave_to_shop: bool,
    /// What follows when somebody else is found to buy our orders too.
    pub on_second: SecondPolicy,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SweepReport {
    /// Orders of the shop that are watched from now on.
    pub adopted: u64,
    /// Orders of the shop that a person has to look at.
    pub held: u64,
    /// Orders whose checks had run out.
    pub revived: u64,
    /// Orders past their time limit without a panel.
    pub orphans: u64,
    /// Held orders that staff settled in the shop meanwhile.
    pub settled: u64,
    /// Orders that became too old while they could not be sent; they are held.
    pub stale: u64,
    /// Orders that somebody else sent although this daemon does: a second dispatcher is running, or
    /// staff sent them by hand.
    pub sent_by_others: u64,
    /// Orders of ours that somebody else wrote over: a second dispatcher is running.
    pub overwritten: u64,
}

/// The sweeper.
#[derive(Debug)]
pub struct Sweep {
    store: Store,
    panels: Arc<Panels>,
    clock: Arc<dyn Clock>,
    rules: Arc<Rules>,
    limits: SweepLimits,
    results: Results,
    checks: Arc<Wakeup>,
    second: SecondDispatcherCheck,
}

impl Sweep {
    /// A sweeper; `checks` is woken when it made something due.
    #[must_use]
    pub fn new(
        (store, panels, clock): (Store, Arc<Panels>, Arc<dyn Clock>),
        rules: Arc<Rules>,
        limits: SweepLimits,
        results: Results,
        checks: Arc<Wakeup>,
    ) -> Self {
        Self {
            second: SecondDispatcherCheck::new(
                store.clone(),
                Arc::clone(&panels),
                limits.on_second,
                Duration::ZERO,
            ),
            store,
            panels,
            clock,
            rules,
            limits,
            results,
            checks,
        }
    }

    /// One sweep.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; what was done stands.
    pub async fn sweep(&self) -> Result<SweepReport, StoreError> {
        let mut report = SweepReport {
            overwritten: self.second.open(self.clock.now()).await?,
            ..SweepReport::default()
        };
        if !self.limits.leave_to_shop {
            self.adopt(&mut report).await?;
        }
        if report.sent_by_others > 0 {
            tracing::warn!(
                orders = report.sent_by_others,
                "somebody else sends orders beside this daemon; switch one of the two off, \
                 or an order may be bought by both"
            );
        }
        report.revived = self.revive().await?;
        report.settled = self.end_settled_holds().await?;
        report.stale = self.hold_stale().await?;
        self.store.forget_settled(SETTLED).await?;
        report.orphans = self.orphans().await?;
        if report != SweepReport::default() {
            self.checks.wake();
        }
        Ok(report)
    }

    async fn adopt(&self, report: &mut SweepReport) -> Result<(), StoreError> {
        let now = self.clock.now();
        let from = before(now, self.rules.give_up_after);
        let until = before(now, self.limits.min_age);
        let page_size = i64::from(self.limits.batch_size);
        let mut last = None;
        loop {
            let page = self.store.unwatched(from, until, last, page_size).await?;
            let Some(end) = page.last() else {
                return Ok(());
            };
            last = Some((end.sent_at, end.order));
            for sent in page {
                let since = self.limits.sending_since;
                if sent.automatic && since.is_some_and(|since| sent.sent_at > since) {
                    report.sent_by_others += 1;
                }
                let adoption = self.adoption(sent, now);
                if self.take_over(&adoption, now).await? {
                    count(&adoption, report);
                } else {
                    self.hold_namesake(adoption, now, report).await?;
                }
            }
        }
    }

    /// Adopts an order. One whose row the shop's database refuses to change is held in our tables
    /// alone, so that it does not stand in the way of the others.
    async fn take_over(&self, adoption: &Adoption, now: DateTime<Utc>) -> Result<bool, StoreError> {
        match self.store.adopt(adoption, now).await {
            Err(error) if error.refuses_row() => {
                let (order, panel) = (adoption.sent.order, adoption.sent.integration);
                let words = error.words();
                self.store
                    .hold_refused(order, Some(panel), &words, now)
                    .await
            }
            done => done,
        }
    }

    fn adoption(&self, sent: ShopSent, now: DateTime<Utc>) -> Adoption {
        let reference = sent
            .reference
            .as_deref()
            .and_then(|text| Reference::parse(text).ok())
            .ok_or(HoldReason::NoReference);
        let spread = self.limits.spread.mul_f64(fastrand::f64());
        Adoption {
            give_up_at: after(sent.sent_at, self.rules.give_up_after),
            due_at: after(now, spread),
            reference,
            sent,
        }
    }

    /// Another order has the same number at the same panel: asking by it would give one code to
    /// two customers, so a person has to look.
    async fn hold_namesake(
        &self,
        adoption: Adoption,
        now: DateTime<Utc>,
        report: &mut SweepReport,
    ) -> Result<(), StoreError> {
        let held = Adoption {
            reference: Err(HoldReason::ReferenceShared),
            ..adoption
        };
        if self.take_over(&held, now).await? {
            count(&held, report);
        }
        Ok(())
    }

    async fn revive(&self) -> Result<u64, StoreError> {
        let page_size = i64::from(self.limits.batch_size);
        let mut revived = 0;
        // Each order once in a pass: what is asked and parked again meanwhile waits for the next.
        let mut last = None;
        loop {
            let now = self.clock.now();
            let page = self
                .store
                .revive(now, self.limits.spread, last, page_size)
                .await?;
            let Some(end) = page.last else {
                return Ok(revived);
            };
            revived += page.revived;
            last = Some(end);
        }
    }

    /// An order that waited too long is not bought without asking, but somebody has to know.
    async fn hold_stale(&self) -> Result<u64, StoreError> {
        if self.limits.sending_since.is_none() {
            return Ok(0);
        }
        let page_size = i64::from(self.limits.batch_size);
        let mut held = 0;
        loop {
            let now = self.clock.now();
            let from = before(now, self.rules.give_up_after);
            let until = before(now, self.limits.max_order_age);
            let page: Vec<NewHold> = self
                .store
                .stale(from, until, page_size)
                .await?
                .into_iter()
                .map(|order| NewHold {
                    order: order.order,
                    tenant: order.tenant,
                    integration: None,
                    reason: order.reason,
                })
                .collect();
            if page.is_empty() {
                return Ok(held);
            }
            let done = self.store.hold_new(&page, now).await?;
            for order in &done {
                tracing::warn!(%order, "the order waited too long to be bought; it is held");
            }
            held += u64::try_from(done.len()).unwrap_or(u64::MAX);
            if done.is_empty() {
                return Ok(held);
            }
        }
    }

    async fn end_settled_holds(&self) -> Result<u64, StoreError> {
        let page_size = i64::from(self.limits.batch_size);
        let mut settled = 0;
        loop {
            let now = self.clock.now();
            let page = self.store.end_settled_holds(now, page_size).await?;
            settled += page;
            if page == 0 {
                return Ok(settled);
            }
        }
    }

    async fn orphans(&self) -> Result<u64, StoreError> {
        let panels = self.panels.current().await?;
        let askable = panels.iter().filter(|panel| panel.may_ask());
        let known: Vec<IntegrationId> = askable.map(|panel| panel.id()).collect();
        let page_size = i64::from(self.limits.batch_size);
        let mut ended = 0;
        loop {
            let (token, now) = (Uuid::new_v4(), self.clock.now());
            let lease_until = after(now, self.limits.lease);
            let page = self
                .store
                .claim_orphans(&known, token, now, lease_until, page_size)
                .await?;
            if page.is_empty() {
                return Ok(ended);
            }
            for orphan in page {
                match orphan {
                    Ok(orphan) => {
                        let outcome = self.end(orphan, token);
                        self.results.submit(outcome).await;
                        ended += 1;
                    }
                    Err(error) => tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "a tracked order cannot be understood and is left alone"
                    ),
                }
            }
        }
    }
}

impl Sweep {
    /// The end of an order that nobody can ask about, or that was never sent.
    fn end(&self, orphan: Orphan, token: Uuid) -> Outcome {
        if orphan.watched.stage != Stage::Queued {
            let why = "its panel is gone from the shop, or is left alone";
            let reply = nobody_to_ask(why.to_owned());
            return answered(orphan, reply, token, &*self.clock, &self.rules);
        }
        let reply = nobody_to_ask("it could not be sent in time".to_owned());
        let now = self.clock.now();
        let not_sent = PurchaseOutcome::NotSent(NotSent::Connect);
        let decision =
            decide::after_purchase(orphan.watched, not_sent, None, now, &self.rules, 0.5);
        Outcome {
            order: orphan.order,
            integration: orphan.integration,
            reference: orphan.reference,
            token,
            detail: report::detail(&reply.evidence, &decision),
            decision,
            at: now,
        }
    }
}

fn count(adoption: &Adoption, report: &mut SweepReport) {
    let order: OrderId = adoption.sent.order;
    match &adoption.reference {
        Ok(reference) => {
            report.adopted += 1;
            tracing::info!(%order, %reference, "an order that the shop sent is watched from now on");
        }
        Err(reason) => {
            report.held += 1;
            tracing::warn!(%order, reason = reason.as_str(), "an order that the shop sent is held");
        }
    }
}

#[async_trait]
impl Job for Sweep {
    fn name(&self) -> &'static str {
        "sweep"
    }

    async fn run(&self) -> Result<serde_json::Value, JobError> {
        let report = self.sweep().await?;
        Ok(serde_json::to_value(report)?)
    }
}
