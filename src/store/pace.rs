//! The pace of a panel over all replicas: who may send the next request, and when.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Store, StoreError};
use crate::order::IntegrationId;

/// Turns further ahead than this many were not reserved by this clock: it was set back since.
const MOST_AHEAD: f64 = 100.0;
/// The same, for a fast pace.
const AHEAD: Duration = Duration::from_mins(5);

/// How far ahead the next free turn may be.
pub(crate) fn horizon(period: Duration) -> Duration {
    let turns = Duration::try_from_secs_f64(period.as_secs_f64() * MOST_AHEAD);
    turns.unwrap_or(Duration::MAX).max(AHEAD)
}

impl Store {
    /// Reserves the panel's next `requests` turns, `period` apart. Returns the time of the first.
    pub(crate) async fn reserve_turns(
        &self,
        panel: IntegrationId,
        requests: u32,
        period: Duration,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, StoreError> {
        let takes = period.as_secs_f64() * f64::from(requests);

        // `GREATEST`: turns that nobody used are not saved up for a burst.
        let first = sqlx::query_scalar!(
            r#"INSERT INTO orderwatch.paces AS p (integration_id, next_at)
               VALUES ($1, $2::timestamptz + make_interval(secs => $3))
               ON CONFLICT (integration_id) DO UPDATE
                   SET next_at = CASE WHEN p.next_at > $2 + make_interval(secs => $4) THEN $2
                                      ELSE GREATEST(p.next_at, $2) END + make_interval(secs => $3)
               RETURNING next_at - make_interval(secs => $3) AS "first!""#,
            panel.0,
            now,
            takes,
            horizon(period).as_secs_f64()
        );

        first
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::doing("reserving a turn at a panel"))
    }
}
