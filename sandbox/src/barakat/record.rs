//! What the ledger keeps about a sale and about a request. `Debug` shows no code, account or token.

use std::fmt;

use rust_decimal::Decimal;
use tokio::time::Instant;

use super::{Ending, Endpoint, Readiness, Said};
use crate::trouble::Fault;

/// One sale.
#[derive(Clone, PartialEq, Eq)]
pub struct Sale {
    /// The panel's `order_id`, growing in the order of the sales.
    pub number: u64,
    /// The name of the account that was charged.
    pub account: String,
    /// The client's `order_uuid`; empty where none was sent.
    pub order_uuid: String,
    /// `id` of the product.
    pub product: String,
    /// The parameters of the product, in its order.
    pub params: Vec<(String, String)>,
    pub quantity: u32,
    /// What all pieces cost together, in TRY.
    pub cost: Decimal,
    /// When it was made.
    pub at: Instant,
    /// How often it was asked about since.
    pub asked: u32,
    /// How it ends, once it is ready.
    pub ending: Ending,
    /// How it has ended; `None` while it is waiting.
    pub settled: Option<Ending>,
    /// The code, once there is one.
    pub pin: Option<String>,
    /// The code that it gets if it gets one.
    pub(super) code: String,
    pub(super) readiness: Readiness,
}

impl Sale {
    /// The value of the product's first parameter.
    #[must_use]
    pub fn player(&self) -> Option<&str> {
        self.params.first().map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Sale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sale")
            .field("number", &self.number)
            .field("order_uuid", &self.order_uuid)
            .field("product", &self.product)
            .field("params", &self.params)
            .field("quantity", &self.quantity)
            .field("cost", &self.cost)
            .field("asked", &self.asked)
            .field("settled", &self.settled)
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
pub struct RequestRecord {
    /// Its place in the order of arrival, from 0.
    pub seq: usize,
    pub endpoint: Endpoint,
    /// The name of the account whose token it had; empty for a token that nobody has.
    pub account: String,
    /// The product that the path of a purchase named; otherwise empty.
    pub product: String,
    /// The `order_uuid` of a purchase, or each order that a question named.
    pub references: Vec<String>,
    /// Every parameter, decoded, in the order in which they were sent.
    pub query: Vec<(String, String)>,
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
    /// Whether this very request made a sale, be it one that was rejected at once.
    #[must_use]
    pub fn sold(&self) -> bool {
        let sales = [Said::Accepted, Said::Delivered, Said::Rejected];
        self.said.is_some_and(|said| sales.contains(&said))
    }

    /// The first value of a parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for RequestRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestRecord")
            .field("seq", &self.seq)
            .field("endpoint", &self.endpoint)
            .field("product", &self.product)
            .field("references", &self.references)
            .field("connection", &self.connection)
            .field("said", &self.said)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}
