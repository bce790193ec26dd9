//! The daemons that run: each writes a heartbeat, so that people see replicas that are gone or stuck.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Store, StoreError};
use crate::overview::{Daemon, DaemonView, GONE_AFTER, buying_name, buying_named};

/// Rows of daemons that are gone are deleted after this time.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(7);

impl Store {
    /// A daemon's heartbeat.
    pub(crate) async fn daemon_seen(
        &self,
        daemon: &Daemon,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        // Old rows go with a heartbeat, so that no job of its own has to forget them.
        sqlx::query!(
            "WITH forgotten AS (
                 DELETE FROM orderwatch.daemons WHERE seen_at < $8 AND id <> $1
             )
             INSERT INTO orderwatch.daemons
                 (id, version, started_at, seen_at, buying, watching, stuck)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (id) DO UPDATE
             SET seen_at = $4, stopped_at = NULL, buying = $5, watching = $6, stuck = $7",
            daemon.id,
            daemon.version,
            daemon.started_at,
            now,
            buying_name(daemon.buying),
            daemon.watching,
            &daemon.stuck,
            now - FORGOTTEN_AFTER
        )
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(StoreError::doing("writing the heartbeat"))
    }

    /// A daemon has stopped in order.
    pub(crate) async fn daemon_stopped(
        &self,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE orderwatch.daemons SET stopped_at = $2 WHERE id = $1",
            id,
            now
        )
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(StoreError::doing("writing that the daemon has stopped"))
    }

    /// The daemons that run or have run lately, the one seen last first.
    pub(crate) async fn daemons(&self, now: DateTime<Utc>) -> Result<Vec<DaemonView>, StoreError> {
        let rows = sqlx::query!(
            "SELECT id, version, started_at, seen_at, stopped_at, buying, watching, stuck
             FROM orderwatch.daemons ORDER BY stopped_at IS NOT NULL, seen_at DESC, id"
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the daemons"))?;

        let views = rows.into_iter().map(|row| {
            let buying = buying_named(&row.buying).ok_or_else(|| StoreError::Inconsistent {
                table: "orderwatch.daemons",
                column: "buying",
                row: row.id.to_string(),
                value: row.buying.clone(),
            })?;
            Ok(DaemonView {
                alive: row.stopped_at.is_none() && now <= row.seen_at + GONE_AFTER,
                buying,
                id: row.id,
                version: row.version,
                started_at: row.started_at,
                seen_at: row.seen_at,
                stopped_at: row.stopped_at,
                watching: row.watching,
                stuck: row.stuck,
            })
        });

        views.collect()
    }
}
