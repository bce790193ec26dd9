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
    panels::{Panel, Panels},
    recorder::Results,
    report,
    stream::{Taken, Turn},
};
use crate::{
    clock::Clock,
    meter::label::Stream,
    order::{IntegrationId, OrderId, Rules, StatusAnswer, decide},
    provider::{AnswerClass, Evidence, StatusReply},
    store::{DueOrder, Outcome, Share, Store, StoreError},
};

/// Room at each panel, kept before anything is claimed.
type Reservations = HashMap<IntegrationId, (Arc<Panel>, Vec<Reservation>)>;

/// The poll stream.
#[derive(Debug)]
pub struct Poll {
    store: Store,
    panels: Arc<Panels>,
    clock: Arc<dyn Clock>,
    rules: Arc<Rules>,
    lease: Duration,
    results: Results,
    tasks: TaskTracker,
    fair_share: FairShare,
}

impl Poll {
    /// A stream over these panels. Calls run on `tasks`; a claim holds for `lease`.
    #[must_use]
    pub fn new(
        (store, panels, clock): (Store, Arc<Panels>, Arc<dyn Clock>),
        rules: Arc<Rules>,
        lease: Duration,
        results: Results,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            store,
            panels,
            clock,
            rules,
            lease,
            results,
            tasks,
            fair_share: FairShare::default(),
        }
    }

    /// Starts a question in the free that was kept for it.
    fn start(&self, due: DueOrder, panel: &Arc<Panel>, token: Uuid, reservation: Reservation) {
        let question = Question {
            store: self.store.clone(),
            panel: Arc::clone(panel),
            due,
            token,
            rules: Arc::clone(&self.rules),
            clock: Arc::clone(&self.clock),
            results: self.results.clone(),
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
        self.store.next_check(&asking).await
    }

    /// Keeps free for as many questions at each panel as may be claimed: what is claimed and not
    /// started would come back only when its lease ends.
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
        let panels = self.panels.current().await?;
        let now = self.clock.now();
        let asking = || panels.iter().filter(|panel| panel.may_ask());
        if !self.fair_share.is_saturated() {
            // Looking costs less than claiming, and mostly nothing is due.
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
            return Ok(Taken {
                more: asking().next().is_some(),
                ..Taken::default()
            });
        }
        let token = Uuid::new_v4();
        let lease_until = after(now, self.lease);
        let claimed = self
            .store
            .claim_due(&shares, token, now, lease_until)
            .await?;
        let mut found: Vec<IntegrationId> = Vec::with_capacity(claimed.len());
        let mut started = 0;
        let meter = self.panels.meter();
        for due in claimed {
            let due = match due {
                Ok(due) => due,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "a tracked order cannot be understood and is left alone"
                    );
                    continue;
                }
            };
            found.push(due.integration);
            if let Some(late) = due.due_at.and_then(|at| (now - at).to_std().ok()) {
                meter.check_lateness.time(late);
            }
            if let Some((panel, free)) = reserved.get_mut(&due.integration)
                && let Some(reservation) = free.pop()
            {
                self.start(due, panel, token, reservation);
                started += 1;
            }
        }
        drop(reserved);
        meter.claimed.add(Stream::Poll, started);
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
    store: Store,
    panel: Arc<Panel>,
    due: DueOrder,
    token: Uuid,
    rules: Arc<Rules>,
    clock: Arc<dyn Clock>,
    results: Results,
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
        let free = reservation.release_panel();
        let signal = match &self.panel.provider {
            Ok(_) => Some(breaker::of_status(&reply.answer, &reply.evidence)),
            Err(_) => None,
        };
        let reply = with_memory(&self.store, self.due.order, reply).await;
        let outcome = answered(self.due, reply, self.token, &*self.clock, &self.rules);
        self.results.submit(outcome).await;
        drop(free);
        let now = self.clock.now();
        self.panel.breaker.note(signal, &self.store, now).await;
    }
}

/// "Delivered" without a code means something else for a product that always had one. Where that cannot
/// be looked up, the order is asked about again rather than completed for good.
pub(super) async fn with_memory(store: &Store, order: OrderId, reply: StatusReply) -> StatusReply {
    let StatusAnswer::Done { pin: None, text } = &reply.answer else {
        return reply;
    };
    let answer = match store.comes_with_code(order).await {
        Ok(false) => return reply,
        Ok(true) => StatusAnswer::DoneWithoutCode { text: text.clone() },
        Err(error) => {
            tracing::warn!(
                %order,
                error = &error as &dyn std::error::Error,
                "it cannot be looked up whether this product has a code; the panel is asked again"
            );
            StatusAnswer::Unclear
        }
    };
    StatusReply { answer, ..reply }
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
    Outcome {
        order: due.order,
        integration: due.integration,
        reference: due.reference,
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
