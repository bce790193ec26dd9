//! The breaker of a panel in this process, in step with the database's, so that a block which one replica
//! meets stops all of them.

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::after;
use crate::{
    breaker::{Breaker, BreakerLimits, Reason, Signal},
    metrics::METRICS,
    order::{IntegrationId, NotSent, PurchaseOutcome, StatusAnswer},
    provider::{AnswerClass, Evidence},
    store::{Store, StoreError},
    telemetry::chain,
    text::Lang,
};

/// A panel's breaker.
#[derive(Debug)]
pub struct PanelBreaker {
    panel: IntegrationId,
    limits: BreakerLimits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    breaker: Breaker,
    /// It has opened here, and the database does not have it yet.
    unrecorded: Option<Opening>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Opening {
    reason: Reason,
    at: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl PanelBreaker {
    #[must_use]
    pub(crate) fn new(panel: IntegrationId, limits: BreakerLimits) -> Self {
        Self {
            panel,
            limits,
            state: Mutex::default(),
        }
    }

    /// Whether nothing may be sent.
    #[must_use]
    pub(crate) fn is_open(&self) -> bool {
        self.open_until().is_some()
    }

    /// Until when; also after that time, until a probe has closed it.
    #[must_use]
    pub fn open_until(&self) -> Option<DateTime<Utc>> {
        self.state.lock().breaker.open_until()
    }

    /// The time of the next probe when a probe begins now.
    #[must_use]
    pub(crate) fn next_probe(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        after(now, self.limits.cooldown)
    }

    /// Takes over what the database says.
    pub(crate) fn follow(&self, open_until: Option<DateTime<Utc>>) {
        let mut state = self.state.lock();
        match open_until {
            Some(until) => state.breaker.open(until),
            // Not while its own opening is on the way there: the row was read before.
            None if state.breaker.open_until().is_some() && state.unrecorded.is_none() => {
                state.breaker.close();
            }
            None => {}
        }
    }

    /// Takes an answer into account; when it opens the breaker, records and logs it.
    pub(crate) async fn note(&self, signal: Option<Signal>, store: &Store, now: DateTime<Utc>) {
        if !signal.is_some_and(|signal| self.opens_by(signal, now)) {
            return;
        }

        if let Err(error) = self.record(store).await {
            tracing::error!(
                integration = %self.panel,
                error = chain(&error),
                "this panel's circuit is open here, but it cannot be recorded for the other replicas yet; tried every second"
            );
        }
    }

    /// Records in the database, and logs, that it has opened here, where that is still to be done.
    pub(super) async fn record(&self, store: &Store) -> Result<(), StoreError> {
        let Some(opening) = self.state.lock().unrecorded else {
            return Ok(());
        };

        let Opening { reason, at, until } = opening;
        let opened = store.open_breaker(self.panel, reason, at, until).await?;
        self.state
            .lock()
            .unrecorded
            .take_if(|recorded| *recorded == opening);

        // Otherwise another replica was faster, and has reported it.
        if opened {
            METRICS.breaker_opened(reason);
            tracing::error!(
                integration = %self.panel,
                reason = reason.as_str(),
                "nothing is sent to this panel for now: {}",
                reason.said(Lang::En)
            );
        }
        Ok(())
    }

    fn opens_by(&self, signal: Signal, now: DateTime<Utc>) -> bool {
        let mut state = self.state.lock();
        let Some(reason) = state.breaker.after(signal, self.limits) else {
            return false;
        };

        let until = after(now, self.limits.cooldown);
        state.breaker.open(until);
        state.unrecorded = Some(Opening {
            reason,
            at: now,
            until,
        });
        true
    }
}

/// What the answer to a purchase says about the panel; `None` when it says nothing.
pub(super) fn of_purchase(outcome: &PurchaseOutcome, evidence: &Evidence) -> Option<Signal> {
    match outcome {
        PurchaseOutcome::Accepted { .. }
        | PurchaseOutcome::Refused(_)
        | PurchaseOutcome::SentBefore => Some(Signal::Fine),
        // Our own decision: the panel was not asked.
        PurchaseOutcome::NotSent(NotSent::NoTimeLeft | NotSent::CircuitOpen) => None,
        PurchaseOutcome::NotSent(_) | PurchaseOutcome::Unsure => Some(of_evidence(evidence)),
    }
}

/// What the answer to a question says about the panel.
pub(super) fn of_status(answer: &StatusAnswer, evidence: &Evidence) -> Signal {
    match answer {
        StatusAnswer::Unclear => of_evidence(evidence),
        _ => Signal::Fine,
    }
}

/// Whether a bad answer is a failure or a block (source: `znet.md`, "Load" and "Answers of `pin_ekle`").
fn of_evidence(evidence: &Evidence) -> Signal {
    // A server's own error page passes. Any other page, and an empty body, is how panels block an address.
    let server_error = evidence.http_status.is_some_and(|status| status >= 500);
    match evidence.class {
        AnswerClass::Empty | AnswerClass::Html if !server_error => Signal::Blocked,
        _ => Signal::Failure,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn pages_and_silence_are_blocks_but_server_errors_pass() {
        for (class, http_status, want) in [
            (AnswerClass::Empty, Some(200), Signal::Blocked),
            (AnswerClass::Html, Some(200), Signal::Blocked),
            (AnswerClass::Html, Some(302), Signal::Blocked),
            (AnswerClass::Html, Some(403), Signal::Blocked),
            (AnswerClass::Html, Some(502), Signal::Failure),
            (AnswerClass::Empty, Some(500), Signal::Failure),
            (AnswerClass::Text, Some(200), Signal::Failure),
            (AnswerClass::Cut, Some(200), Signal::Failure),
            (AnswerClass::None, None, Signal::Failure),
        ] {
            let evidence = Evidence {
                class,
                http_status,
                body: String::new(),
                trouble: String::new(),
                took: Duration::ZERO,
            };
            assert_eq!(of_evidence(&evidence), want, "{class:?} {http_status:?}");
            assert_eq!(of_purchase(&PurchaseOutcome::Unsure, &evidence), Some(want));
            assert_eq!(of_status(&StatusAnswer::Unclear, &evidence), want);
        }
    }
}
