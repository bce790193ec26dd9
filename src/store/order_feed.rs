//! How far the orders of the marketplace were read: the watermark moves after a whole window only.
//!
//! What must stay true: stock is raised by no view of the orders in which a sale is missing. So `good_at` stays behind
//! `read_until` from a record that cannot be read on, until a pass over a day finds none.

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
    /// Up to here every record could be read, too.
    pub(crate) good_at: Option<DateTime<Utc>>,
}

impl OrderFeed {
    /// Whether records came that could not be read.
    #[must_use]
    pub(crate) fn lacks_sales(&self) -> bool {
        self.read_until > self.good_at
    }
}

/// What a window of the orders was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowRead {
    pub(crate) until: DateTime<Utc>,
    /// Whether it ends a pass over a day.
    pub(crate) wide: bool,
    /// Whether every record of the pass could be read so far.
    pub(crate) readable: bool,
}

impl Store {
    pub(crate) async fn order_feed(&self) -> Result<OrderFeed, StoreError> {
        let row = sqlx::query_as!(
            OrderFeed,
            "SELECT read_until, wide_at, good_at FROM orderwatch.feeds WHERE feed = $1",
            ORDER_FEED
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("reading how far the orders were read"))?;
        Ok(row.unwrap_or_default())
    }

    /// A window was read whole. Nothing goes back but from beyond `now`: then the clock was set back.
    pub(crate) async fn orders_were_read(
        &self,
        window: WindowRead,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        // `GREATEST`, since two passes may end in another order than they began. What could not be read is shown by no
        // later window but those of a day, so only these end that.
        sqlx::query!(
            "INSERT INTO orderwatch.feeds AS f (feed, read_until, good_at, wide_at)
             VALUES ($1, $2::timestamptz, CASE WHEN $5 THEN $2 END, CASE WHEN $3 THEN $2 END)
             ON CONFLICT (feed) DO UPDATE SET
                 read_until = GREATEST(CASE WHEN f.read_until <= $4 THEN f.read_until END, EXCLUDED.read_until),
                 good_at = CASE WHEN $3 OR f.good_at >= LEAST(f.read_until, $4)
                     THEN GREATEST(CASE WHEN f.good_at <= $4 OR NOT $5 THEN f.good_at END, EXCLUDED.good_at)
                     ELSE f.good_at END,
                 wide_at = GREATEST(CASE WHEN f.wide_at <= $4 THEN f.wide_at END, EXCLUDED.wide_at)",
            ORDER_FEED,
            window.until,
            window.wide,
            now,
            window.readable
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("noting how far the orders were read"))?;

        Ok(())
    }
}
