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
    gate::Errand,
    panels::{Panel, Panels},
    recorder::Results,
    report,
    share::Appetite,
    slots::{Slot, Slots},
    stream::{Taken, Turn},
};
use crate::{
    clock::Clock,
    metrics::{METRICS, label::Stream},
    order::{IntegrationId, OrderId, Rules, StatusAnswer, decide},
    provider::{AnswerClass, Evidence, StatusReply},
    store::{DueOrder, Outcome, Share, Store, StoreError},
};

/// Room at each panel, kept before anything is claimed.
type Rooms = HashMap<IntegrationId, (Arc<Panel>, Vec<Slot>)>;

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
    appetite: Appetite,
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
            appetite: Appetite::default(),
        }
    }

    /// Starts a question in the room that was kept for it.
    fn start(&self, due: DueOrder, panel: &Arc<Panel>, token: Uuid, slot: Slot) {
        let question = Question {
            store: self.store.clone(),
            panel: Arc::clone(panel),
            due,
            token,
            rules: Arc::clone(&self.rules),
            clock: Arc::clone(&self.clock),
            results: self.results.clone(),
        };
        self.tasks.spawn(question.ask(slot));
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

    /// Keeps room for as many questions at each panel as may be claimed: what is claimed and not
    /// started would come back only when its lease ends.
    fn keep_room(&self, panels: &[Arc<Panel>], slots: &Slots) -> (Vec<Share>, Rooms) {
        let asking = panels.iter().filter(|panel| panel.may_ask());
        let wanted =
            self.appetite
                .shares(slots.free(), asking.clone().map(Arc::as_ref), Errand::Ask);
        let mut rooms = Rooms::new();
        for share in &wanted {
            let Some(panel) = asking.clone().find(|panel| panel.id() == share.integration) else {
                continue;
            };
            let pass = || panel.gate.enter(Errand::Ask);
            let room = std::iter::from_fn(|| pass().and_then(|pass| slots.take(pass)));
            rooms.insert(
                panel.id(),
                (Arc::clone(panel), room.take(share.limit).collect()),
            );
        }
        let kept = |share: Share| {
            let limit = rooms
                .get(&share.integration)
                .map_or(0, |(_, room)| room.len());
            (limit > 0).then_some(Share { limit, ..share })
        };
        (wanted.into_iter().filter_map(kept).collect(), rooms)
    }
}

#[async_trait]
impl Turn for Poll {
    async fn take(&self, slots: &Slots) -> Result<Taken, StoreError> {
        let panels = self.panels.current().await?;
        let now = self.clock.now();
        let asking = || panels.iter().filter(|panel| panel.may_ask());
        if !self.appetite.is_hungry() {
            // Looking costs less than claiming, and mostly nothing is due.
            let next = self.next(&panels).await?;
            if next.is_none_or(|next| next > now) {
                return Ok(Taken {
                    next,
                    ..Taken::default()
                });
            }
        }
        let (shares, mut rooms) = self.keep_room(&panels, slots);
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
                METRICS.check_lateness.observe(late.as_secs_f64());
            }
            if let Some((panel, room)) = rooms.get_mut(&due.integration)
                && let Some(slot) = room.pop()
            {
                self.start(due, panel, token, slot);
                started += 1;
            }
        }
        drop(rooms);
        METRICS.claimed(Stream::Poll, started);
        let more = self.appetite.remember(&shares, found.into_iter());
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
    async fn ask(self, slot: Slot) {
        let reply = match &self.panel.provider {
            Ok(provider) => {
                slot.pass.turn().await;
                provider.status(&self.due.reference).await
            }
            Err(error) => nobody_to_ask(error.to_string()),
        };
        let room = slot.leave_panel();
        let signal = match &self.panel.provider {
            Ok(_) => Some(breaker::of_status(&reply.answer, &reply.evidence)),
            Err(_) => None,
        };
        let reply = with_memory(&self.store, self.due.order, reply).await;
        let outcome = answered(self.due, reply, self.token, &*self.clock, &self.rules);
        self.results.hand_in(outcome).await;
        drop(room);
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
