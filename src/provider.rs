//! The outside world that sells: what a reseller panel can be asked, and what it may answer.
//!
//! A provider never reads the database and decides nothing about an order: it sends one request
//! and says what came back, in classes that [`crate::order::decide`] acts on. What must stay true:
//!
//! * one call of [`Provider::purchase`] is at most one request on the wire,
//! * an answer that is not understood is never a refusal, a cancellation or a PIN,
//! * nothing that leaves this module holds an address, an account, a password or a token.

mod account;
pub mod barakat;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub(crate) mod kind;
mod number;
mod redact;
mod registry;
mod seen;
mod text;
pub mod znet;

use std::{collections::HashMap, fmt, time::Duration};

use async_trait::async_trait;
use rust_decimal::Decimal;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::order::{HoldReason, Player, PurchaseOutcome, Reference, StatusAnswer};
pub(crate) use crate::outbound::HttpError;
pub use crate::outbound::{Http, HttpSettings};
pub(crate) use account::{AccountError, Credentials};

/// A reseller panel with one account on it.
#[async_trait]
pub trait Provider: Send + Sync + fmt::Debug {
    /// Buys. Sends at most one request and never repeats it.
    async fn purchase(&self, purchase: &Purchase) -> PurchaseReply;

    /// Asks what became of a purchase.
    async fn status(&self, reference: &Reference) -> StatusReply;

    /// Reads the price list.
    async fn catalogue(&self) -> Result<Catalogue, ReadError>;

    /// Reads the balance of the account, in TRY.
    async fn balance(&self) -> Result<Decimal, ReadError>;
}

/// What is bought: one product, for one player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Our name for it.
    pub reference: Reference,
    pub goods: Goods,
}

/// The product and the player in the panel's own terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goods {
    /// The product, by the panel's names and in the order in which they are sent.
    pub product: Vec<(String, String)>,
    pub player: Player,
}

/// One entry of a price list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Product {
    /// What stands for it in a purchase, by the panel's names.
    pub numbers: Vec<(String, String)>,
    /// What it wants to know about the player, by the panel's names.
    pub(crate) params: Vec<String>,
    pub(crate) quantities: Quantities,
}

/// How much of a product one purchase can buy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Quantities {
    #[default]
    One,
    Range {
        min: u32,
        max: u32,
    },
    OneOf(Vec<u32>),
}

impl Quantities {
    #[must_use]
    pub(crate) fn has(&self, quantity: u32) -> bool {
        match self {
            Self::One => quantity == 1,
            Self::Range { min, max } => (*min..=*max).contains(&quantity),
            Self::OneOf(all) => all.contains(&quantity),
        }
    }
}

/// The panel's price list by entry id (`package_mappings.provider_package_id`).
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Entries that can be bought.
    pub products: HashMap<String, Product>,
    /// What one of them costs, in TRY, where the list says so.
    pub(crate) prices: HashMap<String, Decimal>,
    /// Entries that lack something without which they cannot be bought, and why their orders are held.
    pub(crate) incomplete: HashMap<String, HoldReason>,
}

/// What came back from a purchase.
#[derive(Clone, Debug)]
pub struct PurchaseReply {
    pub outcome: PurchaseOutcome,
    /// A code that came with it; kept, and given to nobody before the panel says delivered.
    pub pin: Option<SecretString>,
    pub evidence: Evidence,
}

/// What came back from a question about a purchase.
#[derive(Clone, Debug)]
pub struct StatusReply {
    pub answer: StatusAnswer,
    /// With a PIN masked.
    pub evidence: Evidence,
}

/// The class of what came back, for the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnswerClass {
    /// Text as the protocol has it, or any other plain text.
    Text,
    /// A page: wrong address, or the caller is blocked.
    Html,
    /// An empty body: unknown account, right not granted, or the caller is blocked.
    Empty,
    /// The body ended early or was larger than the limit.
    Cut,
    /// No answer at all.
    None,
}

impl AnswerClass {
    /// The name used in events.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Html => "html",
            Self::Empty => "empty",
            Self::Cut => "cut",
            Self::None => "none",
        }
    }
}

/// The panel's answer as support may see it: redacted, capped, without account, address or PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub class: AnswerClass,
    /// `None` when no answer came.
    pub http_status: Option<u16>,
    /// The beginning of the body, at most [`Evidence::MAX_CHARS`] characters.
    pub body: String,
    /// What went wrong on the way, in our words; empty when an answer arrived whole.
    pub trouble: String,
    /// From the call, connecting included, to the last byte read.
    pub(crate) took: Duration,
}

impl Evidence {
    /// Characters kept of a body.
    pub(crate) const MAX_CHARS: usize = 400;

    /// A number for what was said; the same for the same words, however long they took.
    pub(crate) fn digest(&self) -> i64 {
        let said = (
            self.class.as_str(),
            self.http_status,
            &self.body,
            &self.trouble,
        );
        // Its form of debugging keeps the parts apart, whatever stands in them.
        let digest = Sha256::digest(format!("{said:?}"));
        let (first, _) = digest.split_at(size_of::<i64>());
        i64::from_be_bytes(first.try_into().unwrap_or_default())
    }
}

/// A price list or a balance could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No answer came back.
    #[error("the panel did not answer: {trouble}")]
    Unreachable {
        /// What went wrong, in our words.
        trouble: String,
    },
    /// The panel says that the call failed.
    #[error("the panel refused: {text}")]
    Refused {
        /// The panel's text, redacted and capped.
        text: String,
    },
    /// The answer is something else than the protocol has for this call.
    #[error("the panel's answer is not understood ({}): {detail}", .class.as_str())]
    Unreadable {
        class: AnswerClass,
        /// What is wrong with it, redacted and capped.
        detail: String,
    },
}
