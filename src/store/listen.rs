//! The notice of new orders (`LISTEN`), which only saves time: the scan finds every order too.

use std::time::Duration;

use sqlx::{Executor, postgres::PgListener};
use tokio::time::timeout;

use super::{Store, StoreError, pool::in_time};

/// Channel of the trigger on `product_orders`.
const CHANNEL: &str = "orderwatch_new";
/// After so long without a notice the connection is tried.
const QUIET: Duration = Duration::from_mins(1);

/// Waits for notices; owns one connection.
#[derive(Debug)]
pub struct NewOrders(PgListener);

impl Store {
    /// Begins to listen.
    ///
    /// # Errors
    /// [`StoreError::Database`] when no connection can be had or the server refuses, as a pooler
    /// in transaction mode does.
    pub async fn listen(&self) -> Result<NewOrders, StoreError> {
        let doing = StoreError::doing("listening for new orders");
        let mut listener = PgListener::connect_with(self.pool.inner())
            .await
            .map_err(&doing)?;
        listener.listen(CHANNEL).await.map_err(&doing)?;
        Ok(NewOrders(listener))
    }
}

impl NewOrders {
    /// Waits for the next notice. Also returns when the connection was lost and is back: a notice
    /// may have been missed meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Database`] when the connection is lost and does not come back.
    pub async fn next(&mut self) -> Result<(), StoreError> {
        let doing = StoreError::doing("waiting for new orders");
        loop {
            if let Ok(notice) = timeout(QUIET, self.0.try_recv()).await {
                return notice.map(drop).map_err(doing);
            }
            // Nobody ordered, or nobody is there any more.
            let answer = in_time(self.0.execute("SELECT 1")).await;
            answer.flatten().map_err(&doing)?;
        }
    }
}
