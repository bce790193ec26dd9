//! The practice Trendyol store as a seller's client sees it, byte by byte: what every test of the
//! stock synchronisation relies on.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

mod claims;
mod client;
mod door;
mod life;
mod limits;
mod odd_answers;
mod odd_packages;
mod orders;
mod progress;
mod stock;
mod stream;
mod trouble;
mod webhooks;
mod wire;

use sandbox::trendyol::{StorePlan, TrendyolStore};

/// Barcode of the first product of [`start`].
const FIRST: &str = "8683772000000";
/// Barcode of the second one.
const SECOND: &str = "8683772000001";
/// Barcode of the third one.
const THIRD: &str = "8683772000002";

/// A store with six products, ten pieces of each on sale.
async fn start(change: impl FnOnce(&mut StorePlan)) -> TrendyolStore {
    let mut plan = StorePlan::sample(7, 6);
    change(&mut plan);
    TrendyolStore::start(plan).await.unwrap()
}
