//! Which held orders are retried together: what was selected, what of it is shown, and what the form hands back.

use std::fmt;

use uuid::Uuid;

use crate::{
    http::problem::Problem,
    order::{HoldReason, OrderId, WayOut},
    store::ListedOrder,
};

/// Orders that are retried at once, the ones that have waited longest: a request must end, and its form has room
/// for so many ids.
const AT_ONCE: usize = 200;

/// The orders that one step can retry.
pub(super) struct Selection {
    pub(super) held: Vec<ListedOrder>,
    /// How many there are in all.
    pub(super) total: usize,
    /// Selected, but no longer held for a reason that a retry can fix.
    pub(super) gone: usize,
}

impl Selection {
    pub(super) fn all(mut held: Vec<ListedOrder>) -> Self {
        let total = held.len();
        held.truncate(AT_ONCE);
        Self {
            held,
            total,
            gone: 0,
        }
    }

    /// Those of the selected ones that are still held.
    pub(super) fn of(held: Vec<ListedOrder>, selected: usize) -> Self {
        Self {
            gone: selected.saturating_sub(held.len()),
            ..Self::all(held)
        }
    }

    /// The same, where the first step found more than it showed.
    pub(super) fn among(mut self, total: usize) -> Self {
        self.total = total.saturating_sub(self.gone).max(self.total);
        self
    }
}

/// An order as the first step showed it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) order: OrderId,
    pub(super) reason: HoldReason,
    /// What it loses ([`Loss::seen`](crate::order::money::Loss::seen)); empty where nothing was shown of it.
    pub(super) loss: String,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.order, self.reason, self.loss)
    }
}

pub(super) fn reason_of(name: &str) -> Result<HoldReason, Problem> {
    HoldReason::parse(name)
        .filter(|reason| reason.way_out() == WayOut::Retry)
        .ok_or_else(|| Problem::invalid("reason", "must be a hold reason that a retry can fix"))
}

fn changed() -> Problem {
    Problem::invalid("orders", "must be what the page had there")
}

fn id(text: &str) -> Result<OrderId, Problem> {
    Uuid::try_parse(text).map(OrderId).map_err(|_| changed())
}

/// Each order once, in the order in which they are named.
pub(super) fn ids<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vec<OrderId>, Problem> {
    let mut ids = Vec::new();
    for text in texts {
        let id = id(text)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// What the first step handed out, each order once.
pub(super) fn shown(text: &str) -> Result<Vec<Shown>, Problem> {
    let mut all: Vec<Shown> = Vec::new();
    for text in text.split(',').take(AT_ONCE) {
        let (order, rest) = text.split_once(':').ok_or_else(changed)?;
        let (reason, loss) = rest.split_once(':').ok_or_else(changed)?;
        let shown = Shown {
            order: id(order)?,
            reason: reason_of(reason)?,
            loss: loss.to_owned(),
        };
        if !all.iter().any(|other| other.order == shown.order) {
            all.push(shown);
        }
    }
    Ok(all)
}
