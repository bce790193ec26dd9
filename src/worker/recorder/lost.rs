//! Results that found no lease of theirs: late ones, and those whose order the database has lost.
//!
//! A failover to a server that lags behind takes the last commits back, a claim or a result among them. What this
//! daemon still knows of them is written again, so that no purchase is left that nothing names.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use serde_json::json;

use super::{BUSY, Recorder, SLOW};
use crate::{
    metrics::METRICS,
    order::{EventKind, OrderId, Stage},
    store::{Event, Late, Outcome, Restored, StoreError},
    telemetry::chain,
    worker::before,
};

/// Results that are remembered, and for how long: a standby that lags more than this is no standby.
const REMEMBERED: usize = 5000;
const MEMORY: Duration = Duration::from_mins(5);

/// What was written in the last minutes, the newest of each order.
#[derive(Debug, Default)]
pub(super) struct Recent(HashMap<OrderId, Outcome>);

impl Recent {
    /// Remembers a result that was written, if something may have been bought.
    pub(super) fn keep(&mut self, mut outcome: Outcome) {
        // Nothing is bought under that name any more.
        if matches!(
            outcome.decision.event,
            EventKind::Refused | EventKind::FellBack
        ) {
            self.0.remove(&outcome.order);
        }
        // An order that could not be sent may have been bought by an earlier try, of which this says nothing. And
        // what changes nothing is asked again.
        if !outcome.may_be_bought() || outcome.quiet.is_some() {
            return;
        }

        self.complete(&mut outcome);
        outcome.at_work = None;
        if self.0.len() >= REMEMBERED && !self.0.contains_key(&outcome.order) {
            self.forget_oldest();
        }
        self.0.insert(outcome.order, outcome);
    }

    /// What an earlier answer to the same purchase has brought.
    pub(super) fn complete(&self, outcome: &mut Outcome) {
        let Some(older) = self.0.get(&outcome.order) else {
            return;
        };
        if (older.integration, &older.reference) != (outcome.integration, &outcome.reference) {
            return;
        }

        let (new, old) = (&mut outcome.decision, &older.decision);
        new.pin = new.pin.take().or_else(|| old.pin.clone());
        new.cost = new.cost.or(old.cost);
        new.balance = new.balance.or(old.balance);
        let (new, old) = (&mut outcome.prices, &older.prices);
        new.expected = new.expected.or(old.expected);
        new.sold_for = new.sold_for.or(old.sold_for);
    }

    fn forget_oldest(&mut self) {
        let oldest = self.0.values().min_by_key(|outcome| outcome.at);
        if let Some(order) = oldest.map(|outcome| outcome.order) {
            self.0.remove(&order);
        }
    }
}

impl Outcome {
    /// Whether a newer answer about the order is on its way: that one is to be written.
    fn is_under_way(&self) -> bool {
        let known = self.known.as_ref();
        known.is_some_and(|known| Arc::strong_count(known) > 1)
    }
}

impl Recorder {
    /// Writes again what was written in the last minutes and is gone.
    pub async fn look_back(&mut self) {
        let lost = self.lost(&[]).await;
        self.write(lost).await;
    }

    /// What was written in the last minutes and is gone. It is remembered again once it is written.
    ///
    /// Not of orders whose newer results are at hand: those are written first, and take over what is known.
    pub(super) async fn lost(&mut self, newer: &[Outcome]) -> Vec<Outcome> {
        self.known.tidy();
        let newer: HashSet<OrderId> = newer.iter().map(|outcome| outcome.order).collect();
        let asked = || {
            let recent = self.recent.0.values();
            recent.filter(|outcome| !newer.contains(&outcome.order) && !outcome.is_under_way())
        };
        if asked().next().is_none() {
            return Vec::new();
        }

        let compared = async {
            let gone = self.store.forgotten(asked()).await?;
            self.store.complete_purchases(asked()).await?;
            Ok::<_, StoreError>(gone)
        };
        let gone = match compared.await {
            Ok(gone) => gone,
            // Looked at again next time.
            Err(error) => {
                tracing::debug!(
                    error = chain(&error),
                    "recent results cannot be compared with the database now"
                );
                return Vec::new();
            }
        };
        let lost = gone.iter().filter_map(|order| self.recent.0.remove(order));
        let lost = lost.collect();

        // Not before it was seen there: an outage may last longer than the memory.
        let since = before(self.clock.now(), MEMORY);
        self.recent
            .0
            .retain(|order, outcome| outcome.at > since || newer.contains(order));
        lost
    }

    /// Writes the claim of an order that the database has lost, so that its answer names it.
    pub(super) async fn restore(&self, outcome: &Outcome) -> Restored {
        let now = self.clock.now();
        let mut restored = self.store.restore(outcome, now, true).await;
        if restored.as_ref().is_err_and(StoreError::refuses_row) {
            // What was bought is watched all the same.
            restored = self.store.restore(outcome, now, false).await;
        }
        match restored {
            Ok(Restored::Claimed { row_lost: true }) => tracing::error!(
                order = %outcome.order,
                reference = %outcome.reference,
                integration = %outcome.integration,
                answer = outcome.decision.event.as_str(),
                "the database has lost this order and the shop's row of it; what was bought is watched to its end, \
                 and held for review"
            ),
            Ok(Restored::Claimed { row_lost: false }) => tracing::warn!(
                order = %outcome.order,
                reference = %outcome.reference,
                integration = %outcome.integration,
                answer = outcome.decision.event.as_str(),
                "the database had lost the claim of this order; it is written anew, and goes on"
            ),
            Ok(Restored::Nothing) if outcome.may_be_bought() => tracing::error!(
                order = %outcome.order,
                reference = %outcome.reference,
                integration = %outcome.integration,
                answer = outcome.decision.event.as_str(),
                "the database has lost this order, and another claim has its place or its reference; ask the panel \
                 whether this reference was bought"
            ),
            Ok(Restored::Busy | Restored::Nothing) => {}
            Err(error) => {
                tracing::error!(
                    order = %outcome.order,
                    reference = %outcome.reference,
                    error = chain(&error),
                    "an order that the database has lost cannot be restored"
                );
                // As with any result: what a moment's trouble prevents is tried until it is done.
                return if error.is_transient() {
                    Restored::Busy
                } else {
                    Restored::Nothing
                };
            }
        }

        restored.unwrap_or(Restored::Nothing)
    }

    /// Keeps answers whose lease was lost.
    pub(super) async fn late_answers(&mut self, late: Vec<Outcome>) {
        let mut events = Vec::with_capacity(late.len());
        for outcome in late {
            match self.keep_late(&outcome).await {
                Ok(kept) => {
                    let event = self.late_answer(&outcome, kept);
                    METRICS.result(event.kind);
                    events.push(event);
                }
                Err(delay) => self.again_in(delay, outcome),
            }
        }

        self.note(&events).await;
    }

    /// Writes down what it brought. An error says when that has to be tried again: it may be all that names a purchase.
    async fn keep_late(&self, outcome: &Outcome) -> Result<Late, Duration> {
        let now = self.clock.now();
        let mut kept = self.store.keep_late(outcome, now, true).await;
        if kept.as_ref().is_err_and(StoreError::refuses_row) {
            // People are informed of a code that the shop's row does not take.
            kept = self.store.keep_late(outcome, now, false).await;
        }

        match kept {
            Ok(Late::Busy) => Err(BUSY),
            Ok(kept) => Ok(kept),
            Err(error) => {
                tracing::error!(
                    order = %outcome.order,
                    reference = %outcome.reference,
                    error = chain(&error),
                    "what a late answer brought cannot be kept now"
                );
                if error.may_be_a_single_row() {
                    Err(SLOW)
                } else if error.is_transient() {
                    Err(BUSY)
                } else {
                    // The event still keeps the answer, without a code.
                    Ok(Late::Untracked)
                }
            }
        }
    }

    /// An answer whose lease was lost changes no stage of an order that others work on, but what it says is kept.
    fn late_answer(&self, outcome: &Outcome, kept: Late) -> Event {
        let kept = match kept {
            Late::Kept(kept) => Some(kept),
            Late::Untracked | Late::Busy => None,
        };
        let (says, stage) = (outcome.decision.watched.stage, kept.map(|kept| kept.stage));
        let ends_otherwise = says.is_final() && stage.is_some_and(|is| is.is_final() && is != says);
        let contradicts = ends_otherwise || kept.is_some_and(|kept| kept.contradicts);
        let goes_on = kept.is_some_and(|kept| kept.goes_on);
        let code_given = kept.is_some_and(|kept| kept.code_given);

        tracing::warn!(
            order = %outcome.order,
            reference = %outcome.reference,
            answer = outcome.decision.event.as_str(),
            stage = stage.map(Stage::as_str),
            goes_on,
            code_given,
            contradicts,
            "an answer came after somebody else had taken the order over; it is kept as an event"
        );
        if goes_on {
            self.checks.due(self.clock.now());
        }

        Event {
            order: outcome.order,
            kind: if contradicts {
                EventKind::Contradiction
            } else {
                EventKind::LateAnswer
            },
            detail: json!({
                "result": outcome.decision.event.as_str(),
                "reference": outcome.reference,
                "integration": outcome.integration,
                "stage": stage.map(Stage::as_str),
                "goes_on": goes_on,
                "code_given": code_given,
                "evidence": outcome.detail,
            }),
        }
    }

    async fn note(&self, events: &[Event]) {
        if events.is_empty() {
            return;
        }

        let now = self.clock.now();
        // Evidence should not be lost either, but it is not worth holding up results for.
        if let Err(error) = self.store.append_events(events, now).await {
            tracing::error!(
                events = events.len(),
                error = chain(&error),
                "late answers could not be written down"
            );
        }
    }
}
