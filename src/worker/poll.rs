//! The poll stream: asks the panels what became of the orders that are due.
//!
//! It also finds the orders whose sender died: their lease ran out, so they come back as
//! unconfirmed and are asked about, never sent again.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{
    after, breaker,
    capacity::{Capacity, Reservation},
    concurrency::RequestKind,
    fair_share::FairShare,
    panels::Panel,
    report,
    shop::Shop,
    stream::{Taken, Turn},
};
use crate::{
    clock::Clock,
    metrics::{METRICS, label::Stream},
    order::{EventKind, IntegrationId, OrderId, Rules, StatusAnswer, decide},
    provider::{AnswerClass, Evidence, StatusReply},
    store::{DueOrder, Outcome, Prices, Quiet, Share, Store, StoreError},
    telemetry::chain,
};

/// Capacity at each panel, reserved before anything is claimed.
type Reservations = HashMap<IntegrationId, (Arc<Panel>, Vec<Reservation>)>;

#[derive(Debug)]
pub struct Poll {
    shop: Shop,
    /// Runs the calls.
    tasks: TaskTracker,
    fair_share: FairShare,
}

impl Poll {
    #[must_use]
    pub fn new(shop: Shop, tasks: TaskTracker) -> Self {
        Self {
            shop,
            tasks,
            fair_share: FairShare::default(),
        }
    }

    /// Starts a question with the capacity that was reserved for it.
    fn start(&self, due: DueOrder, panel: &Arc<Panel>, token: Uuid, reservation: Reservation) {
        let question = Question {
            shop: self.shop.clone(),
            panel: Arc::clone(panel),
            due,
            token,
        };
        self.tasks.spawn(question.ask(reservation));
    }

    /// When the next order is to be asked about.
    async fn next(&self, panels: &[Arc<Panel>]) -> Result<Option<DateTime<Utc>>, StoreError> {
        let asking = panels.iter().filter(|panel| panel.may_ask());
        let asking: Vec<IntegrationId> = asking.map(|panel| panel.id()).collect();
        if asking.is_empty() {
            return Ok(None);
        }

        self.shop.store.next_check(&asking).await
    }

    /// Reserves capacity for as many questions at each panel as may be claimed.
    fn reserve(&self, panels: &[Arc<Panel>], capacity: &Capacity) -> (Vec<Share>, Reservations) {
        let asking = panels.iter().filter(|panel| panel.may_ask());
        let wanted = self.fair_share.shares(
            capacity.free(),
            asking.clone().map(Arc::as_ref),
            RequestKind::Ask,
        );

        let mut reserved = Reservations::new();
        for share in &wanted {
            let Some(panel) = asking.clone().find(|panel| panel.id() == share.integration) else {
                continue;
            };
            let permit = || panel.concurrency.try_acquire(RequestKind::Ask);
            let free =
                std::iter::from_fn(|| permit().and_then(|permit| capacity.try_reserve(permit)));
            reserved.insert(
                panel.id(),
                (Arc::clone(panel), free.take(share.limit).collect()),
            );
        }

        // No more is claimed than was reserved: what is not started comes back only when its lease ends.
        let kept = |share: Share| {
            let limit = reserved
                .get(&share.integration)
                .map_or(0, |(_, free)| free.len());
            (limit > 0).then_some(Share { limit, ..share })
        };
        (wanted.into_iter().filter_map(kept).collect(), reserved)
    }
}

#[async_trait]
impl Turn for Poll {
    async fn take(&self, capacity: &Capacity) -> Result<Taken, StoreError> {
        let panels = self.shop.panels.current().await?;
        let now = self.shop.clock.now();
        let asking = || panels.iter().filter(|panel| panel.may_ask());

        if !self.fair_share.is_saturated() {
            // This costs less than claiming, and mostly nothing is due.
            let next = self.next(&panels).await?;
            if next.is_none_or(|next| next > now) {
                return Ok(Taken {
                    next,
                    ..Taken::default()
                });
            }
        }

        let (shares, mut reserved) = self.reserve(&panels, capacity);
        if shares.is_empty() {
            // All capacity is in use: what goes on next is decided by a call that ends, not by a due time.
            return Ok(Taken {
                more: asking().next().is_some(),
                ..Taken::default()
            });
        }

        let token = Uuid::new_v4();
        let lease_until = after(now, self.shop.config.poll.lease);
        let claimed = self
            .shop
            .store
            .claim_due(&shares, token, now, lease_until)
            .await?;

        let mut found: Vec<IntegrationId> = Vec::with_capacity(claimed.len());
        let mut started = 0;
        for due in claimed {
            let due = match due {
                Ok(due) => due,
                // One such row must not hold up the others.
                Err(error) => {
                    tracing::error!(
                        error = chain(&error),
                        "a tracked order cannot be read and is skipped"
                    );
                    continue;
                }
            };

            found.push(due.integration);
            if let Some(late) = due.due_at.and_then(|at| (now - at).to_std().ok()) {
                METRICS.check_lateness.observe(late.as_secs_f64());
            }
            if let Some((panel, free)) = reserved.get_mut(&due.integration)
                && let Some(reservation) = free.pop()
            {
                self.start(due, panel, token, reservation);
                started += 1;
            }
        }
        // Not kept during the query below: purchases may need the permits.
        drop(reserved);
        METRICS.claimed(Stream::Poll, started);

        let more = self.fair_share.remember(&shares, found.into_iter());
        let next = if more {
            None
        } else {
            self.next(&panels).await?
        };

        Ok(Taken {
            started,
            more,
            next,
        })
    }
}

/// One question and its answer.
struct Question {
    shop: Shop,
    panel: Arc<Panel>,
    due: DueOrder,
    token: Uuid,
}

impl Question {
    async fn ask(self, reservation: Reservation) {
        let reply = match &self.panel.provider {
            Ok(provider) => {
                reservation.permit.wait_for_pace().await;
                provider.status(&self.due.reference).await
            }
            Err(error) => nobody_to_ask(error.to_string()),
        };
        // The panel has answered: the next call need not wait for our database.
        let capacity = reservation.release_panel();

        // Before the database is asked, whose failure says nothing about the panel.
        let signal = match &self.panel.provider {
            Ok(_) => Some(breaker::of_status(&reply.answer, &reply.evidence)),
            Err(_) => None,
        };
        let reply = with_memory(&self.shop.store, self.due.order, reply).await;

        let mut due = self.due.clone();
        // It may have been sent, and a panel that does not refuse the second purchase would make it.
        due.watched.may_resend &= self.panel.kind().refuses_repeats;
        self.learn(&reply.answer);
        let (clock, rules) = (&*self.shop.clock, &self.shop.rules);
        let mut outcome = answered(due, reply, self.token, clock, rules);

        let (product, at) = ((self.due.integration, self.due.package), outcome.at);
        self.shop.learning.place(&mut outcome.decision, product, at);
        self.shop.results.submit(outcome).await;
        drop(capacity);

        let now = self.shop.clock.now();
        self.panel.breaker.note(signal, &self.shop.store, now).await;
    }
}

impl Question {
    /// The order was done at some time between the answer before and this one.
    fn learn(&self, answer: &StatusAnswer) {
        let due = &self.due;
        let done = matches!(
            answer,
            StatusAnswer::Done { .. }
                | StatusAnswer::DoneWithoutCode { .. }
                | StatusAnswer::Cancelled { .. }
        );
        // It was done before, where the code alone was missing. Of what the shop sent, or was on its way before
        // anything was learned, nobody knows when it was last not done.
        let seen = due.watched.unknowns == 0
            && due.package.is_some()
            && (due.waited_at.is_some() || !due.watched.processing);
        let Some(sent_at) = due.watched.sent_at.filter(|_| done && seen) else {
            return;
        };

        let since = |at: DateTime<Utc>| (at - sent_at).to_std().unwrap_or_default();
        let after = due.waited_at.map(since).unwrap_or_default();
        let until = since(self.shop.clock.now());
        // Not where a clock was set back.
        if until > after {
            let product = (due.integration, due.package);
            self.shop.learning.learn(product, after, until);
        }
    }
}

/// "Delivered" without a code means something else where the panel has shown the code before, and for a
/// product that always had one.
pub(super) async fn with_memory(store: &Store, order: OrderId, reply: StatusReply) -> StatusReply {
    let StatusAnswer::Done { pin: None, text } = &reply.answer else {
        return reply;
    };

    let answer = match remembered(store, order, text).await {
        Ok(None) => return reply,
        Ok(Some(answer)) => answer,
        // Completed is final: better asked once more than completed without its code.
        Err(error) => {
            tracing::warn!(
                %order,
                error = chain(&error),
                "it cannot be looked up whether this product has a code; the panel is asked again"
            );
            StatusAnswer::Unclear
        }
    };
    StatusReply { answer, ..reply }
}

async fn remembered(
    store: &Store,
    order: OrderId,
    text: &str,
) -> Result<Option<StatusAnswer>, StoreError> {
    // Kept until now because it was not delivered; by this answer it is.
    if let Some(pin) = store.pin(order).await? {
        return Ok(Some(StatusAnswer::Done {
            pin: Some(pin),
            text: text.to_owned(),
        }));
    }

    let has_code = store.comes_with_code(order).await?;
    Ok(has_code.then(|| StatusAnswer::DoneWithoutCode {
        text: text.to_owned(),
    }))
}

/// The result of a question, as the recorder takes it.
pub(super) fn answered(
    due: DueOrder,
    reply: StatusReply,
    token: Uuid,
    clock: &dyn Clock,
    rules: &Rules,
) -> Outcome {
    let now = clock.now();
    let decision = decide::after_check(due.watched, reply.answer, now, rules, fastrand::f64());
    let quiet = (decision.event == EventKind::Checked).then(|| {
        let answer = reply.evidence.digest();
        let again = due.answer == Some(answer);
        Quiet { answer, again }
    });

    Outcome {
        quiet,
        prices: Prices::default(),
        sent_by: None,
        known: None,
        at_work: None,
        order: due.order,
        tenant: due.tenant,
        integration: due.integration,
        reference: due.reference,
        package: due.package,
        token,
        detail: report::detail(&reply.evidence, &decision),
        decision,
        at: now,
    }
}

/// The answer where there is no panel to give one.
pub(super) fn nobody_to_ask(trouble: String) -> StatusReply {
    StatusReply {
        answer: StatusAnswer::Unclear,
        evidence: Evidence {
            class: AnswerClass::None,
            http_status: None,
            body: String::new(),
            trouble,
            took: Duration::ZERO,
        },
    }
}
