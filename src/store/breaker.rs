//! The circuit breakers of the panels, kept in the database so that all replicas see the same state and one
//! probe is enough for all of them.

use chrono::{DateTime, Utc};

use super::{Store, StoreError};
use crate::{breaker::Reason, order::IntegrationId};

impl Store {
    /// Opens a panel's breaker. False when it is open already.
    pub async fn open_breaker(
        &self,
        panel: IntegrationId,
        reason: Reason,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        // Only where it is closed: of the replicas that see the same failures one opens it, and the cool-down is not
        // extended by the others.
        let opened = sqlx::query!(
            "INSERT INTO orderwatch.panels AS p (integration_id, open_until, opened_at, open_reason)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (integration_id) DO UPDATE
                 SET open_until = $2, opened_at = $3, open_reason = $4
                 WHERE p.open_until IS NULL",
            panel.0,
            until,
            now,
            reason.as_str()
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("opening a breaker"))?;

        Ok(opened.rows_affected() == 1)
    }

    /// Takes the right to probe a panel whose cool-down is over, and begins the next one. False
    /// when another replica has taken it.
    pub(crate) async fn claim_probe(
        &self,
        panel: IntegrationId,
        now: DateTime<Utc>,
        next: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        // The same write starts the next cool-down: if the prober dies, another replica probes after it.
        let claimed = sqlx::query!(
            "UPDATE orderwatch.panels SET open_until = $3
             WHERE integration_id = $1 AND open_until <= $2",
            panel.0,
            now,
            next
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("claiming a probe"))?;
        Ok(claimed.rows_affected() == 1)
    }

    /// Closes a panel's breaker. False when it was closed.
    pub(crate) async fn close_breaker(&self, panel: IntegrationId) -> Result<bool, StoreError> {
        let closed = sqlx::query!(
            "UPDATE orderwatch.panels SET open_until = NULL, opened_at = NULL, open_reason = NULL
             WHERE integration_id = $1 AND open_until IS NOT NULL",
            panel.0
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("closing a breaker"))?;
        Ok(closed.rows_affected() == 1)
    }
}
