//! One purchase: the only place that spends money.
//!
//! What must stay true: it is reached with a committed claim and leaves exactly one result, and nothing
//! comes between the last checks and the call.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::sort::Ready;
use crate::{
    metrics::METRICS,
    order::{
        Decision, NotSent, PurchaseOutcome, Reference, Stage, StatusAnswer, Watched, decide,
        speaks_of_itself,
    },
    provider::{AnswerClass, Evidence, Provider, PurchaseReply, StatusReply},
    store::{Outcome, Prices},
    worker::{
        breaker,
        concurrency::{Permit, RequestKind},
        panels::Panel,
        poll::with_memory,
        recorder::OwnOrder,
        report,
        shop::Shop,
    },
};

/// What a purchase needs besides the order.
pub(super) struct Call {
    pub(super) deadline: Instant,
    pub(super) token: Uuid,
    /// By the database, when the token was written.
    pub(super) claimed_at: DateTime<Utc>,
    /// Until the result is submitted, which has its own.
    pub(super) own: OwnOrder,
    pub(super) shop: Shop,
}

/// Whom to ask, in turn with all others.
#[derive(Clone, Copy)]
struct Question<'a> {
    panel: &'a Panel,
    provider: &'a Arc<dyn Provider>,
    permit: &'a Permit,
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
    /// Buys, and submits the result.
    pub(super) async fn make(self, ready: Ready) {
        let (decision, evidence, signal) = self.decide(&ready).await;
        let outcome = Outcome {
            order: ready.claim.order,
            tenant: ready.tenant,
            integration: ready.claim.integration,
            reference: ready.claim.reference,
            package: Some(ready.claim.product.0),
            token: self.token,
            quiet: None,
            prices: Prices {
                expected: ready.claim.expected,
                sold_for: ready.claim.sold_for,
            },
            sent_by: Some(self.claimed_at),
            known: None,
            at_work: None,
            detail: report::detail(&evidence, &decision),
            decision,
            at: self.shop.clock.now(),
        };

        // The panel has answered: the next call need not wait for our database.
        let capacity = ready.reservation.release_panel();
        self.shop.results.submit(outcome).await;
        drop((capacity, self.own));

        // Only after the result, which nothing may delay once money is spent.
        let now = self.shop.clock.now();
        ready
            .panel
            .breaker
            .note(signal, &self.shop.store, now)
            .await;
    }

    async fn decide(&self, ready: &Ready) -> (Decision, Evidence, Option<crate::breaker::Signal>) {
        if let Some((decision, evidence)) = self.decide_elsewhere(ready).await {
            return (decision, evidence, None);
        }

        // Where a second purchase under one name is not refused, the question is what keeps it from happening.
        let kind = ready.panel.kind();
        let asks = self.shop.config.dispatch.ask_first || !kind.refuses_repeats;
        let asked = if asks {
            let question = Question {
                panel: &ready.panel,
                provider: &ready.provider,
                permit: &ready.reservation.permit,
            };
            self.ask(question, &ready.claim.reference, ready).await
        } else {
            Asked::Unknown
        };

        let reply = match asked {
            Asked::Unknown => self.buy(ready).await,
            Asked::Nothing(evidence) => asked_in_vain(evidence),
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
        let evidence = reply.evidence.clone();
        (self.settle(ready, reply, asks), evidence, signal)
    }

    /// What follows from the answer to a purchase before which the panel was asked about the order, or was not.
    fn settle(&self, ready: &Ready, reply: PurchaseReply, asked: bool) -> Decision {
        let now = self.shop.clock.now();
        let (mut watched, jitter) = (ready.watched.clone(), fastrand::f64());
        let again = ready.panel.kind().refuses_repeats;
        match reply.outcome {
            PurchaseOutcome::Unsure => watched.may_resend &= again,
            // Whoever asked in vain does not know either whether it was bought before.
            PurchaseOutcome::NotSent(NotSent::AskedInVain) => {
                watched.may_resend &= again && !ready.is_doubtful;
            }
            // Of an order that the panel did not know a moment ago nothing was bought before.
            PurchaseOutcome::Refused(_) => watched.may_resend |= asked,
            _ => {}
        }

        let mut decision = decide::after_purchase(
            watched,
            reply.outcome,
            ready.fallback.clone(),
            now,
            &self.shop.rules,
            jitter,
        );
        decision.pin = reply.pin;
        let product = (ready.claim.integration, Some(ready.claim.product.0));
        self.shop.learning.place(&mut decision, product, now);

        decision
    }

    async fn buy(&self, ready: &Ready) -> PurchaseReply {
        ready.reservation.permit.wait_for_pace().await;

        // Past the deadline another replica could ask about a purchase that is still on its way.
        if Instant::now() > self.deadline {
            let trouble = "too little of the lease was left to send it safely";
            return not_sent(NotSent::NoTimeLeft, trouble);
        }
        // Orders that were claimed together wait for their turns: the answer to the first may have said
        // that the others would be sent in vain.
        if ready.panel.breaker.is_open() {
            let trouble = "the panel's circuit opened by an answer that came meanwhile";
            return not_sent(NotSent::CircuitOpen, trouble);
        }

        if let Some(created) = ready.created_at {
            let latency = (self.shop.clock.now() - created).to_std();
            METRICS.dispatched(ready.panel.id(), latency.unwrap_or_default());
        }
        ready.provider.purchase(&ready.purchase).await
    }

    /// What follows from what its fallback panel says, if it does not simply go on.
    async fn decide_elsewhere(&self, ready: &Ready) -> Option<(Decision, Evidence)> {
        let elsewhere = ready.elsewhere.as_ref()?;
        let permit = elsewhere
            .panel
            .concurrency
            .acquire(RequestKind::Ask)
            .await?;
        let question = Question {
            panel: &elsewhere.panel,
            provider: &elsewhere.provider,
            permit: &permit,
        };

        match self.ask(question, &elsewhere.route.reference, ready).await {
            Asked::Unknown => None,
            Asked::Nothing(evidence) => {
                let decision = self.settle(ready, asked_in_vain(evidence.clone()), false);
                Some((decision, evidence))
            }
            Asked::Known(reply) => {
                tracing::warn!(
                    order = %ready.claim.order,
                    integration = %elsewhere.route.integration,
                    reference = %elsewhere.route.reference,
                    "the database has lost that this order went to its fallback panel, which knows it; it goes on there"
                );
                let (route, now) = (elsewhere.route.clone(), self.shop.clock.now());
                let decision =
                    decide::known_elsewhere(ready.watched.clone(), route, now, &self.shop.rules);
                Some((decision, reply.evidence))
            }
        }
    }

    async fn ask(&self, question: Question<'_>, reference: &Reference, ready: &Ready) -> Asked {
        if !question.panel.kind().refuses_repeats
            && let Some(evidence) = knows_strangers(question).await
        {
            return Asked::Nothing(evidence);
        }

        question.permit.wait_for_pace().await;
        let reply = question.provider.status(reference).await;
        let reply = with_memory(&self.shop.store, ready.claim.order, reply).await;

        match reply.answer {
            // What speaks of the panel or of the account says nothing of the order.
            StatusAnswer::NotKnown { text } if speaks_of_itself(&text) => {
                Asked::Nothing(reply.evidence)
            }
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
            self.shop.clock.now(),
            &self.shop.rules,
            fastrand::f64(),
        )
    }
}

/// Why no answer to a question by name can be believed here, if so: the panel was asked about a name that
/// nobody has, once for each account.
async fn knows_strangers(question: Question<'_>) -> Option<Evidence> {
    if question.panel.tells_names.load(Ordering::Relaxed) {
        return None;
    }

    question.permit.wait_for_pace().await;
    let stranger = Reference::of_nobody();
    let reply = question.provider.status(&stranger).await;
    match reply.answer {
        StatusAnswer::NotKnown { .. } => {
            question.panel.tells_names.store(true, Ordering::Relaxed);
            None
        }
        StatusAnswer::Unclear => Some(reply.evidence),
        // It ignores the name, and would give one order the code of another.
        _ => {
            let trouble = "the panel answers about an order that nobody has placed";
            tracing::error!(
                panel = question.panel.name(),
                trouble,
                "nothing is bought there"
            );
            Some(Evidence {
                trouble: trouble.to_owned(),
                ..reply.evidence
            })
        }
    }
}

/// Without an answer it may have been bought before: it waits, under the same reference.
fn asked_in_vain(evidence: Evidence) -> PurchaseReply {
    PurchaseReply {
        outcome: PurchaseOutcome::NotSent(NotSent::AskedInVain),
        pin: None,
        evidence,
    }
}

fn not_sent(why: NotSent, trouble: &str) -> PurchaseReply {
    PurchaseReply {
        outcome: PurchaseOutcome::NotSent(why),
        pin: None,
        evidence: Evidence {
            class: AnswerClass::None,
            http_status: None,
            body: String::new(),
            trouble: trouble.to_owned(),
            took: Duration::ZERO,
        },
    }
}
