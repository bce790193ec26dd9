//! Notices (`LISTEN`) of new orders, of changes of the warehouse's stock and of calls about orders. They
//! only save time: polling finds all of it too.
//!
//! Behind a pooler nobody listens: its session would be the shop's next, and hear for us.

use std::time::Duration;

use sqlx::{Executor, postgres::PgListener};
use tokio::time::timeout;

use super::{
    Store, StoreError,
    pool::{Reach, in_time},
};

/// What is listened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// New rows of `product_orders`.
    NewOrders,
    /// Changes of `central_stock` and of the warehouse's order tables; the payload names the barcodes.
    Stock,
    /// Calls of the marketplace about orders.
    OrderCalls,
}

impl Channel {
    const fn name(self) -> &'static str {
        match self {
            Self::NewOrders => "orderwatch_new",
            Self::Stock => "orderwatch_stock",
            Self::OrderCalls => "orderwatch_calls",
        }
    }
}

/// After so long without a notice the connection is tried.
const QUIET: Duration = Duration::from_mins(1);

/// Waits for notices; owns one connection. Behind a pooler it has none, and waits for ever.
#[derive(Debug)]
pub struct Notices(Option<PgListener>);

impl Store {
    pub async fn listen(&self, channel: Channel) -> Result<Notices, StoreError> {
        let doing = StoreError::doing("listening for notices");
        if self.pool.reach().await.map_err(&doing)? == Reach::Pooler {
            return Ok(Notices(None));
        }

        let mut listener = PgListener::connect_with(self.pool.inner())
            .await
            .map_err(&doing)?;
        listener.listen(channel.name()).await.map_err(&doing)?;
        Ok(Notices(Some(listener)))
    }
}

impl Notices {
    /// Waits for the next notice and returns its payload; `None` when the connection was lost and is back:
    /// notices may have been missed meanwhile.
    pub async fn next(&mut self) -> Result<Option<String>, StoreError> {
        let doing = StoreError::doing("waiting for notices");
        let Some(listener) = &mut self.0 else {
            return std::future::pending().await;
        };

        loop {
            if let Ok(notice) = timeout(QUIET, listener.try_recv()).await {
                let payload = notice.map(|notice| notice.map(|n| n.payload().to_owned()));
                return payload.map_err(doing);
            }
            // A quiet minute and a lost connection look alike from here, so the server is asked.
            let answer = in_time(listener.execute("SELECT 1")).await;
            answer.flatten().map_err(&doing)?;
        }
    }
}
