//! From the facts to the reason: the first thing that keeps an order waiting is named.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Buying, Ending, Facts, LATE, Next, NoFallback, NotAdopted, PanelFacts, Route, ShopFacts,
    Standing, TrackedFacts, Why,
};
use crate::order::{HoldReason, Refusal, Stage};

/// An order that orderwatch does not track: the first thing that keeps it from being sent.
pub(super) fn untracked(facts: &Facts) -> (Why, Next) {
    let Some(shop) = &facts.shop else {
        return (Why::RowGone, Next::Never);
    };
    match shop.standing {
        Standing::Unsent => {}
        Standing::Forwarded => return (Why::Forwarded, Next::Never),
        Standing::InFlight { .. } | Standing::Elsewhere => return sent_by_shop(facts, shop),
        Standing::Decided => {
            let status = shop.status.clone();
            return (Why::Decided { status }, Next::Never);
        }
    }

    let waited = since(shop.created_at, facts.now);
    let limit = facts.settings.max_order_age;
    if waited >= limit {
        return (Why::TooOld { limit }, Next::Never);
    }

    let panel = match routed(shop) {
        Ok(panel) => panel,
        Err(found) => return *found,
    };
    if let Some(stopped) = stopped(facts, panel) {
        return stopped;
    }

    // Nothing stops it, so after that time somebody should have claimed it.
    let next = if waited > LATE {
        Next::Late(shop.created_at)
    } else {
        Next::Now
    };
    (Why::Ready, next)
}

/// The panel that new orders of the package go to.
fn routed(shop: &ShopFacts) -> Result<&PanelFacts, Box<(Why, Next)>> {
    let no = |why, next| Err(Box::new((why, next)));
    let Some(route) = &shop.route else {
        return no(Why::NoRoute, Next::Fixed);
    };
    if route.mode != "auto" {
        let mode = route.mode.clone();
        return no(Why::ManualRouting { mode }, Next::Fixed);
    }
    if route.provider_type != "external" {
        let provider_type = route.provider_type.clone();
        return no(Why::OtherRoute { provider_type }, Next::Fixed);
    }

    match &route.panel {
        // The dispatcher holds such an order at its next scan.
        None => no(Why::RouteToNowhere, Next::Now),
        Some(panel) if !panel.own => no(Why::PanelOfAnother, Next::Now),
        Some(panel) => Ok(panel),
    }
}

/// What keeps an order of this panel from being sent, if anything does.
fn stopped(facts: &Facts, panel: &PanelFacts) -> Option<(Why, Next)> {
    if !panel.is_usable() {
        let (name, kind) = (panel.name.clone(), panel.kind.clone());
        return Some((Why::OtherKind { name, kind }, Next::Fixed));
    }

    match facts.settings.buying {
        Buying::Off => return Some((Why::BuyingOff, Next::Resumed)),
        Buying::Shadow => return Some((Why::Shadow, Next::Resumed)),
        Buying::On => {}
    }

    if let Some(pause) = &facts.pause {
        return Some((Why::Paused(pause.clone()), Next::Resumed));
    }
    if !panel.enabled {
        let name = panel.name.clone();
        return Some((Why::PanelDisabled { name }, Next::Fixed));
    }

    let breaker = panel.breaker?;
    Some((Why::BreakerOpen(breaker), Next::Probe(breaker.until)))
}

/// The sweep takes over what the shop sent, as far as it can be asked about.
fn sent_by_shop(facts: &Facts, shop: &ShopFacts) -> (Why, Next) {
    let left = |why| (Why::LeftToShop(why), Next::Never);
    // The system that sends the orders also watches them.
    if facts.settings.buying == Buying::Shadow {
        return left(NotAdopted::Shadow);
    }

    let panel = shop.provider.as_ref();
    if !panel.is_some_and(|panel| panel.own && panel.is_usable()) {
        return left(NotAdopted::OtherProvider);
    }

    let Standing::InFlight { numbered } = shop.standing else {
        return left(NotAdopted::NotWaiting);
    };
    let Some(sent_at) = shop.sent_at else {
        return left(NotAdopted::NoTime);
    };
    let named = shop.provider_id.as_deref().map_or("", str::trim);
    if named.is_empty() && !numbered {
        return left(NotAdopted::NoNumber);
    }
    if since(sent_at, facts.now) > facts.settings.give_up_after {
        return left(NotAdopted::TooOld);
    }

    (Why::SentByShop, Next::Sweep(facts.settings.sweep))
}

/// An order that orderwatch tracks.
pub(super) fn tracked(facts: &Facts, order: &TrackedFacts) -> (Why, Next) {
    match order.watched.stage {
        Stage::Queued => queued(facts, order),
        Stage::Dispatching => dispatching(facts, order),
        Stage::Submitted => submitted(facts, order),
        Stage::Unconfirmed => unconfirmed(facts, order),
        // The database keeps a reason with every held order.
        Stage::Held => (
            Why::Held(order.held.unwrap_or(HoldReason::Unconfirmed)),
            Next::Person,
        ),
        Stage::Completed | Stage::Failed | Stage::TimedOut | Stage::Withdrawn => {
            (ended(facts, order), Next::Never)
        }
    }
}

fn queued(facts: &Facts, order: &TrackedFacts) -> (Why, Next) {
    let next = due_next(order.due_at, facts.now);
    let Some(shop) = &facts.shop else {
        return (Why::RowGone, next);
    };
    if !shop.pending {
        let status = shop.status.clone();
        return (Why::Decided { status }, next);
    }

    if order.watched.give_up_at.is_some_and(|end| end <= facts.now) {
        return (Why::Expired, Next::Sweep(facts.settings.sweep));
    }
    let Some(panel) = &order.panel else {
        return (Why::PanelGone, give_up(order, facts.now));
    };
    if let Some(stopped) = stopped(facts, panel) {
        return stopped;
    }

    let watched = &order.watched;
    let why = match (watched.errors, watched.may_resend) {
        (tries @ 1.., sure) => Why::Unreachable { tries, sure },
        (0, false) => Why::Resend,
        (0, true) if order.fell_back => Why::FallsBack,
        (0, true) => Why::Ready,
    };
    (why, next)
}

fn dispatching(facts: &Facts, order: &TrackedFacts) -> (Why, Next) {
    match order.due_at {
        Some(lease) if lease > facts.now => (Why::Sending, Next::At(lease)),
        due => due
            .and_then(|due| not_asked(facts, order, due))
            .unwrap_or_else(|| (Why::CutOff, due_next(due, facts.now))),
    }
}

fn submitted(facts: &Facts, order: &TrackedFacts) -> (Why, Next) {
    let watched = &order.watched;
    let Some(due) = order.due_at else {
        let (checks, next) = (watched.attempts, Next::Sweep(facts.settings.sweep));
        return (Why::ChecksRanOut { checks }, next);
    };
    if let Some(found) = not_asked(facts, order, due) {
        return found;
    }

    let next = at(due, facts.now);
    if watched.give_up_at.is_some_and(|end| end <= due) {
        return (Why::LastCheck, next);
    }

    let next = match (next, order.half_delivered_after) {
        // After an error the panel is asked by the fixed rule.
        (Next::At(at), Some(half)) if watched.errors == 0 => Next::Learned { at, half },
        (next, _) => next,
    };
    let errors = watched.errors;
    let why = if watched.processing {
        let checks = watched.attempts;
        Why::Processing { checks, errors }
    } else {
        Why::Accepted { errors }
    };
    (why, next)
}

fn unconfirmed(facts: &Facts, order: &TrackedFacts) -> (Why, Next) {
    if let Some(found) = order.due_at.and_then(|due| not_asked(facts, order, due)) {
        return found;
    }
    let (unknowns, errors) = (order.watched.unknowns, order.watched.errors);
    let why = Why::Unconfirmed { unknowns, errors };
    (why, due_next(order.due_at, facts.now))
}

/// Being asked about right now, or nobody is there to be asked.
fn not_asked(facts: &Facts, order: &TrackedFacts, due: DateTime<Utc>) -> Option<(Why, Next)> {
    let Some(panel) = order.panel.as_ref().filter(|panel| panel.is_usable()) else {
        return Some((Why::PanelGone, give_up(order, facts.now)));
    };
    if order.claimed && due > facts.now {
        return Some((Why::Asking, Next::At(due)));
    }

    // Before it is due nobody would ask, whatever the circuit.
    let breaker = panel.breaker.filter(|_| due <= facts.now)?;
    Some((Why::BreakerOpen(breaker), Next::Probe(breaker.until)))
}

/// Why the fallback of the route was not tried.
fn no_fallback(
    order: &TrackedFacts,
    route: Option<&Route>,
    ending: Option<&Ending>,
) -> Option<NoFallback> {
    let (name, kind, usable) = route.filter(|_| !order.fell_back)?.fallback.clone()?;
    if !usable {
        return Some(NoFallback::OtherKind { name, kind });
    }

    let about = ending.and_then(|ending| ending.refusal.as_deref());
    (about == Some(Refusal::Other.as_str())).then_some(NoFallback::WouldNotHelp { name })
}

fn ended(facts: &Facts, order: &TrackedFacts) -> Why {
    let route = facts.shop.as_ref().and_then(|shop| shop.route.as_ref());
    let ending = order.ending.as_ref();
    let kind = ending.map_or("", |ending| ending.kind.as_str());

    // The stage does not say whether the panel or a person ended it; its last step does.
    match (order.watched.stage, kind, ending) {
        (Stage::Completed, "resolved", Some(ending)) => Why::SettledBought(ending.clone()),
        (Stage::Completed, ..) => Why::Completed,
        (Stage::TimedOut, ..) if order.watched.sent_at.is_none() && order.watched.may_resend => {
            Why::NeverSent
        }
        (Stage::TimedOut, ..) => Why::TimedOut,
        (Stage::Withdrawn, _, Some(ending)) if ending.why.as_deref() == Some("row_gone") => {
            Why::WithdrawnRowGone
        }
        (Stage::Withdrawn, ..) => Why::Withdrawn,
        (_, "refused", ending) => Why::Refused(no_fallback(order, route, ending)),
        (_, "cancelled", _) => Why::Cancelled,
        (_, "resolved", Some(ending)) => Why::SettledNotBought(ending.clone()),
        _ => Why::Failed,
    }
}

/// The sweep ends it when its time limit is over.
fn give_up(order: &TrackedFacts, now: DateTime<Utc>) -> Next {
    let end = order.watched.give_up_at;
    end.map_or(Next::Person, |end| at(end, now))
}

fn due_next(due: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Next {
    due.map_or(Next::Person, |due| at(due, now))
}

fn at(due: DateTime<Utc>, now: DateTime<Utc>) -> Next {
    if due > now {
        Next::At(due)
    } else if overdue(due, now) {
        Next::Late(due)
    } else {
        Next::Now
    }
}

pub(super) fn overdue(due: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    since(due, now) > LATE
}

/// From then to now; zero when then is still to come.
fn since(then: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    TimeDelta::to_std(&now.signed_duration_since(then)).unwrap_or_default()
}
