//! How far each feed of the marketplace was read: the watermark moves after a whole pass only.

use chrono::{DateTime, Utc};

use super::{Store, StoreError};

/// How far a feed was read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Feed {
    /// Everything that changed before is known.
    pub read_until: Option<DateTime<Utc>>,
    /// When a wide pass was last read whole.
    pub wide_at: Option<DateTime<Utc>>,
    /// When a pass was last read whole.
    pub good_at: Option<DateTime<Utc>>,
}

impl Store {
    /// How far a feed was read.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn feed(&self, feed: &str) -> Result<Feed, StoreError> {
        let row = sqlx::query_as!(
            Feed,
            "SELECT read_until, wide_at, good_at FROM orderwatch.feeds WHERE feed = $1",
            feed
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("reading how far a feed was read"))?;
        Ok(row.unwrap_or_default())
    }

    /// A feed was read whole, up to a time. It never goes back.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn feed_was_read(
        &self,
        feed: &str,
        until: DateTime<Utc>,
        wide: bool,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO orderwatch.feeds AS f (feed, read_until, good_at, wide_at)
             VALUES ($1, $2::timestamptz, $2, CASE WHEN $3 THEN $2 END)
             ON CONFLICT (feed) DO UPDATE SET
                 read_until = GREATEST(f.read_until, EXCLUDED.read_until),
                 good_at = GREATEST(f.good_at, EXCLUDED.good_at),
                 wide_at = GREATEST(f.wide_at, EXCLUDED.wide_at)",
            feed,
            until,
            wide
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("noting how far a feed was read"))?;
        Ok(())
    }
}
