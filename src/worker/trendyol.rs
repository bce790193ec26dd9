//! The Trendyol store: orders and returns in, stock out.
//!
//! Each part is a pass that takes no hints: it reads the database, asks Trendyol, and writes down what it learnt.
//! What must stay true, whenever a pass is killed and however often it is repeated:
//!
//! * stock is computed after the orders were read, and raised only when they were read lately,
//! * what is sent is written down before it is sent, and may have been accepted until it is settled,
//! * nothing is settled by a success of the request alone: the items' results or what is read back settle it.

mod doorbell;
mod observe;
mod pull;
mod pull_report;
mod push;
mod push_report;
mod reconcile;
mod report_picking;
mod returns;
mod second_pusher;
mod send;
mod stock_plan;
mod turns;
mod verify;
mod windows;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

pub use doorbell::{Answered, Doorbell};
pub use pull::{Pull, PullOrders};
pub(crate) use push::PushStock;
pub use push_report::PushReport;
pub use reconcile::Reconciler;
pub use report_picking::{PickingReports, report_picking};
pub use returns::PullReturns;
pub use stock_plan::Forecast;
pub(crate) use stock_plan::ProductHistory;
pub(crate) use turns::Turns;
pub use verify::VerifyStock;

use crate::{clock::Clock, marketplace::Marketplace, store::Store};

/// What all parts share.
#[derive(Clone)]
pub struct Seller {
    pub store: Store,
    pub market: Arc<dyn Marketplace>,
    pub clock: Arc<dyn Clock>,
    /// How a pass waits for a result.
    pub rest: Arc<dyn Rest>,
}

/// Waiting within a pass; tests do not wait.
#[async_trait]
pub trait Rest: Send + Sync + fmt::Debug {
    async fn rest(&self, time: Duration);
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Sleep;

#[async_trait]
impl Rest for Sleep {
    async fn rest(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
