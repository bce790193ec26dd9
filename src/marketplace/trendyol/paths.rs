//! Where each call goes, below the base address. Trendyol has moved paths before and will again.

use super::limits::Call;

/// What stands for the seller's number in a path.
pub const SELLER: &str = "{seller}";

/// The paths below the base address, with `{seller}` for the seller's number. What a call adds to
/// its path, such as the id of a batch, is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The stream of packages.
    pub order_stream: String,
    /// Packages by order number.
    pub orders: String,
    /// Stock that is sent.
    pub stock_push: String,
    /// What became of it.
    pub batch_results: String,
    /// What is on sale.
    pub read_back: String,
    /// Returns.
    pub claims: String,
    /// The state of a package.
    pub packages: String,
    /// Who is called when an order changes.
    pub webhooks: String,
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
