//! How far the orders of the marketplace were read: the watermark moves after a whole window only.

use chrono::{DateTime, Utc};

use super::{Store, StoreError};

/// Its row of `orderwatch.feeds`.
pub(crate) const ORDER_FEED: &str = "trendyol orders";

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OrderFeed {
    /// Everything that changed before is known.
    pub(crate) read_until: Option<DateTime<Utc>>,
    /// When a wide pass was last read whole.
    pub(crate) wide_at: Option<DateTime<Utc>>,
}

impl Store {
    pub(crate) async fn order_feed(&self) -> Result<OrderFeed, StoreError> {
        let row = sqlx::query_as!(
            OrderFeed,
            "SELECT read_until, wide_at FROM orderwatch.feeds WHERE feed = $1",
            ORDER_FEED
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("reading how far the orders were read"))?;
        Ok(row.unwrap_or_default())
    }

    /// The orders were read whole, up to a time. It goes back only from beyond `now`: then the clock was set back.
    pub(crate) async fn orders_were_read(
        &self,
        until: DateTime<Utc>,
        wide: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        // `GREATEST`, since two passes may end in another order than they began.
        sqlx::query!(
            "INSERT INTO orderwatch.feeds AS f (feed, read_until, good_at, wide_at)
             VALUES ($1, $2::timestamptz, $2, CASE WHEN $3 THEN $2 END)
             ON CONFLICT (feed) DO UPDATE SET
                 read_until = GREATEST(CASE WHEN f.read_until <= $4 THEN f.read_until END, EXCLUDED.read_until),
                 good_at = GREATEST(CASE WHEN f.good_at <= $4 THEN f.good_at END, EXCLUDED.good_at),
                 wide_at = GREATEST(CASE WHEN f.wide_at <= $4 THEN f.wide_at END, EXCLUDED.wide_at)",
            ORDER_FEED,
            until,
            wide,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("noting how far the orders were read"))?;

        Ok(())
    }
}
