//! What the answer to a question does to the order (source: `znet.md`, "Answers of `pin_kontrol`").

use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::{Decision, Rules, UnconfirmedPolicy, Watched, later, limit, said, words};
use crate::order::{
    EventKind, ExternalStatus, HoldReason, PIN_CHARS, ShopChange, ShopStatus, Stage, StatusAnswer,
    words as say,
};

/// How often a panel that says "delivered" is asked for the code before a person has to look: about a
/// quarter of an hour.
const CODE_ASKS: u32 = 5;

/// How much longer an order that was bought is asked about when its time limit passes without an answer: the
/// panel may have delivered it while it, or we, could not be reached. No longer than the limit itself.
const GRACE: Duration = Duration::from_hours(1);

/// Decides what follows from the panel's answer about an order that was sent, or may have been.
#[must_use]
pub fn after_check(
    watched: Watched,
    answer: StatusAnswer,
    now: DateTime<Utc>,
    rules: &Rules,
    jitter: f64,
) -> Decision {
    match answer {
        StatusAnswer::Done { pin, text } => done(watched, pin, text, now, rules),
        StatusAnswer::Cancelled { text } => cancelled(watched, &text, rules),
        StatusAnswer::DoneWithoutCode { text } => code_missing(watched, text, now, rules, jitter),
        StatusAnswer::Waiting { pin, text } => {
            let mut decision = waiting(watched, text, now, rules, jitter);
            // Evidence, kept with us: nobody gets it before the panel says delivered.
            decision.pin = pin;
            decision
        }
        StatusAnswer::NotKnown { text } if watched.stage == Stage::Unconfirmed => {
            not_known(watched, &text, now, rules)
        }
        // The panel has accepted it before, so it is the question that failed.
        StatusAnswer::NotKnown { .. } | StatusAnswer::Unclear => {
            unclear(watched, now, rules, jitter)
        }
    }
}

fn done(
    watched: Watched,
    pin: Option<SecretString>,
    text: String,
    now: DateTime<Utc>,
    rules: &Rules,
) -> Decision {
    let watched = found(watched, rules);
    // A code is never cut: the customer could not use the half of it.
    let fits = pin
        .as_ref()
        .is_none_or(|pin| pin.expose_secret().chars().count() <= PIN_CHARS);
    let delivered = ShopChange {
        external_status: Some(ExternalStatus::Done),
        sent_at: watched.sent_at,
        completed_at: Some(now),
        provider_message: words(text),
        ..ShopChange::default()
    };

    let mut decision = if fits {
        let watched = Watched {
            stage: Stage::Completed,
            ..watched
        };
        let spoken = said(&say::COMPLETED.alone(rules.language));
        Decision::new(watched, EventKind::Completed).shop(ShopChange {
            status: rules.settle.status(ShopStatus::Approved),
            pin: pin.clone(),
            last_message: spoken.last_message,
            note: spoken.note,
            ..delivered
        })
    } else {
        let held = Decision::hold(watched, HoldReason::PinTooLong, rules.language);
        let spoken = held.shop.clone().unwrap_or_default();
        held.shop(ShopChange {
            last_message: spoken.last_message,
            note: spoken.note,
            ..delivered
        })
    };

    decision.pin = pin;
    decision
}

/// Delivered, says the panel, but not the code that this product always had.
fn code_missing(
    watched: Watched,
    text: String,
    now: DateTime<Utc>,
    rules: &Rules,
    jitter: f64,
) -> Decision {
    // Open still: the code may come with the next answer, and a completed order is never asked about again.
    let mut watched = found(watched, rules);
    watched.stage = Stage::Submitted;
    watched.errors = 0;
    let first = watched.unknowns == 0;
    watched.unknowns = watched.unknowns.saturating_add(1);
    if watched.unknowns > CODE_ASKS || is_over(&watched, now) {
        return Decision::hold(watched, HoldReason::DeliveredWithoutCode, rules.language);
    }

    let sent_at = watched.sent_at;
    let due = later(now, rules.backoff.delay(watched.unknowns, jitter));
    let decision = Decision::new(watched, EventKind::CodeMissing).due(due);
    // The shop's row says it once, not with every answer.
    if first {
        decision.shop(ShopChange {
            external_status: Some(ExternalStatus::Processing),
            sent_at,
            provider_message: words(text),
            ..said(&say::CODE_MISSING.alone(rules.language))
        })
    } else {
        decision
    }
}

fn cancelled(watched: Watched, text: &str, rules: &Rules) -> Decision {
    let watched = Watched {
        stage: Stage::Failed,
        ..found(watched, rules)
    };
    let sent_at = watched.sent_at;
    Decision::new(watched, EventKind::Cancelled).shop(ShopChange {
        external_status: Some(ExternalStatus::Failed),
        status: rules.settle.status(ShopStatus::Rejected),
        sent_at,
        provider_message: words(text.to_owned()),
        ..said(&say::CANCELLED.quoting(rules.language, text))
    })
}

fn waiting(
    watched: Watched,
    text: String,
    now: DateTime<Utc>,
    rules: &Rules,
    jitter: f64,
) -> Decision {
    let mut watched = found(watched, rules);
    watched.stage = Stage::Submitted;
    watched.errors = 0;
    if is_over(&watched, now) {
        return timed_out(watched, rules);
    }

    let next_check = |attempts: u32| {
        let delay = rules.backoff.delay(attempts.saturating_add(1), jitter);
        later(now, delay)
    };
    // The first such answer is progress, so it does not count as a check without any.
    if !watched.processing {
        watched.processing = true;
        let due = next_check(watched.attempts);
        let sent_at = watched.sent_at;
        return Decision::new(watched, EventKind::Processing)
            .due(due)
            .shop(ShopChange {
                external_status: Some(ExternalStatus::Processing),
                sent_at,
                provider_message: words(text),
                ..said(&say::WORKING.alone(rules.language))
            });
    }

    watched.attempts = watched.attempts.saturating_add(1);
    let due = next_check(watched.attempts);
    let exhausted = watched.attempts >= rules.max_attempts;
    let decision = Decision::new(watched, EventKind::Checked);
    // From here on the sweep decides when it is asked about.
    if exhausted {
        decision
    } else {
        decision.due(due)
    }
}

/// The panel says that it does not know an order that may have been sent.
fn not_known(mut watched: Watched, text: &str, now: DateTime<Utc>, rules: &Rules) -> Decision {
    watched.errors = 0;
    let asked = usize::try_from(watched.unknowns).unwrap_or(usize::MAX);
    watched.unknowns = watched.unknowns.saturating_add(1);

    // One such answer settles nothing: only a panel that keeps saying so is believed.
    if let Some(gap) = gap_after(&rules.confirm_after, asked)
        && !is_over(&watched, now)
    {
        return Decision::new(watched, EventKind::NotKnown).due(later(now, gap));
    }

    // Once, and under the same reference: a panel that has it all the same answers "sent before".
    if rules.unconfirmed == UnconfirmedPolicy::Resend
        && watched.may_resend
        && !is_over(&watched, now)
    {
        watched.may_resend = false;
        watched.stage = Stage::Queued;
        return Decision::new(watched, EventKind::Resend)
            .due(now)
            .shop(said(&say::SENT_AGAIN.quoting(rules.language, text)));
    }

    Decision::hold(watched, HoldReason::Unconfirmed, rules.language)
}

/// An answer that says nothing about the order changes nothing about it.
fn unclear(mut watched: Watched, now: DateTime<Utc>, rules: &Rules, jitter: f64) -> Decision {
    watched.errors = watched.errors.saturating_add(1);
    if is_over(&watched, now) {
        // Whether it was bought is still open, and no time limit answers that.
        if watched.stage == Stage::Unconfirmed {
            return Decision::hold(watched, HoldReason::Unconfirmed, rules.language);
        }
        let Some(end) = extended(&watched, now, rules) else {
            return timed_out(watched, rules);
        };
        watched.give_up_at = Some(end);
    }

    // Errors delay the next check, too, but are no check without progress: the panel did not say anything.
    let tries = watched.errors.max(watched.attempts.saturating_add(1));
    let due = later(now, rules.backoff.delay(tries, jitter));
    Decision::new(watched, EventKind::CheckFailed).due(due)
}

/// The end of the grace that begins now; `None` when it was had before.
fn extended(watched: &Watched, now: DateTime<Utc>, rules: &Rules) -> Option<DateTime<Utc>> {
    let grace = GRACE.min(rules.give_up_after);
    let limit = later(watched.sent_at?, rules.give_up_after);
    let had = watched.give_up_at? >= later(limit, grace);
    (!had).then(|| later(now, grace))
}

/// The panel knows it, so it was bought, at the latest when it was claimed for sending.
fn found(mut watched: Watched, rules: &Rules) -> Watched {
    if watched.stage == Stage::Unconfirmed {
        // From here on it counts answers that say delivered without the code.
        watched.unknowns = 0;
    }
    if let (None, Some(sent_at)) = (watched.sent_at, watched.dispatched_at) {
        watched.sent_at = Some(sent_at);
        // As after a sure answer: what it waited before it was sent is not the panel's.
        let limit = later(sent_at, rules.give_up_after);
        watched.give_up_at = watched.give_up_at.map(|end| end.max(limit));
    }
    watched.may_resend = false;
    watched
}

fn timed_out(mut watched: Watched, rules: &Rules) -> Decision {
    watched.stage = Stage::TimedOut;
    let limit = limit(rules.give_up_after);
    // `status` stays: it may have been delivered, so staff have to see about the customer's money.
    Decision::new(watched, EventKind::TimedOut).shop(ShopChange {
        external_status: Some(ExternalStatus::Failed),
        ..said(&say::TIMED_OUT.with(rules.language, &limit))
    })
}

fn is_over(watched: &Watched, now: DateTime<Utc>) -> bool {
    watched.give_up_at.is_some_and(|end| now >= end)
}

/// From question `asked` (0 is the first) to the one after it; `None` when that was the last.
fn gap_after(confirm_after: &[Duration], asked: usize) -> Option<Duration> {
    let next = confirm_after.get(asked.checked_add(1)?)?;
    let this = confirm_after.get(asked)?;
    Some(next.saturating_sub(*this))
}
