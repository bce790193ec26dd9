//! Where each call goes, below the base address. Trendyol has moved paths before and will again, so each can be
//! configured.

use serde::{Deserialize, Deserializer, de::Error};

use super::limits::Call;

/// What stands for the seller's number in a path.
pub(crate) const SELLER: &str = "{seller}";

/// The paths below the base address, with `{seller}` for the seller's number. What a call adds to
/// its path, such as the id of a batch, is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paths {
    /// The stream of packages.
    #[serde(deserialize_with = "path")]
    pub(crate) order_stream: String,
    /// Packages by order number.
    #[serde(deserialize_with = "path")]
    pub(crate) orders: String,
    /// Stock that is sent.
    #[serde(deserialize_with = "path")]
    pub(crate) stock_push: String,
    /// What became of it.
    #[serde(deserialize_with = "path")]
    pub(crate) batch_results: String,
    /// What is on sale.
    #[serde(deserialize_with = "path")]
    pub(crate) read_back: String,
    /// Returns.
    #[serde(deserialize_with = "path")]
    pub(crate) claims: String,
    /// The state of a package.
    #[serde(deserialize_with = "path")]
    pub(crate) packages: String,
    /// Who is called when an order changes.
    #[serde(deserialize_with = "path")]
    pub(crate) webhooks: String,
}

impl Default for Paths {
    fn default() -> Self {
        let path = |area: &str, rest: &str| format!("integration/{area}/sellers/{SELLER}/{rest}");
        Self {
            order_stream: path("order", "orders/stream"),
            orders: path("order", "v2/orders"),
            stock_push: path("inventory", "products/price-and-inventory"),
            batch_results: path("product", "products/batch-requests"),
            read_back: path("product", "products/approved/inventory-and-price"),
            claims: path("order", "claims"),
            packages: path("order", "shipment-packages"),
            webhooks: path("webhook", "webhooks"),
        }
    }
}

impl Paths {
    /// The path of a call.
    pub(super) fn of(&self, call: Call) -> &str {
        match call {
            Call::Stream => &self.order_stream,
            Call::Orders => &self.orders,
            Call::Push => &self.stock_push,
            Call::Batch => &self.batch_results,
            Call::ReadBack => &self.read_back,
            Call::Claims => &self.claims,
            Call::Picking => &self.packages,
            Call::Webhooks => &self.webhooks,
        }
    }
}

fn path<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let text = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
    let rest = text.replacen(SELLER, "", 1);
    // Only what needs no encoding, and no way out of the base address.
    if rest.len() < text.len() && rest.chars().all(plain) && !rest.contains("..") {
        Ok(text.to_owned())
    } else {
        Err(D::Error::custom(format!(
            "must be a path with {SELLER} for the seller's number once"
        )))
    }
}
