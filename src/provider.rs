//! The outside world that sells: what a reseller panel can be asked, and what it may answer.
//!
//! A provider never reads the database and decides nothing about an order: it sends one request
//! and says what came back, in classes that [`crate::order::decide`] acts on. What must stay true:
//!
//! * one call of [`Provider::purchase`] is at most one request on the wire,
//! * an answer that is not understood is never a refusal, a cancellation or a PIN,
//! * nothing that leaves this module holds an address, an account or a password.

pub mod znet;

use std::{collections::HashMap, fmt, time::Duration};

use async_trait::async_trait;
use rust_decimal::Decimal;

use crate::order::{Player, PurchaseOutcome, Reference, StatusAnswer};

/// A reseller panel with one account on it.
#[async_trait]
pub trait Provider: Send + Sync + fmt::Debug {
    /// Buys one unit. Sends at most one request and never repeats it.
    async fn purchase(&self, purchase: &Purchase) -> PurchaseReply;

    /// Asks what became of a purchase.
    async fn status(&self, reference: &Reference) -> StatusReply;

    /// Reads the price list.
    async fn catalogue(&self) -> Result<Catalogue, ReadError>;

    /// Reads the balance of the account, in TRY.
    async fn balance(&self) -> Result<Decimal, ReadError>;
}

/// One unit to buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Our number for it (`referans`).
    pub reference: Reference,
    pub product: Product,
    pub player: Player,
}

/// A product in the panel's own numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Product {
    /// `oyun`: the entry's `oyun_bilgi_id`.
    pub oyun: String,
    /// `kupur`: the denomination.
    pub kupur: String,
}

/// The panel's price list by entry id (`package_mappings.provider_package_id`).
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Entries that can be bought; one without `oyun` or `kupur` is not in here.
    pub products: HashMap<String, Product>,
    /// What they cost, in TRY, where the list says so.
    pub(crate) prices: HashMap<String, Decimal>,
    /// Entries that lack a number without which they cannot be bought, and which one.
    pub(crate) incomplete: HashMap<String, MissingNumber>,
}

/// A number that an entry of a price list lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum MissingNumber {
    /// `oyun_bilgi_id`.
    Oyun,
    /// `kupur`.
    Kupur,
}

/// What came back from a purchase.
#[derive(Clone, Debug)]
pub struct PurchaseReply {
    pub outcome: PurchaseOutcome,
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
