//! What the ledger keeps about a sale and about a request.

use chrono::{DateTime, Utc};

use super::Endpoint;
use crate::trouble::Fault;

/// Pieces of one product that the store sold with one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    pub at: DateTime<Utc>,
    /// `orderNumber`.
    pub order_number: String,
    /// The package that they were put in.
    pub package: i64,
    pub barcode: String,
    pub pieces: u32,
    /// How many the store showed as on sale at that moment, these among them.
    pub shown: u32,
}

#[derive(Clone, Debug)]
pub struct RequestRecord {
    /// Its place in the order of arrival, from 0.
    pub seq: usize,
    pub endpoint: Endpoint,
    /// Path and query.
    pub target: String,
    /// When it arrived, by the store's clock.
    pub at: DateTime<Utc>,
    /// Which connection of the store it came on.
    pub connection: u64,
    /// Stands for the bytes of the body: equal for equal bodies.
    pub body: u64,
    /// Barcodes and quantities of a stock report.
    pub items: Vec<(String, i64)>,
    /// Barcodes that a read-back tells of, and as of when.
    pub looks: Vec<(String, DateTime<Utc>)>,
    /// The HTTP status that the store's own work led to; `None` when nothing was done.
    pub worked: Option<u16>,
    /// The HTTP status that left; `None` when no whole answer did.
    pub answered: Option<u16>,
    /// The id that a stock report was given, whether or not it arrived.
    pub batch: Option<String>,
    /// Whether a stock report was refused because it repeated an earlier one.
    pub repeated: bool,
    /// What went wrong with it on purpose.
    pub fault: Option<Fault>,
}

impl RequestRecord {
    /// Whether its client must reckon with its having been accepted: it was, or no answer came
    /// that says it was not.
    #[must_use]
    pub fn may_count(&self) -> bool {
        let refused = self.answered.is_some_and(|s| (400..500).contains(&s));
        self.worked == Some(200) || !refused
    }
}
