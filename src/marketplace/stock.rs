//! Stock: what is sent, what became of it, and what is on sale.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::{Barcode, Unreadable};

/// Items of one push at most.
pub const MAX_ITEMS: usize = 1000;
/// The largest quantity that Trendyol takes for a product.
pub const MAX_QUANTITY: i32 = 20_000;
/// Bar codes of one read-back at most.
pub const MAX_READ_BACK: usize = 50;

/// What shall be on sale of one product.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StockItem {
    /// Which product.
    pub barcode: Barcode,
    /// Units that can be sold, 0 to [`MAX_QUANTITY`]; absolute, not a difference.
    pub quantity: i32,
}

/// What two pushes have in common that Trendyol may take for the same: items in any order.
///
/// The same within 15 minutes is refused. Which part of a body Trendyol compares is not known, so
/// this takes the strictest view.
#[must_use]
pub fn fingerprint(items: &[StockItem]) -> [u8; 32] {
    let mut sorted: Vec<_> = items
        .iter()
        .map(|item| (item.barcode.as_str(), item.quantity))
        .collect();
    sorted.sort_unstable();
    let mut hash = Sha256::new();
    for (barcode, quantity) in sorted {
        hash.update(barcode);
        // No bar code holds a blank or a line break.
        hash.update(format!(" {quantity}\n"));
    }
    hash.finalize().into()
}

/// A push that was taken: Trendyol's name for it. Opaque.
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
    /// Not taken: too many calls. This group of calls waits by itself.
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
    /// Nothing left this machine.
    NotSent(PushNotSent),
}

/// Why a push was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushNotSent {
    /// No connection came about.
    #[error("{0}")]
    Connection(String),
    /// No items.
    #[error("there are no items")]
    Empty,
    /// More than [`MAX_ITEMS`].
    #[error("{0} items are more than a request takes")]
    TooMany(usize),
    /// A bar code stands there twice.
    #[error("bar code {0} is there twice")]
    Twice(Barcode),
    /// A quantity is negative or above [`MAX_QUANTITY`].
    #[error("the quantity of bar code {0} is not between 0 and {MAX_QUANTITY}")]
    Quantity(Barcode),
}

/// What became of a push.
#[derive(Clone, Debug)]
pub struct BatchResult {
    /// Where it stands.
    pub state: BatchState,
    /// The items that could be read.
    pub items: Vec<BatchItem>,
    /// Those that could not.
    pub unreadable: Vec<Unreadable>,
}

/// Where a push stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchState {
    /// Every item has its result.
    Complete,
    /// Some items have none yet.
    Running,
    /// No items: still queued, expired (after 4 hours), or not known; Trendyol does not say which.
    NoItems,
    /// Trendyol does not know it, or not any more.
    NotFound,
}

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchItem {
    /// The bar code as Trendyol understood it.
    pub barcode: String,
    /// The quantity as Trendyol understood it.
    pub quantity: Option<i32>,
    /// Its result.
    pub status: ItemStatus,
}

/// The result of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemStatus {
    /// On sale.
    Success,
    /// Not taken.
    Failed {
        /// Why, in Trendyol's words; may be empty.
        reasons: Vec<String>,
    },
    /// Not taken: the same was sent within the last 15 minutes.
    DuplicateWindow,
    /// No result yet, or one that nobody knows: Trendyol's word for it.
    Pending(String),
}

/// What is on sale.
#[derive(Clone, Debug)]
pub struct ReadBack {
    /// The products that were asked about and answered, each once.
    pub listed: Vec<ListedStock>,
    /// Those of which nothing is known: answered twice with different quantities, or passed over
    /// while the answer speaks of products that nobody asked about. They are not simply unlisted.
    pub contradicting: Vec<Barcode>,
    /// What could not be read or was not asked about.
    pub unreadable: Vec<Unreadable>,
}

/// What is on sale of one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedStock {
    /// The bar code in the form of [`Barcode`].
    pub barcode: String,
    /// Units that can be sold.
    pub quantity: i32,
    /// When the quantity was last changed.
    pub last_modified: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(barcode: &str, quantity: i32) -> StockItem {
        let barcode = Barcode::parse(barcode).unwrap();
        StockItem { barcode, quantity }
    }

    #[test]
    fn a_fingerprint_knows_what_and_how_many_in_any_order() {
        let one = fingerprint(&[item("a", 1), item("b", 2)]);
        assert_eq!(one, fingerprint(&[item("b", 2), item("a", 1)]));
        for other in [
            vec![item("a", 2), item("b", 1)],
            vec![item("a", 1)],
            vec![item("a", 12)],
            vec![],
        ] {
            assert_ne!(one, fingerprint(&other), "{other:?}");
        }
    }
}
