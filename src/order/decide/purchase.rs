//! What the answer to a purchase does to the order (source: `znet.md`, "Answers of `pin_ekle`").

use std::time::Duration;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Decision, Reroute, Rules, Watched, later, limit, said, words};
use crate::order::{
    EventKind, ExternalStatus, HoldReason, NotSent, PurchaseOutcome, Refusal, ShopChange, Stage,
    words as say,
};

/// Decides what follows from the answer to a purchase. `fallback` is where an order goes that was
/// certainly refused for want of money or of the product; an unsure answer never leads there.
#[must_use]
pub(crate) fn after_purchase(
    watched: Watched,
    outcome: PurchaseOutcome,
    fallback: Option<Reroute>,
    now: DateTime<Utc>,
    rules: &Rules,
    jitter: f64,
) -> Decision {
    match outcome {
        PurchaseOutcome::Accepted {
            cost,
            balance,
            ready,
        } => {
            let wait = if ready {
                Duration::ZERO
            } else {
                rules.first_check_after
            };
            accepted(watched, cost, balance, now, wait, rules)
        }

        // The refusal of a second sending says nothing of the first, which may have been bought.
        PurchaseOutcome::Refused(_) if !watched.may_resend => unsure(watched, now, now, rules),

        PurchaseOutcome::Refused(text) => {
            let about = Refusal::of(&text);
            // A wrong player is wrong at the other panel, too.
            let mut decision = match fallback.filter(|_| about.helps_elsewhere()) {
                Some(fallback) => fall_back(watched, &text, fallback, now, rules),
                None => refused(watched, &text, rules),
            };
            decision.refusal = Some(about);
            decision
        }

        PurchaseOutcome::NotSent(why) => not_sent(watched, why, now, rules, jitter),

        PurchaseOutcome::SentBefore => {
            // Bought before, so it is never sent again, and the panel can answer at once.
            let known = Watched {
                may_resend: false,
                ..watched
            };
            unsure(known, now, now, rules)
        }

        PurchaseOutcome::Unsure => {
            let first = rules.confirm_after.first().copied().unwrap_or_default();
            unsure(watched, now, later(now, first), rules)
        }
    }
}

fn accepted(
    mut watched: Watched,
    cost: Option<Decimal>,
    balance: Option<Decimal>,
    now: DateTime<Utc>,
    first_check_after: Duration,
    rules: &Rules,
) -> Decision {
    watched.stage = Stage::Submitted;
    watched.sent_at = Some(now);
    // Anew: what it waited before it was sent is not the panel's.
    watched.give_up_at = Some(later(now, rules.give_up_after));
    watched.errors = 0;

    let mut decision = Decision::new(watched, EventKind::Accepted)
        .due(later(now, first_check_after))
        .shop(ShopChange {
            external_status: Some(ExternalStatus::Sent),
            sent_at: Some(now),
            cost,
            ..said(&say::SENT.alone(rules.language))
        });
    decision.cost = cost;
    decision.balance = balance;
    decision
}

/// Nothing was bought.
fn refused(mut watched: Watched, text: &str, rules: &Rules) -> Decision {
    watched.stage = Stage::Failed;
    // `status` stays for staff to decide.
    Decision::new(watched, EventKind::Refused).shop(ShopChange {
        external_status: Some(ExternalStatus::Failed),
        provider_message: words(text.to_owned()),
        ..said(&say::REFUSED.quoting(rules.language, text))
    })
}

/// Nothing was bought here, so the fallback panel may be tried, once.
fn fall_back(
    mut watched: Watched,
    text: &str,
    fallback: Reroute,
    now: DateTime<Utc>,
    rules: &Rules,
) -> Decision {
    watched.stage = Stage::Queued;
    // Nothing of it is at the fallback panel yet: no purchase there can date from this time.
    watched.dispatched_at = None;
    watched.errors = 0;

    let mut decision = Decision::new(watched, EventKind::FellBack)
        .due(now)
        .shop(ShopChange {
            provider_message: words(text.to_owned()),
            ..said(&say::FALLS_BACK.quoting(rules.language, text))
        });
    decision.reroute = Some(fallback);
    decision
}

/// The fallback panel knows the order, although it was to be sent to the first one.
#[must_use]
pub(crate) fn known_elsewhere(
    mut watched: Watched,
    fallback: Reroute,
    now: DateTime<Utc>,
    rules: &Rules,
) -> Decision {
    // As after the refusal that was lost. There it is asked about again, and taken over as it stands. Until then
    // nothing may end it as one that was never bought.
    watched.may_resend = false;
    fall_back(watched, "", fallback, now, rules)
}

/// Back to the queue under the same reference, until the time limit.
fn not_sent(
    mut watched: Watched,
    why: NotSent,
    now: DateTime<Utc>,
    rules: &Rules,
    jitter: f64,
) -> Decision {
    watched.errors = watched.errors.saturating_add(1);
    let over = watched.give_up_at.is_some_and(|end| now >= end);
    if over && !watched.may_resend {
        // It was sent before, and what became of that is not certain.
        return Decision::hold(watched, HoldReason::Unconfirmed, rules.language);
    }

    if over {
        watched.stage = Stage::TimedOut;
        let limit = limit(rules.give_up_after);
        return Decision::new(watched, EventKind::TimedOut).shop(ShopChange {
            external_status: Some(ExternalStatus::Failed),
            ..said(&say::NEVER_SENT.with(rules.language, &limit))
        });
    }

    watched.stage = Stage::Queued;
    if watched.may_resend {
        // Nothing of it ever left, so the purchase cannot have happened by now.
        watched.dispatched_at = None;
    }

    // The shop's row says it once, and not that a panel is unreachable where our own lease ran short.
    let first = watched.errors == 1 && why != NotSent::NoTimeLeft;
    let due = later(now, rules.backoff.delay(watched.errors, jitter));
    let decision = Decision::new(watched, EventKind::NotSent).due(due);
    if first {
        decision.shop(said(&say::UNREACHABLE.alone(rules.language)))
    } else {
        decision
    }
}

/// It may have been bought: from here on only questions are sent.
fn unsure(
    mut watched: Watched,
    now: DateTime<Utc>,
    ask_at: DateTime<Utc>,
    rules: &Rules,
) -> Decision {
    watched.stage = Stage::Unconfirmed;
    watched.dispatched_at = watched.dispatched_at.or(Some(now));
    watched.unknowns = 0;
    watched.errors = 0;

    Decision::new(watched, EventKind::Unsure)
        .due(ask_at)
        .shop(said(&say::UNSURE.alone(rules.language)))
}
