//! What is done about one barcode: Trendyol's figure is read and compared with what should be on sale.
//!
//! What must stay true: nothing is inferred about what Trendyol may have done to its figure meanwhile. A
//! figure that is too high is lowered at once. One that is too low (a [`Deficit`]) is either stock to put on
//! sale, or sales that the orders do not show yet; so it is raised at once by all but the sales that may
//! still be hidden. The longer it stands without growing while the orders are read, the fewer these are,
//! until it is raised whole. A look that is old shows how many are on sale no more: by it nothing is raised, and
//! what is lowered is lowered by the sales that may be hidden, too.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    deadlines::{MAY_STILL_APPLY, REPEAT_AFTER},
    pace::{Pace, Sales},
};

use crate::text::{Lang, Say, fill, format::Format, sentences};

sentences!("stock");

/// What is remembered of a barcode at Trendyol.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// The last observation.
    pub observed: Option<Observed>,
    /// Since when too few are on sale.
    pub deficit: Option<Deficit>,
    pub sent: Option<Sent>,
    pub(crate) quarantine: Option<Quarantine>,
    /// Quantities sent within [`REPEAT_AFTER`], and when.
    pub recent: Vec<(i32, DateTime<Utc>)>,
    pub sales: Sales,
    /// Whether what is on sale could not be read, or was read before what is known of it: then it is only set to
    /// zero, because any other figure might be more than what is left on sale.
    pub unread: bool,
}

/// What was found on sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// When Trendyol was asked.
    pub at: DateTime<Utc>,
    pub answer: Answer,
}

/// What Trendyol answered about a barcode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Units on sale.
    Units(i32),
    /// It does not list the barcode.
    NotListed,
    /// Several quantities in one answer.
    Contradictory,
}

/// Fewer are on sale than should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deficit {
    pub units: i32,
    /// When it was first seen.
    pub since: DateTime<Utc>,
}

impl Deficit {
    /// What is left of it once an order is known whose units were missing from the observed figure: as many fewer
    /// should be on sale. Without that, the same number of sales that are hidden since would look as old as it is.
    #[must_use]
    pub fn less_order(self, units: u32) -> Option<Self> {
        let units = self.units.saturating_sub_unsigned(units);
        (units > 0).then_some(Self { units, ..self })
    }
}

/// Trendyol refused it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quarantine {
    /// It is not raised before this time.
    pub(crate) until: DateTime<Utc>,
    /// It is not lowered before this time.
    pub(crate) lowered_from: DateTime<Utc>,
    /// Trendyol's words.
    pub(crate) words: String,
}

/// A quantity that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    pub quantity: i32,
    pub at: DateTime<Utc>,
    /// While it may still be applied: until when its result is waited for.
    pub open_until: Option<DateTime<Utc>>,
}

/// What a decision depends on besides the barcode itself.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub now: DateTime<Utc>,
    /// When the orders were last read whole.
    pub orders_read_at: Option<DateTime<Utc>>,
    /// Whether that is too long ago: then stock is only lowered.
    pub stale: bool,
    /// What was last read before this time is old: what was sold since is not in the figure.
    pub looked_since: Option<DateTime<Utc>>,
    /// How long sales may be hidden.
    pub pace: Pace,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// Trendyol has what should be on sale.
    InSync,
    /// This quantity is sent.
    Send {
        quantity: i32,
        /// Why it is this many.
        reason: Reason,
    },
    /// Nothing is sent now.
    Wait(Wait),
}

/// Why a quantity is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// More are on sale, or under way, than should be.
    Lower,
    /// Too few are on sale: all but those that may have been sold unheard of.
    Raise,
    /// The deficit has stood long enough for every sale to be known.
    RaiseSettled,
}

/// Why nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "wait")]
pub enum Wait {
    /// A push is under way.
    UnderWay {
        /// When what is on sale decides, without its result.
        until: DateTime<Utc>,
    },
    /// The rest of a deficit may be sales that the orders do not show yet.
    Settling {
        /// When it is raised if nothing changes.
        until: DateTime<Utc>,
    },
    /// The orders have to be read once more before it is raised.
    OrdersToRead,
    /// The orders were not read lately: there may be sales that nobody has counted.
    StaleOrders,
    /// What is on sale was never read, or could not be read now.
    Unseen,
    /// Trendyol does not list it.
    NotListed,
    /// Trendyol answers several quantities at once.
    Contradictory,
    /// Trendyol refused it.
    Quarantined {
        /// When it is tried again.
        until: DateTime<Utc>,
    },
    /// The same quantity went out minutes ago.
    Repeated {
        /// When it may be sent again.
        until: DateTime<Utc>,
    },
}

impl Reason {
    /// Its name in the history of a barcode.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Raise => "raise",
            Self::RaiseSettled => "raise_settled",
        }
    }
}

impl Wait {
    /// When that changes by itself, where it is known.
    #[must_use]
    pub(crate) const fn until(self) -> Option<DateTime<Utc>> {
        match self {
            Self::UnderWay { until }
            | Self::Settling { until }
            | Self::Quarantined { until }
            | Self::Repeated { until } => Some(until),
            Self::OrdersToRead
            | Self::StaleOrders
            | Self::Unseen
            | Self::NotListed
            | Self::Contradictory => None,
        }
    }

    /// What happens next, and when.
    #[must_use]
    pub(crate) fn sentence(self, format: &Format) -> String {
        let time = self
            .until()
            .map_or_else(String::new, |until| format.time(until));
        wait_said(self, format.lang, &WaitBlanks { time })
    }
}

impl Verdict {
    /// What is done with the product, and when.
    #[must_use]
    pub(crate) fn sentence(self, format: &Format) -> String {
        let units = match self {
            Self::Wait(wait) => return wait.sentence(format),
            Self::Send { quantity, .. } => format.count(quantity),
            Self::InSync => String::new(),
        };
        verdict_said(self, format.lang, &VerdictBlanks { units })
    }
}

impl Figure {
    /// Units on sale by the last observation.
    #[must_use]
    pub(crate) fn on_sale(&self) -> Option<i32> {
        match self.observed.as_ref()?.answer {
            Answer::Units(units) => Some(units),
            Answer::NotListed | Answer::Contradictory => None,
        }
    }

    /// A push that may still be applied.
    #[must_use]
    pub(crate) fn open(&self) -> Option<Sent> {
        self.sent.filter(|sent| sent.open_until.is_some())
    }

    /// Until when nothing is sent because Trendyol refused it.
    fn rests_until(&self, desired: i32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let quarantine = self.quarantine.as_ref()?;

        // What is too high is being oversold, so a lowering is tried again soon; what is raised may wait.
        let until = if self.on_sale() > Some(desired) {
            quarantine.lowered_from.min(quarantine.until)
        } else {
            quarantine.until
        };
        (until > now).then_some(until)
    }

    /// An order is known that was placed at this time.
    pub fn note_order(&mut self, units: u32, sold_at: DateTime<Utc>) {
        let observed_at = self.observed.as_ref().map(|observed| observed.at);
        // A push under way replaces the figure as if the order had never been; a later look lacks it as the plan does.
        if self.open().is_some() || observed_at.is_some_and(|at| at >= sold_at) {
            self.deficit = self.deficit.and_then(|deficit| deficit.less_order(units));
        }
    }

    pub(crate) fn was_seen_before(&self, time: Option<DateTime<Utc>>) -> bool {
        let seen = self.observed.as_ref().map(|observed| observed.at);
        time.is_some_and(|time| seen.is_none_or(|at| at < time))
    }

    /// The deficit by the last observation.
    #[must_use]
    pub fn deficit_of(&self, desired: i32, now: DateTime<Utc>) -> Option<Deficit> {
        // The push may be applied at any moment, so what was observed says nothing about the deficit.
        if self.open().is_some() {
            return self.deficit;
        }

        let units = desired.saturating_sub(self.on_sale()?);
        // One that grew starts anew, because what it grew by may be a sale.
        // So does one from a time that is still to come: the clock was set back.
        let stood = self
            .deficit
            .filter(|before| before.units >= units && before.since <= now);
        // And from now, not from the question: its answer may have taken minutes, and shows what was sold meanwhile.
        let since = stood.map_or(now, |before| before.since);
        (units > 0).then_some(Deficit { units, since })
    }
}

/// Decides about one barcode.
#[must_use]
pub fn decide(desired: i32, figure: &Figure, rules: &Rules) -> Verdict {
    if let Some(until) = figure.rests_until(desired, rules.now) {
        return Verdict::Wait(Wait::Quarantined { until });
    }
    if let Some(open) = figure.open() {
        return while_open(desired, open, figure, rules);
    }

    let on_sale = match figure.observed.as_ref().map(|observed| &observed.answer) {
        None => return Verdict::Wait(Wait::Unseen),
        Some(Answer::NotListed) => return Verdict::Wait(Wait::NotListed),
        Some(Answer::Contradictory) => return Verdict::Wait(Wait::Contradictory),
        Some(Answer::Units(units)) => *units,
    };

    match desired.cmp(&on_sale) {
        Ordering::Equal => Verdict::InSync,
        Ordering::Less => lower(desired, figure, rules),
        Ordering::Greater => raise(desired, on_sale, figure, rules),
    }
}

fn while_open(desired: i32, open: Sent, figure: &Figure, rules: &Rules) -> Verdict {
    // Less than the open push is right whichever of the two is applied last.
    if desired < open.quantity
        && let Some(quantity) = under(desired, figure, rules)
    {
        return send_at_most(quantity, figure, rules);
    }

    let until = open.open_until.unwrap_or(open.at + MAY_STILL_APPLY);
    Verdict::Wait(Wait::UnderWay { until })
}

/// What replaces a push under way that is too high. Where it is more than was seen on sale it raises, too, and
/// what was sold unheard of is held back as from any other raise.
fn under(desired: i32, figure: &Figure, rules: &Rules) -> Option<i32> {
    if rules.stale {
        return without_raising(desired, figure, rules);
    }
    if is_old(figure, rules) {
        return but_hidden(desired, figure, rules);
    }

    let Some(on_sale) = figure.on_sale().filter(|units| *units < desired) else {
        return Some(desired);
    };
    // However long a deficit has stood: whether it grew does not show while a push is under way.
    let certain = but_hidden(desired, figure, rules);
    Some(certain.map_or(on_sale, |units| units.max(on_sale)))
}

/// What is surely left of what should be on sale, however little of that is on sale now; `None` while it is not known
/// how late orders come.
fn but_hidden(desired: i32, figure: &Figure, rules: &Rules) -> Option<i32> {
    // That nothing is left is certain whatever is hidden.
    if desired == 0 {
        return Some(0);
    }

    let age = rules.orders_read_at?.min(rules.now) - rules.now;
    let hidden = rules.pace.hidden_after(age, figure.sales, rules.now)?;
    Some(desired.saturating_sub(hidden).max(0))
}

/// Whether so much time has passed since the look that more may have been sold than the figure shows.
fn is_old(figure: &Figure, rules: &Rules) -> bool {
    figure.was_seen_before(rules.looked_since)
}

/// What should be on sale as far as it raises nothing; `None` where nobody has looked lately.
fn without_raising(desired: i32, figure: &Figure, rules: &Rules) -> Option<i32> {
    // That nothing is left is certain whatever is on sale.
    if desired == 0 {
        return Some(0);
    }

    let is_fresh = !figure.unread && !is_old(figure, rules);
    let on_sale = figure.on_sale().filter(|_| is_fresh)?;
    Some(desired.min(on_sale))
}

fn lower(desired: i32, figure: &Figure, rules: &Rules) -> Verdict {
    // It does not wait for a newer look, or what is too high would be sold on for as long as the network is slow. But
    // fewer than should be may be on sale by now, and then this raises.
    let quantity = if is_old(figure, rules) {
        but_hidden(desired, figure, rules)
    } else {
        Some(desired)
    };
    quantity.map_or(Verdict::Wait(Wait::Unseen), |quantity| {
        send_at_most(quantity, figure, rules)
    })
}

fn send_at_most(most: i32, figure: &Figure, rules: &Rules) -> Verdict {
    if figure.unread && most > 0 {
        return Verdict::Wait(Wait::Unseen);
    }

    // A lowering does not wait: where Trendyol would refuse the number as repeated, one less is sent.
    let unused = (0..=most)
        .rev()
        .find(|units| used_until(figure, *units, rules).is_none());

    match unused {
        Some(quantity) => Verdict::Send {
            quantity,
            reason: Reason::Lower,
        },
        None => Verdict::Wait(Wait::Repeated {
            until: used_until(figure, most, rules).unwrap_or(rules.now),
        }),
    }
}

/// Raises by all but the sales that may be hidden in the deficit.
fn raise(desired: i32, on_sale: i32, figure: &Figure, rules: &Rules) -> Verdict {
    if figure.unread || is_old(figure, rules) {
        return Verdict::Wait(Wait::Unseen);
    }
    if rules.stale {
        return Verdict::Wait(Wait::StaleOrders);
    }
    let Some(read) = rules.orders_read_at else {
        return Verdict::Wait(Wait::OrdersToRead);
    };

    let since = figure
        .deficit_of(desired, rules.now)
        .map_or(rules.now, |deficit| deficit.since);
    // Hidden sales are older than the deficit, because a later one would have made it grow; they had until
    // the last reading of the orders to become known.
    let hidden = rules
        .pace
        .hidden_after(read.min(rules.now) - since, figure.sales, rules.now);
    let until = since + rules.pace.settled_after(figure.sales, rules.now);
    // Time alone proves nothing: the orders must have been read after that time, too.
    if rules.now >= until && hidden != Some(0) {
        return Verdict::Wait(Wait::OrdersToRead);
    }

    let quantity = hidden.map_or(0, |hidden| desired.saturating_sub(hidden));
    if quantity <= on_sale {
        return Verdict::Wait(Wait::Settling { until });
    }

    match used_until(figure, quantity, rules) {
        Some(until) => Verdict::Wait(Wait::Repeated { until }),
        None => Verdict::Send {
            quantity,
            reason: if hidden == Some(0) {
                Reason::RaiseSettled
            } else {
                Reason::Raise
            },
        },
    }
}

/// Until when Trendyol takes this quantity for a repetition.
fn used_until(figure: &Figure, quantity: i32, rules: &Rules) -> Option<DateTime<Utc>> {
    let same = figure.recent.iter().filter(|(sent, _)| *sent == quantity);
    let until = same.map(|(_, at)| *at + REPEAT_AFTER).max()?;
    (until > rules.now).then_some(until)
}

#[cfg(test)]
mod tests;
