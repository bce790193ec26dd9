//! The marketplace account of this database. What is known of orders and stock belongs to it alone: with
//! another account it would be taken for that one's packages and figures.

use chrono::{DateTime, Utc};

use super::{Store, StoreError, Transaction};

/// An account at a marketplace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketAccount {
    pub seller_id: String,
    /// Production, the test environment, or this machine.
    pub environment: String,
    /// When it was first used here.
    pub since: DateTime<Utc>,
}

impl Store {
    /// The account of this database, if one was used.
    pub(crate) async fn market_account(&self) -> Result<Option<MarketAccount>, StoreError> {
        sqlx::query_as!(
            MarketAccount,
            "SELECT seller_id, environment, since FROM orderwatch.trendyol_account"
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("reading whose orders these are"))
    }

    /// Makes an account that of this database, unless there is one already.
    pub async fn adopt_market_account(&self, account: &MarketAccount) -> Result<(), StoreError> {
        // The first one stays: what is known of it must not be taken for another one's.
        sqlx::query!(
            "INSERT INTO orderwatch.trendyol_account (seller_id, environment, since)
             VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            account.seller_id,
            account.environment,
            account.since
        )
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(StoreError::doing("writing down whose orders these are"))
    }

    /// Whether the marketplace calls about orders, as it should.
    pub(crate) async fn note_webhook(
        &self,
        calls: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        // The beginning of the silence stays: it says how long orders have come by polling alone.
        sqlx::query!(
            "UPDATE orderwatch.trendyol_account SET webhook_checked_at = $2,
                 webhook_silent_since = CASE WHEN NOT $1 THEN COALESCE(webhook_silent_since, $2) END",
            calls,
            now
        )
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(StoreError::doing("noting whether Trendyol calls"))
    }

    /// Forgets everything that is known of a seller's orders and stock. The warehouse's own tables
    /// stay as they are. False, and nothing happens, when this is not the seller of this database.
    pub(crate) async fn forget_market_account(&self, seller_id: &str) -> Result<bool, StoreError> {
        let doing = StoreError::doing("forgetting an account");
        let mut transaction = self.pool.begin().await.map_err(&doing)?;
        let gone = sqlx::query!(
            "DELETE FROM orderwatch.trendyol_account WHERE seller_id = $1",
            seller_id
        )
        .execute(&mut transaction)
        .await
        .map_err(&doing)?;

        // A mistyped number: forgetting would free units that are reserved.
        if gone.rows_affected() == 0 {
            return Ok(false);
        }

        forget_market(&mut transaction).await?;
        transaction.commit().await.map_err(&doing)?;
        Ok(true)
    }
}

/// Forgets what was read from the marketplace, and what was sent to it.
pub(super) async fn forget_market(transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH a AS (DELETE FROM orderwatch.packages), b AS (DELETE FROM orderwatch.order_places),
              c AS (DELETE FROM orderwatch.feeds), d AS (DELETE FROM orderwatch.stock_sends),
              e AS (DELETE FROM orderwatch.stock_batches), f AS (DELETE FROM orderwatch.stock_items),
              g AS (DELETE FROM orderwatch.picking_outbox), h AS (DELETE FROM orderwatch.claims),
              i AS (DELETE FROM orderwatch.order_delays)
         DELETE FROM orderwatch.order_calls"
    )
    .execute(&mut *transaction)
    .await
    .map(drop)
    .map_err(StoreError::doing("forgetting orders and stock"))
}
