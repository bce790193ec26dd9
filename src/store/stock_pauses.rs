//! Whether stock is sent at all. A pause holds for every replica and survives a restart.

use chrono::{DateTime, Utc};

use super::{Person, Store, StoreError};
use crate::{overview::StockPause, stock::second_pusher};

impl Store {
    /// The pause that is in force.
    pub(crate) async fn stock_pause(&self) -> Result<Option<StockPause>, StoreError> {
        sqlx::query_as!(
            StockPause,
            "SELECT who, why, at FROM orderwatch.stock_pauses WHERE resumed_at IS NULL"
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("reading whether stock is sent"))
    }

    /// When sending was last resumed.
    pub(crate) async fn stock_resumed_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        sqlx::query_scalar!("SELECT max(resumed_at) FROM orderwatch.stock_pauses")
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::doing("reading when stock was resumed"))
    }

    /// Sends no stock any more. False when it was paused already: that stays as it was, but a person's pause takes the
    /// place of one of orderwatch's own, which holds back less.
    pub async fn pause_stock(
        &self,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let own = self.stock_pause().await?.filter(StockPause::lets_lower);
        let is_own = second_pusher::has_paused(&person.who, &person.why);
        let weaker = own.filter(|_| !is_own).map(|pause| pause.at);

        // At most one pause is in force: the first person's reason stays.
        let paused = sqlx::query!(
            "WITH paused AS (
                 INSERT INTO orderwatch.stock_pauses (at, who, why) VALUES ($1, $2, $3)
                 ON CONFLICT ((true)) WHERE resumed_at IS NULL DO UPDATE SET
                     at = EXCLUDED.at, who = EXCLUDED.who, why = EXCLUDED.why
                 WHERE stock_pauses.at = $4 AND stock_pauses.who = $5 RETURNING id
             )
             INSERT INTO orderwatch.actions (at, who, what, target, why)
             SELECT $1, $2, 'pause', 'stock', $3 FROM paused",
            now,
            person.who,
            person.why,
            weaker,
            second_pusher::WHO
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("pausing stock"))?;

        Ok(paused.rows_affected() == 1)
    }

    /// Sends stock again. False when it was not paused.
    pub async fn resume_stock(
        &self,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        // It is kept with its end: `stock_resumed_at` is read from it.
        let resumed = sqlx::query!(
            "WITH resumed AS (
                 UPDATE orderwatch.stock_pauses SET resumed_at = $1 WHERE resumed_at IS NULL
                 RETURNING id
             )
             INSERT INTO orderwatch.actions (at, who, what, target, why)
             SELECT $1, $2, 'resume', 'stock', $3 FROM resumed",
            now,
            person.who,
            person.why
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("resuming stock"))?;

        Ok(resumed.rows_affected() == 1)
    }
}
