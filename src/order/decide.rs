//! The one place that says what an answer of the panel does to an order.
//!
//! Two questions, two tables: [`after_purchase`] and [`after_check`]. Both are pure: they take
//! what is known ([`Watched`]), what the panel said, the time and a random number, and return a
//! [`Decision`] which the store writes as one group. Whoever noticed (dispatcher, poller or a
//! restart after a crash) ends up here, so an order is settled by one code path.

mod check;
mod purchase;
#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use check::after_check;
pub(crate) use purchase::{after_purchase, known_elsewhere};

use super::{
    EventKind, HoldCause, HoldReason, IntegrationId, LAST_MESSAGE_CHARS, PlayerRules, Reference,
    Refusal, ShopChange, ShopStatus, Stage, cut,
};
use crate::{backoff::Backoff, text::Lang};

/// The rules by which orders are sent and watched.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Which fields of a purchase hold what the customer typed.
    pub player: PlayerRules,
    /// Growth of the delay between checks.
    pub backoff: Backoff,
    /// From sending to the first check.
    pub first_check_after: Duration,
    /// Checks without progress before the order is left to the sweeper.
    pub max_attempts: u32,
    /// From sending to giving up.
    pub give_up_after: Duration,
    /// When an unconfirmed order is asked about, counted from the unsure answer; ascending.
    pub confirm_after: Vec<Duration>,
    /// What follows when the panel keeps saying that it does not know it.
    pub unconfirmed: UnconfirmedPolicy,
    pub settle: Settle,
    /// The language of what customers read.
    pub language: Lang,
}

/// Who settles an order that has ended (`orders.settle`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Settle {
    /// The shop, with its own function: `product_orders.status` is never written.
    Shop,
    /// We do, by writing `product_orders.status`: only for shops without wallets.
    Status,
}

impl Settle {
    /// What `status` becomes, if we write it.
    #[must_use]
    pub(crate) fn status(self, status: ShopStatus) -> Option<ShopStatus> {
        (self == Self::Status).then_some(status)
    }
}

/// What to do with an order that the panel says it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnconfirmedPolicy {
    /// A person decides.
    Hold,
    /// Send it once more, with the same reference.
    Resend,
}

/// What follows when somebody else is found to buy our orders too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SecondPolicy {
    /// Buying at that panel is paused until a person resumes it.
    Pause,
    /// It is only said.
    Warn,
}

/// What is known about a tracked order when an answer arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Watched {
    /// Where it stands.
    pub stage: Stage,
    /// When it was claimed for sending; the purchase did not happen before.
    #[serde(skip)]
    pub dispatched_at: Option<DateTime<Utc>>,
    /// When the panel accepted it.
    pub sent_at: Option<DateTime<Utc>>,
    /// When waiting ends: written at the first dispatch and again when it is sent.
    pub give_up_at: Option<DateTime<Utc>>,
    /// Whether the panel has said that it is working on it.
    #[serde(skip)]
    pub processing: bool,
    /// Checks without progress; errors are not counted.
    pub attempts: u32,
    /// Failures in a row when asking: panel not reached, or an answer that says nothing.
    pub errors: u32,
    /// How often the panel left it open: while unconfirmed that it does not know the reference, after
    /// that that it is delivered, without the code that belongs to it.
    #[serde(skip)]
    pub unknowns: u32,
    /// Whether it may be sent a second time; false once it was, or once the panel knew it.
    #[serde(skip)]
    pub may_resend: bool,
}

impl Watched {
    /// What an order that waits to be sent is held for: one that may have been bought needs somebody to see about
    /// that first, or it would be rejected in the shop.
    pub(crate) fn held_for(&self, cause: HoldCause) -> HoldCause {
        if self.may_resend {
            return cause;
        }
        let unconfirmed = HoldCause::from(HoldReason::Unconfirmed);
        unconfirmed.behind(cause.reason)
    }
}

/// What becomes of an order.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What is known from now on.
    pub(crate) watched: Watched,
    /// Set exactly when the stage is [`Stage::Held`].
    pub(crate) held: Option<HoldReason>,
    /// When to check next; `None` for final and held orders, and for those left to the sweeper.
    pub(crate) due_at: Option<DateTime<Utc>>,
    /// The whole code, for our own schema.
    pub(crate) pin: Option<SecretString>,
    /// What the panel charged, in TRY.
    pub(crate) cost: Option<Decimal>,
    /// The panel's balance after a purchase, in TRY.
    pub(crate) balance: Option<Decimal>,
    /// What the shop's row has to say, if anything changed for the shop.
    pub(crate) shop: Option<ShopChange>,
    /// Where it goes instead, after a refusal.
    pub(crate) reroute: Option<Reroute>,
    /// What a refusal was about.
    pub(crate) refusal: Option<Refusal>,
    /// The step, for the timeline.
    pub(crate) event: EventKind,
}

impl Decision {
    /// Whether the panel surely sold something for it.
    pub(crate) fn is_bought(&self) -> bool {
        matches!(self.watched.stage, Stage::Submitted | Stage::Completed)
            || matches!(
                self.held,
                Some(HoldReason::PinTooLong | HoldReason::DeliveredWithoutCode)
            )
    }
}

/// Another panel for an order that the first one refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reroute {
    pub(crate) integration: IntegrationId,
    /// The order's reference there.
    pub(crate) reference: Reference,
}

impl Decision {
    /// A decision that only sets what is known; the rest is added by the caller.
    fn new(watched: Watched, event: EventKind) -> Self {
        Self {
            watched,
            held: None,
            due_at: None,
            pin: None,
            cost: None,
            balance: None,
            shop: None,
            reroute: None,
            refusal: None,
            event,
        }
    }

    fn due(mut self, at: DateTime<Utc>) -> Self {
        // The last check comes with the time limit, not a whole delay after it.
        let last = self.watched.give_up_at.unwrap_or(at);
        self.due_at = Some(at.min(last));
        self
    }

    fn shop(mut self, change: ShopChange) -> Self {
        self.shop = Some(change);
        self
    }

    /// Puts the order aside for a person, with the reason in the shop's row.
    fn hold(mut watched: Watched, reason: HoldReason, language: Lang) -> Self {
        watched.stage = Stage::Held;
        let mut decision = Self::new(watched, EventKind::Held);
        decision.held = Some(reason);
        decision.shop(said(&reason.said_in(language)))
    }
}

/// A change that only speaks: message and note.
fn said(sentence: &str) -> ShopChange {
    ShopChange {
        // The column is short; the note has the whole sentence.
        last_message: Some(cut(sentence, LAST_MESSAGE_CHARS)),
        note: Some(sentence.to_owned()),
        ..ShopChange::default()
    }
}

/// The panel's words, if it gave any.
fn words(text: String) -> Option<String> {
    // An earlier text is not replaced by nothing.
    (!text.is_empty()).then_some(text)
}

/// `at + delay`, without overflow at the end of time.
pub(super) fn later(at: DateTime<Utc>, delay: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(delay)
        .ok()
        .and_then(|delay| at.checked_add_signed(delay))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// A time limit as people say it: `24h`, otherwise as configured.
fn limit(limit: Duration) -> String {
    let secs = limit.as_secs();
    if secs > 0 && secs.is_multiple_of(3600) {
        format!("{}h", secs / 3600)
    } else {
        humantime::format_duration(limit).to_string()
    }
}
