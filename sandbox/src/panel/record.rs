//! What the ledger keeps about a sale and about a request. `Debug` shows neither PIN nor account.

use std::fmt;

use rust_decimal::Decimal;
use tokio::time::Instant;

use super::{Ending, Endpoint, Readiness, Said};
use crate::trouble::Fault;

/// One sale.
#[derive(Clone, PartialEq, Eq)]
pub struct Sale {
    /// The panel's own number for it, growing in the order of the sales.
    pub number: u64,
    /// The account (`kod`) that was charged.
    pub account: String,
    /// The client's reference.
    pub reference: String,
    /// `id` of the product.
    pub product: String,
    /// `oyuncu_bilgi`.
    pub player: String,
    /// `musteri_tel`, if it was sent.
    pub phone: Option<String>,
    /// What it cost, in TRY.
    pub cost: Decimal,
    /// When it was made.
    pub at: Instant,
    /// How often it was asked about since.
    pub asked: u32,
    /// How it has ended; `None` while it is waiting.
    pub settled: Option<Ending>,
    /// The PIN, once there is one.
    pub pin: Option<String>,
    pub(super) ending: Ending,
    pub(super) readiness: Readiness,
}

impl fmt::Debug for Sale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sale")
            .field("number", &self.number)
            .field("reference", &self.reference)
            .field("product", &self.product)
            .field("player", &self.player)
            .field("cost", &self.cost)
            .field("asked", &self.asked)
            .field("settled", &self.settled)
            .finish_non_exhaustive()
    }
}

/// One request.
#[derive(Clone)]
pub struct RequestRecord {
    /// Its place in the order of arrival, from 0.
    pub seq: usize,
    /// Where it went.
    pub endpoint: Endpoint,
    /// The account (`kod`) that it named.
    pub account: String,
    /// The reference that it named; empty where there is none.
    pub reference: String,
    /// Which connection of the panel it came on.
    pub connection: u64,
    /// When it arrived.
    pub at: Instant,
    /// What the panel had to say once its work was done; a fault may have kept it from arriving.
    pub said: Option<Said>,
    /// What went wrong with it on purpose.
    pub fault: Option<Fault>,
}

impl RequestRecord {
    /// Whether this very request made a sale.
    #[must_use]
    pub fn sold(&self) -> bool {
        self.said == Some(Said::Accepted)
    }
}

impl fmt::Debug for RequestRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestRecord")
            .field("seq", &self.seq)
            .field("endpoint", &self.endpoint)
            .field("reference", &self.reference)
            .field("connection", &self.connection)
            .field("said", &self.said)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}
