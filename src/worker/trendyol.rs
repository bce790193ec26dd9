//! The Trendyol store: orders and returns in, stock out.
//!
//! Each part is a pass that takes no hints: it reads the database, asks Trendyol, and writes down
//! what it learnt. What must stay true, whenever a pass is killed and however often it is repeated:
//!
//! * stock is computed after the orders were read, and raised only when they were read lately,
//! * what is sent is written down before it is sent, and counts as perhaps taken until it is settled,
//! * nothing is settled by a success of the request alone: the items' results or what is read back
//!   settle it.

mod doorbell;
mod follow;
mod forecast;
mod judge;
mod look;
mod needed;
mod pull;
mod pulled;
mod push;
mod reconcile;
mod returns;
mod send;
mod take;
mod tell;
mod turns;
mod verify;
mod windows;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

pub use doorbell::{Answered, Doorbell};
use follow::Followed;
pub use forecast::{Forecast, ProductHistory};
pub use needed::needed;
pub use pull::{Pull, PullOrders};
pub use pulled::Pulled;
pub use push::{PushStock, Pushed};
pub use reconcile::Reconciler;
pub use returns::PullReturns;
pub use take::sample_rows;
pub use tell::{Told, tell};
pub use turns::Turns;
pub use verify::VerifyStock;

use crate::{clock::Clock, marketplace::Marketplace, meter::Meter, store::Store};

/// The feed of the orders, in the list of feeds.
pub const ORDERS: &str = "trendyol orders";

/// What all parts share.
#[derive(Clone)]
pub struct Seller {
    /// The database.
    pub store: Store,
    /// The seller's account.
    pub market: Arc<dyn Marketplace>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How a pass waits for a result.
    pub rest: Arc<dyn Rest>,
    /// What counts the items.
    pub meter: Arc<Meter>,
}

/// Waiting within a pass.
#[async_trait]
pub trait Rest: Send + Sync + fmt::Debug {
    /// Waits.
    async fn rest(&self, time: Duration);
}

/// Waits as long as it takes.
#[derive(Clone, Copy, Debug)]
pub struct Sleep;

#[async_trait]
impl Rest for Sleep {
    async fn rest(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}
