//! Why an order waits, or how it ended, and when it is checked next: one sentence for people.
//!
//! Pure: [`Facts`] come in, an [`Explanation`] comes out. The reason is a value ([`Why`]) before it
//! is a sentence, so that a page can say it in another language. What must stay true: every stage,
//! every hold reason and every cause why an order is not bought has its own answer, and "all is
//! well" is never said of an order that nobody has claimed for longer than [`LATE`].

mod facts;
mod find;
#[cfg(test)]
mod tests;
mod words;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use facts::{
    Buying, Ending, Facts, OpenBreaker, PanelFacts, Pause, Route, Settings, ShopFacts, Standing,
    TrackedFacts,
};

use super::{HoldReason, OrderId, Stage};
use crate::text::Lang;

/// An order that is due for longer than this is late: nobody has claimed it.
pub(crate) const LATE: Duration = Duration::from_mins(1);

/// Why an order waits, or how it ended.
#[derive(Clone, Debug)]
pub(crate) enum Why {
    /// Staff decided it in the shop.
    Decided {
        /// `status`.
        status: String,
    },
    /// The shop sent it itself; the sweep takes it over.
    SentByShop,
    /// The shop sent it itself, and it is not one that is taken over.
    LeftToShop(NotAdopted),
    /// It is part of a chain of tenants, which the shop follows.
    Forwarded,
    /// It is older than `dispatch.max_order_age`.
    TooOld {
        /// That age.
        limit: Duration,
    },
    /// Its package has no route, or it has no package.
    NoRoute,
    /// Its package is routed by hand.
    ManualRouting {
        /// `mode`.
        mode: String,
    },
    /// Its package is not routed to an outside provider.
    OtherRoute {
        /// `"providerType"`.
        provider_type: String,
    },
    /// Its package is routed to an integration that does not exist.
    RouteToNowhere,
    /// Its package is routed to an integration of another shop.
    PanelOfAnother,
    /// Its panel is of a kind that orderwatch does not talk to.
    OtherKind {
        /// `name`.
        name: String,
        /// `provider`.
        kind: String,
    },
    /// Its panel is switched off in the shop.
    PanelDisabled {
        /// `name`.
        name: String,
    },
    /// A person has paused buying.
    Paused(Pause),
    /// The panel's breaker is open.
    BreakerOpen(OpenBreaker),
    /// Buying is switched off in the configuration.
    BuyingOff,
    /// Shadow mode: nothing is bought.
    Shadow,
    /// Nothing is wrong: it is sent at once.
    Ready,
    /// Waits to be sent, its panel could not be reached.
    Unreachable {
        /// How often.
        tries: u32,
        /// Whether nothing of it was ever sent.
        sure: bool,
    },
    /// Waits to be sent to the fallback panel.
    FallsBack,
    /// Waits to be sent a second time, with the same reference.
    Resend,
    /// Waits to be sent, and its time limit is over.
    Expired,
    /// Its panel is gone from the shop.
    PanelGone,
    /// The shop's row is gone.
    RowGone,
    /// It is being sent right now.
    Sending,
    /// It was being sent when the daemon stopped.
    CutOff,
    /// The panel is being asked right now.
    Asking,
    /// The panel has accepted it.
    Accepted {
        /// Failures in a row when asking.
        errors: u32,
    },
    /// The panel is working on it.
    Processing {
        /// Checks without progress.
        checks: u32,
        /// Failures in a row when asking.
        errors: u32,
    },
    /// Its checks ran out.
    ChecksRanOut {
        /// How many.
        checks: u32,
    },
    /// Its time limit is over; one last check follows.
    LastCheck,
    /// It may have been bought.
    Unconfirmed {
        /// How often the panel said that it does not know it.
        unknowns: u32,
        /// Failures in a row when asking.
        errors: u32,
    },
    /// A person has to act.
    Held(HoldReason),
    /// Delivered.
    Completed,
    /// A person said that it was bought.
    SettledBought(Ending),
    /// The panel refused it.
    Refused(Option<NoFallback>),
    /// The panel cancelled it.
    Cancelled,
    /// A person said that it was not bought.
    SettledNotBought(Ending),
    /// Refused or cancelled; which of them, its timeline no longer says.
    Failed,
    /// No final answer within the time limit.
    TimedOut,
    /// It could not be sent within the time limit.
    NeverSent,
    /// Ended because the shop's row is gone.
    WithdrawnRowGone,
    /// Ended because staff decided it before it was sent.
    Withdrawn,
}

/// Why a refused order did not go to the fallback of its route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoFallback {
    /// The fallback is of a kind that orderwatch does not talk to.
    OtherKind {
        /// `name`.
        name: String,
        /// `provider`.
        kind: String,
    },
    /// The refusal is not about money or the product, so it would be refused there too.
    WouldNotHelp {
        /// `name` of the fallback.
        name: String,
    },
}

/// Why an order that the shop sent is not taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAdopted {
    /// In shadow mode another system watches what the shop sends.
    Shadow,
    /// It is with a provider that orderwatch does not talk to.
    OtherProvider,
    /// Its external status is not one of an order that waits.
    NotWaiting,
    /// The row does not say when it was sent.
    NoTime,
    /// The row names no panel, and no number to ask one by.
    NoNumber,
    /// It was sent too long ago.
    TooOld,
}

/// When it is checked next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// At that time.
    At(DateTime<Utc>),
    /// At that time, which was learned from the panel's deliveries.
    Learned {
        at: DateTime<Utc>,
        /// Half of them took no longer.
        half: Duration,
    },
    /// At once.
    Now,
    /// It should have been at that time, and was not.
    Late(DateTime<Utc>),
    /// By the next sweep.
    Sweep(Option<Duration>),
    /// After the panel's next probe, if it succeeds.
    Probe(DateTime<Utc>),
    /// As soon as buying is resumed or switched on.
    Resumed,
    /// As soon as the shop's rows are put right.
    Fixed,
    /// Not before it is reviewed.
    Person,
    /// Never again.
    Never,
}

#[derive(Clone, Debug)]
pub(crate) struct Explanation {
    pub(crate) why: Why,
    pub(crate) next: Next,
    /// The time of the question.
    now: DateTime<Utc>,
    /// When it became final.
    ended: Option<DateTime<Utc>>,
}

/// Why one order waits, or how it ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ExplainedOrder {
    /// `product_orders.id`.
    #[schema(value_type = uuid::Uuid)]
    pub(crate) order: OrderId,
    /// Where it stands; null when it is not tracked.
    pub(crate) stage: Option<Stage>,
    /// Why it is held.
    pub(crate) held: Option<HoldReason>,
    /// Why, for programs.
    pub(crate) why: &'static str,
    /// Why, for people.
    pub(crate) sentence: String,
    /// What to do.
    pub(crate) fix: Option<&'static str>,
    /// When it is checked next, where that is a known time.
    pub(crate) next_check: Option<DateTime<Utc>>,
}

impl ExplainedOrder {
    #[must_use]
    pub(crate) fn of(order: OrderId, facts: &Facts) -> Self {
        let explanation = explain(facts);
        let tracked = facts.tracked.as_ref();
        Self {
            order,
            stage: tracked.map(|known| known.watched.stage),
            held: tracked.and_then(|known| known.held),
            why: explanation.why.as_str(),
            sentence: explanation.to_string(),
            // In English, as the sentence is: the pages ask in the reader's language.
            fix: explanation.why.fix(Lang::En),
            next_check: explanation.next_check(),
        }
    }
}

#[must_use]
pub(crate) fn explain(facts: &Facts) -> Explanation {
    let (why, next) = match &facts.tracked {
        Some(tracked) => find::tracked(facts, tracked),
        None => find::untracked(facts),
    };

    Explanation {
        why,
        next,
        now: facts.now,
        ended: facts.tracked.as_ref().and_then(|known| known.finished_at),
    }
}

impl Explanation {
    /// When it is checked next, where that is a known time.
    #[must_use]
    pub(crate) fn next_check(&self) -> Option<DateTime<Utc>> {
        match self.next {
            Next::At(at) | Next::Learned { at, .. } | Next::Late(at) | Next::Probe(at) => Some(at),
            Next::Now => Some(self.now),
            Next::Sweep(_) | Next::Resumed | Next::Fixed | Next::Person | Next::Never => None,
        }
    }
}

/// Whether an order is late: due for a while, or past its time limit, and still open.
#[must_use]
pub(crate) fn is_late(
    stage: Stage,
    due_at: Option<DateTime<Utc>>,
    give_up_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> bool {
    let waits = !stage.is_final() && stage != Stage::Held;
    let overdue = due_at.is_some_and(|due| find::overdue(due, now));

    waits && (overdue || give_up_at.is_some_and(|end| end < now))
}
