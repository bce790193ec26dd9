//! The pace of a panel over all replicas: who may send the next request, and when.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Store, StoreError};
use crate::order::IntegrationId;

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
        sqlx::query_scalar!(
            r#"INSERT INTO orderwatch.paces AS p (integration_id, next_at)
               VALUES ($1, $2::timestamptz + make_interval(secs => $3))
               ON CONFLICT (integration_id) DO UPDATE
                   SET next_at = GREATEST(p.next_at, $2) + make_interval(secs => $3)
               RETURNING next_at - make_interval(secs => $3) AS "first!""#,
            panel.0,
            now,
            takes
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("reserving a turn at a panel"))
    }
}
