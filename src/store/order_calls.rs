//! Orders that the marketplace called about: written down before the call is answered, deleted when
//! the order was read.

use chrono::{DateTime, Utc};

use super::{Store, StoreError};

/// An order that is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderCall {
    /// Its number, as the call named it.
    pub(crate) order_number: String,
    /// When it was last called about.
    pub(crate) called_at: DateTime<Utc>,
    /// Questions since then that brought nothing.
    pub(crate) tries: i32,
}

impl Store {
    /// Writes down that something happened to these orders, and wakes whoever reads them, in this
    /// process or another one. They are due at once, also where an earlier call was put off. Where this fails,
    /// the call must not be acknowledged: it has to come again.
    pub async fn note_order_calls(
        &self,
        numbers: &[String],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        // A full queue of notices would fail the commit; whoever reads them also looks by itself.
        // The tries start anew with each call: something new has happened.
        sqlx::query!(
            r#"WITH noted AS (
                 INSERT INTO orderwatch.order_calls (order_number, called_at, due_at)
                 -- In one order, so that two calls about the same orders do not wait for each other.
                 SELECT DISTINCT n, $2::timestamptz, $2 FROM unnest($1::text[]) AS n ORDER BY n
                 ON CONFLICT (order_number) DO UPDATE
                 SET called_at = EXCLUDED.called_at, due_at = EXCLUDED.due_at, tries = 0
             )
             SELECT CASE WHEN pg_notification_queue_usage() < 0.5
                    THEN pg_notify('orderwatch_calls', '') END IS NULL AS "quiet!""#,
            numbers,
            now
        )
        .fetch_one(&self.pool)
        .await
        .map(drop)
        .map_err(StoreError::doing("writing down which orders were called about"))
    }

    /// The orders that are to be read now, those that wait longest first.
    pub(crate) async fn due_order_calls(
        &self,
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<OrderCall>, StoreError> {
        sqlx::query_as!(
            OrderCall,
            "SELECT order_number, called_at, tries FROM orderwatch.order_calls
             WHERE due_at <= $1 ORDER BY due_at, order_number LIMIT $2",
            now,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading which orders were called about"))
    }

    /// An order needs no more questions, unless it was called about meanwhile.
    pub(crate) async fn end_order_call(&self, call: &OrderCall) -> Result<(), StoreError> {
        // The time is compared, since a call that came while the order was read is about something newer.
        sqlx::query!(
            "DELETE FROM orderwatch.order_calls WHERE order_number = $1 AND called_at = $2",
            call.order_number,
            call.called_at
        )
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(StoreError::doing("noting that an order was read"))
    }

    /// A question about an order brought nothing; it is asked again, unless it was called about meanwhile.
    pub(crate) async fn put_off_order_call(
        &self,
        call: &OrderCall,
        until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        // The time is compared here, too: one that was called about meanwhile is due already.
        sqlx::query!(
            "UPDATE orderwatch.order_calls SET due_at = $3, tries = tries + 1
             WHERE order_number = $1 AND called_at = $2",
            call.order_number,
            call.called_at,
            until
        )
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(StoreError::doing("putting off the question about an order"))
    }

    /// Forgets the calls before a time; returns how many there were.
    pub(crate) async fn end_order_calls_before(
        &self,
        time: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        sqlx::query!(
            "DELETE FROM orderwatch.order_calls WHERE called_at < $1",
            time
        )
        .execute(&self.pool)
        .await
        .map(|deleted| deleted.rows_affected())
        .map_err(StoreError::doing("forgetting old calls about orders"))
    }
}
