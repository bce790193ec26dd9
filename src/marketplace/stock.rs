//! Stock: what is sent, what became of it, and what is on sale.

use std::{collections::HashMap, time::Duration};

use sha2::{Digest, Sha256};

use crate::stock::{Barcode, MAX_QUANTITY, Unreadable, push_result::BatchItem, rule::Answer};

/// Maximum number of items in one push.
pub(crate) const MAX_ITEMS: usize = 1000;
/// Maximum number of barcodes in one read-back.
pub(crate) const MAX_READ_BACK: usize = 50;

/// What shall be on sale of one product.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StockItem {
    pub barcode: Barcode,
    /// Units that can be sold, 0 to [`MAX_QUANTITY`]; absolute, not a difference.
    pub quantity: i32,
}

/// What two pushes have in common that Trendyol may take for the same: items in any order.
///
/// The same within 15 minutes is refused.
#[must_use]
pub fn fingerprint(items: &[StockItem]) -> [u8; 32] {
    // Which part of a body Trendyol compares is not known, so the order of the items does not count.
    let mut sorted: Vec<_> = items
        .iter()
        .map(|item| (item.barcode.as_str(), item.quantity))
        .collect();
    sorted.sort_unstable();

    let mut hash = Sha256::new();
    for (barcode, quantity) in sorted {
        hash.update(barcode);
        // No barcode holds a blank or a line break.
        hash.update(format!(" {quantity}\n"));
    }

    hash.finalize().into()
}

/// Leave for the next push: its turn has come.
#[derive(Debug)]
#[must_use]
pub struct PushPermit(());

impl PushPermit {
    /// For a marketplace that gives it.
    pub const fn granted() -> Self {
        Self(())
    }
}

/// Trendyol's name for a push that was accepted. Opaque.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BatchId(pub String);

/// What came back from a push. Texts are Trendyol's own, redacted and capped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushOutcome {
    /// Queued; each item may still fail.
    Accepted {
        /// To ask for the items' results.
        batch: BatchId,
    },
    /// The same was sent within the last 15 minutes: it was taken then, or was lost. Read back.
    DuplicateWindow,
    /// Not accepted: too many calls. This group of calls waits by itself.
    RateLimited {
        /// How long the next push waits: asked for, or our own back-off.
        retry_after: Duration,
    },
    /// Not taken: Trendyol refuses the request.
    Rejected {
        /// The HTTP status code.
        status: u16,
        /// Trendyol's own name for the reason; its only stable part.
        key: Option<String>,
        /// Trendyol's text.
        text: String,
    },
    /// It may have been taken: time-out, reset, 5xx, or an answer without a batch. Read back.
    Unknown {
        /// What came instead of an answer.
        why: String,
    },
    /// Not taken: key, secret or seller id are wrong.
    Auth {
        /// Trendyol's text.
        text: String,
    },
    /// Not taken: this caller is not let in.
    Forbidden {
        /// Trendyol's text.
        text: String,
    },
    /// Not taken: the path has moved or was closed.
    Gone {
        /// The HTTP status code.
        status: u16,
        /// Trendyol's text.
        text: String,
    },
    /// No byte went out.
    NotSent(PushNotSent),
}

/// Why a push was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushNotSent {
    /// No connection came about.
    #[error("{0}")]
    Connection(String),
    /// Its turn would have come too late: after so long, as far as that is known.
    #[error("the next push may go out in {} s only", .0.as_secs().max(1))]
    NotYet(Duration),
    /// No items.
    #[error("there are no items")]
    Empty,
    /// More than [`MAX_ITEMS`].
    #[error("{0} items are more than a request takes")]
    TooMany(usize),
    /// A barcode stands there twice.
    #[error("barcode {0} is there twice")]
    Twice(Barcode),
    /// A quantity is negative or above [`MAX_QUANTITY`].
    #[error("the quantity of barcode {0} is not between 0 and {MAX_QUANTITY}")]
    Quantity(Barcode),
}

/// What became of a push.
#[derive(Clone, Debug, Default)]
pub struct BatchResult {
    /// The items that could be read; none while it is queued, once it has expired, and where Trendyol does
    /// not know it: it does not say which.
    pub items: Vec<BatchItem>,
    /// Those that could not.
    pub unreadable: Vec<Unreadable>,
}

/// What is on sale.
#[derive(Clone, Debug)]
pub struct ReadBack {
    /// Of each barcode that was asked about. One that was answered twice with different quantities, or
    /// passed over while the answer speaks of products that nobody asked about, is not simply unlisted.
    pub answers: HashMap<Barcode, Answer>,
    /// What could not be read or was not asked about.
    pub unreadable: Vec<Unreadable>,
}
