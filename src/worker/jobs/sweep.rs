//! The sweeper: whatever fell through is made due, so that the one code path settles it.
//!
//! Orders that the shop sent itself are adopted, orders whose checks ran out are checked again,
//! and orders that no stream would end, since their panel is gone or never was reached, end at their
//! time limit. A run takes pages until none is left.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{JobSpec, Needs};
use crate::{
    config::DispatchMode,
    order::{HoldReason, NotSent, OrderId, PurchaseOutcome, Stage, decide},
    store::{Adoption, NewHold, Orphan, Outcome, Prices, ShopSent, StoreError, Watchable},
    telemetry::chain,
    worker::{
        after, before,
        job::{Job, JobError},
        panels::Panel,
        poll::{answered, nobody_to_ask},
        report,
        schedule::Schedule,
        second_dispatcher::SecondDispatcherCheck,
        shop::Shop,
    },
};

/// How long an order that was bought waits for the open circuit of its panel to close: it may be delivered there.
const BLOCKED: Duration = Duration::from_hours(7 * 24);

/// Ended orders of which one sweep asks the shop's rows, from either end.
const SETTLED: i64 = 10_000;

pub(crate) static JOB: JobSpec = JobSpec {
    name: "sweep",
    about: "Make due what nobody watches: orders that the shop sent itself, orders whose checks ran out",
    progress: "looking for forgotten orders",
    needs: Needs::Shop,
    longest_run: Duration::from_mins(15),
    schedule: |config| {
        let interval = config.sweep.interval;
        let schedule = Schedule::Every {
            interval,
            first_after: interval,
        };
        config.sweep.enabled.then_some(schedule)
    },
    build: |context, _| {
        Ok(Arc::new(Sweep::new(
            context.shop.clone(),
            context.started_at,
        )))
    },
};

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SweepReport {
    /// Orders of the shop that are watched from now on.
    pub adopted: u64,
    /// Orders of the shop that need review.
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

#[derive(Debug)]
pub struct Sweep {
    shop: Shop,
    /// Since when this daemon sends orders by itself; `None` when it does not.
    sending_since: Option<DateTime<Utc>>,
    second: SecondDispatcherCheck,
}

impl Sweep {
    /// The sweep of a daemon that was started at this time.
    #[must_use]
    pub fn new(shop: Shop, started_at: DateTime<Utc>) -> Self {
        let dispatch = &shop.config.dispatch;
        let sends = dispatch.enabled && dispatch.mode == DispatchMode::Live;
        Self {
            sending_since: sends.then_some(started_at),
            second: SecondDispatcherCheck::new(shop.clone()),
            shop,
        }
    }

    /// What was done before an error stands.
    pub async fn sweep(&self) -> Result<SweepReport, StoreError> {
        let mut report = SweepReport {
            overwritten: self.second.open(self.shop.clock.now()).await?,
            ..SweepReport::default()
        };

        // In shadow mode another system watches what it sent.
        if self.shop.config.dispatch.mode == DispatchMode::Live {
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
        self.shop.store.forget_settled(SETTLED).await?;
        report.orphans = self.orphans().await?;

        if report != SweepReport::default() {
            // What became due need not wait for the poller's next scan.
            self.shop.checks.wake();
        }
        Ok(report)
    }

    fn page_size(&self) -> i64 {
        i64::from(self.shop.config.sweep.batch_size)
    }

    async fn adopt(&self, report: &mut SweepReport) -> Result<(), StoreError> {
        let now = self.shop.clock.now();
        let from = before(now, self.shop.rules.give_up_after);
        let until = before(now, self.shop.config.sweep.min_age);
        let page_size = self.page_size();

        // From the last row on: what could not be adopted must not come back with the next page.
        let mut last = None;
        loop {
            let page = self
                .shop
                .store
                .unwatched(from, until, last, page_size)
                .await?;
            let Some(end) = page.last() else {
                return Ok(());
            };
            last = Some((end.sent_at, end.order));

            for sent in page {
                let since = self.sending_since;
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

    /// Adopts an order, or holds it in our tables alone where the shop's database refuses to change its row.
    async fn take_over(&self, adoption: &Adoption, now: DateTime<Utc>) -> Result<bool, StoreError> {
        match self.shop.store.adopt(adoption, now).await {
            // As an error it would end every sweep before the orders behind it.
            Err(error) if error.refuses_row() => {
                let (order, panel) = (adoption.sent.order, adoption.sent.integration);
                let words = error.words();
                self.shop
                    .store
                    .hold_refused(order, Some(panel), &words, now)
                    .await
            }
            done => done,
        }
    }

    fn adoption(&self, sent: ShopSent, now: DateTime<Utc>) -> Adoption {
        let reference = sent.name();
        // A page of orders is not asked about in one burst.
        let spread = self.shop.config.sweep.spread.mul_f64(fastrand::f64());

        Adoption {
            // The shop writes the order's own id where its purchase was refused, too, or got no answer.
            unsure: matches!(&reference, Ok(name) if name.as_str() == sent.order.0.to_string()),
            give_up_at: after(sent.sent_at, self.shop.rules.give_up_after),
            due_at: after(now, spread),
            reference,
            sent,
        }
    }

    /// Holds an order whose number another order has at the same panel.
    async fn hold_namesake(
        &self,
        adoption: Adoption,
        now: DateTime<Utc>,
        report: &mut SweepReport,
    ) -> Result<(), StoreError> {
        // Asking by a shared number would give one code to two customers.
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
        let page_size = self.page_size();
        let mut revived = 0;

        // Each order once in a run: what is asked and parked again meanwhile waits for the next.
        let mut last = None;
        loop {
            let now = self.shop.clock.now();
            let page = self
                .shop
                .store
                .revive(now, self.shop.config.sweep.spread, last, page_size)
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
        // Where another system sends the orders, none of them waits for us.
        if self.sending_since.is_none() {
            return Ok(0);
        }

        let page_size = self.page_size();
        let mut held = 0;
        loop {
            let now = self.shop.clock.now();
            let from = before(now, self.shop.rules.give_up_after);
            let until = before(now, self.shop.config.dispatch.max_order_age);
            let page: Vec<NewHold> = self
                .shop
                .store
                .stale(from, until, page_size)
                .await?
                .into_iter()
                .map(|order| NewHold {
                    order: order.order,
                    tenant: order.tenant,
                    integration: None,
                    cause: order.reason.into(),
                })
                .collect();
            if page.is_empty() {
                return Ok(held);
            }

            let done = self.shop.hold_each(&page, now).await?;
            for order in &done {
                tracing::warn!(%order, "the order waited too long to be bought; it is held");
            }
            held += u64::try_from(done.len()).unwrap_or(u64::MAX);
            // What cannot be held stays on the page, which would come back for ever.
            if done.is_empty() {
                return Ok(held);
            }
        }
    }

    async fn end_settled_holds(&self) -> Result<u64, StoreError> {
        let page_size = self.page_size();
        let mut settled = 0;
        loop {
            let now = self.shop.clock.now();
            let page = self.shop.store.end_settled_holds(now, page_size).await?;
            settled += page;
            if page == 0 {
                return Ok(settled);
            }
        }
    }

    async fn orphans(&self) -> Result<u64, StoreError> {
        let panels = self.shop.panels.current().await?;
        let (askable, blocked): (Vec<_>, Vec<_>) = panels.iter().partition(|panel| panel.may_ask());
        let ids = |panels: Vec<&Arc<Panel>>| panels.into_iter().map(|panel| panel.id()).collect();
        let (askable, blocked): (Vec<_>, Vec<_>) = (ids(askable), ids(blocked));

        let page_size = self.page_size();
        let mut ended = 0;
        loop {
            let (token, now) = (Uuid::new_v4(), self.shop.clock.now());
            let lease_until = after(now, self.shop.config.poll.lease);
            let watched = Watchable {
                askable: &askable,
                blocked: &blocked,
                since: before(now, BLOCKED),
            };
            let page = self
                .shop
                .store
                .claim_orphans(watched, token, now, lease_until, page_size)
                .await?;
            if page.is_empty() {
                return Ok(ended);
            }

            for orphan in page {
                match orphan {
                    Ok(orphan) => {
                        let outcome = self.end(orphan, token);
                        // Others are given some time more.
                        ended += u64::from(outcome.decision.due_at.is_none());
                        self.shop.results.submit(outcome).await;
                    }
                    // One such row must not hold up the others.
                    Err(error) => tracing::error!(
                        error = chain(&error),
                        "a tracked order cannot be read and is skipped"
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
            let why = "its panel is gone from the shop, or its circuit is open";
            let reply = nobody_to_ask(why.to_owned());
            return answered(orphan, reply, token, &*self.shop.clock, &self.shop.rules);
        }

        let reply = nobody_to_ask("it could not be sent in time".to_owned());
        let now = self.shop.clock.now();
        let not_sent = PurchaseOutcome::NotSent(NotSent::Connect);
        // It is past its time limit, so no delay follows that the jitter could move.
        let decision =
            decide::after_purchase(orphan.watched, not_sent, None, now, &self.shop.rules, 0.5);

        Outcome {
            order: orphan.order,
            tenant: orphan.tenant,
            integration: orphan.integration,
            reference: orphan.reference,
            package: orphan.package,
            token,
            quiet: None,
            prices: Prices::default(),
            sent_by: None,
            known: None,
            at_work: None,
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
        JOB.name
    }

    async fn run(&self) -> Result<Value, JobError> {
        let report = self.sweep().await?;
        Ok(serde_json::to_value(report)?)
    }
}
