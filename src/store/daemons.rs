//! Who is at work: each daemon says again and again that it is there.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Store, StoreError};
use crate::overview::{Daemon, DaemonView, GONE_AFTER, buying_name, buying_named};

/// Rows of daemons that are gone are of no use to anybody after this time.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(7);

struct Row {
    id: Uuid,
    version: String,
    started_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
    stopped_at: Option<DateTime<Utc>>,
    buying: String,
    watching: bool,
    stuck: Vec<String>,
}

impl Store {
    /// A daemon says that it is there, and how it is.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn daemon_seen(&self, daemon: &Daemon, now: DateTime<Utc>) -> Result<(), StoreError> {
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
        .map_err(StoreError::doing("saying that the daemon is there"))
    }

    /// A daemon has ended properly.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn daemon_stopped(&self, id: Uuid, now: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE orderwatch.daemons SET stopped_at = $2 WHERE id = $1",
            id,
            now
        )
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(StoreError::doing("saying that the daemon has ended"))
    }

    /// The daemons that run or have run lately, the one seen last first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn daemons(&self, now: DateTime<Utc>) -> Result<Vec<DaemonView>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            "SELECT id, version, started_at, seen_at, stopped_at, buying, watching, stuck
             FROM orderwatch.daemons ORDER BY stopped_at IS NOT NULL, seen_at DESC, id"
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading who is at work"))?;
        rows.into_iter().map(|row| row.view(now)).collect()
    }
}

impl Row {
    fn view(self, now: DateTime<Utc>) -> Result<DaemonView, StoreError> {
        let patience = TimeDelta::from_std(GONE_AFTER).unwrap_or_default();
        Ok(DaemonView {
            alive: self.stopped_at.is_none() && now - self.seen_at <= patience,
            buying: buying_named(&self.buying).ok_or_else(|| StoreError::Inconsistent {
                table: "orderwatch.daemons",
                column: "buying",
                row: self.id.to_string(),
                value: self.buying.clone(),
            })?,
            id: self.id,
            version: self.version,
            started_at: self.started_at,
            seen_at: self.seen_at,
            stopped_at: self.stopped_at,
            watching: self.watching,
            stuck: self.stuck,
        })
    }
}
