//! One purchase: the only place that spends money.
//!
//! It is reached with a committed claim and leaves exactly one result. Before the call it looks
//! once more whether enough of the lease is left: past that moment somebody else could be asking
//! about a purchase that is still on its way. And whether the panel is left alone since: orders
//! that were claimed together wait for their turns, and the answer to the first may have said that
//! the others would be sent in vain.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use uuid::Uuid;

use super::sort::Ready;
use crate::{
    clock::Clock,
    order::{
        Decision, NotSent, PurchaseOutcome, Reference, Reroute, Rules, Stage, StatusAnswer,
        Watched, decide,
    },
    provider::{AnswerClass, Evidence, PurchaseReply, StatusReply},
    store::{Outcome, Store},
    worker::{breaker, poll::with_memory, recorder::Results, report},
};

/// What a purchase needs besides the order.
pub(super) struct Call {
    pub(super) deadline: Instant,
    pub(super) token: Uuid,
    pub(super) ask_first: bool,
    pub(super) store: Store,
    pub(super) rules: Arc<Rules>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) results: Results,
}

/// What the panel said before it was to be bought.
enum Asked {
    /// It does not know the order: buy.
    Unknown,
    /// It knows it: bought before.
    Known(StatusReply),
    /// It does not say: do not buy now.
    Nothing(Evidence),
}

impl Call {
    /// Buys, and hands the result in.
    pub(super) async fn make(self, ready: Ready) {
        let (decision, evidence, signal) = self.decide(&ready).await;
        let outcome = Outcome {
            order: ready.claim.order,
            integration: ready.claim.integration,
            reference: ready.claim.reference,
            token: self.token,
            detail: report::detail(&evidence, &decision),
            decision,
            at: self.clock.now(),
        };
        let room = ready.reservation.release_panel();
        self.results.submit(outcome).await;
        drop(room);
        let now = self.clock.now();
        ready.panel.breaker.note(signal, &self.store, now).await;
    }

    async fn decide(&self, ready: &Ready) -> (Decision, Evidence, Option<crate::breaker::Signal>) {
        let asked = if self.ask_first {
            self.ask(ready).await
        } else {
            Asked::Unknown
        };
        let reply = match asked {
            Asked::Unknown => self.buy(ready).await,
            Asked::Nothing(evidence) => PurchaseReply {
                outcome: PurchaseOutcome::NotSent(NotSent::AskedInVain),
                evidence,
            },
            Asked::Known(reply) => {
                let signal = breaker::of_status(&reply.answer, &reply.evidence);
                return (
                    self.bought_before(ready, reply.answer),
                    reply.evidence,
                    Some(signal),
                );
            }
        };
        let signal = breaker::of_purchase(&reply.outcome, &reply.evidence);
        let now = self.clock.now();
        let (watched, jitter) = (ready.watched.clone(), fastrand::f64());
        let fallback = ready.fallback.map(|integration| Reroute {
            integration,
            reference: Reference::derive(ready.claim.order, integration, 0),
        });
        let decision =
            decide::after_purchase(watched, reply.outcome, fallback, now, &self.rules, jitter);
        (decision, reply.evidence, signal)
    }

    async fn buy(&self, ready: &Ready) -> PurchaseReply {
        ready.reservation.permit.wait_for_pace().await;
        if Instant::now() > self.deadline {
            let trouble = "too little of the lease was left to send it safely";
            return not_sent(NotSent::NoTimeLeft, trouble);
        }
        if ready.panel.breaker.is_open() {
            let trouble = "the panel is left alone since an answer that came meanwhile";
            return not_sent(NotSent::LeftAlone, trouble);
        }
        if let Some(created) = ready.created_at {
            let latency = (self.clock.now() - created).to_std();
            ready.panel.meter.dispatched(latency.unwrap_or_default());
        }
        ready.provider.purchase(&ready.purchase).await
    }

    async fn ask(&self, ready: &Ready) -> Asked {
        ready.reservation.permit.wait_for_pace().await;
        let reply = ready.provider.status(&ready.claim.reference).await;
        let reply = with_memory(&self.store, ready.claim.order, reply).await;
        match reply.answer {
            StatusAnswer::NotKnown { .. } => Asked::Unknown,
            StatusAnswer::Unclear => Asked::Nothing(reply.evidence),
            StatusAnswer::Waiting { .. }
            | StatusAnswer::Done { .. }
            | StatusAnswer::DoneWithoutCode { .. }
            | StatusAnswer::Cancelled { .. } => Asked::Known(reply),
        }
    }

    /// The panel knows the order already, so its state there is taken over.
    fn bought_before(&self, ready: &Ready, answer: StatusAnswer) -> Decision {
        let watched = Watched {
            stage: Stage::Unconfirmed,
            ..ready.watched.clone()
        };
        decide::after_check(
            watched,
            answer,
            self.clock.now(),
            &self.rules,
            fastrand::f64(),
        )
    }
}

fn not_sent(why: NotSent, trouble: &str) -> PurchaseReply {
    PurchaseReply {
        outcome: PurchaseOutcome::NotSent(why),
        evidence: Evidence {
            class: AnswerClass::None,
            http_status: None,
            body: String::new(),
            trouble: trouble.to_owned(),
            took: Duration::ZERO,
        },
    }
}
