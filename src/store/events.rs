//! The timeline of an order: every step is an event, and what was decided can be read from them alone.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::{
    order::{EventKind, OrderId},
    overview::by_name,
};

/// A step to be written down.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) order: OrderId,
    pub(crate) kind: EventKind,
    /// Facts, without secrets.
    pub(crate) detail: Value,
}

/// A step as it was written down.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StoredEvent {
    /// Its number; ascends with time.
    #[serde(serialize_with = "by_name")]
    #[schema(value_type = String)]
    pub(crate) id: i64,
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// What happened, as [`EventKind::as_str`]; a later version may have written others.
    pub kind: String,
    pub detail: Value,
}

impl Store {
    /// The steps of an order after one of them, oldest first.
    pub(crate) async fn events_after(
        &self,
        order: OrderId,
        after: Option<i64>,
        limit: i64,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        // By id, not by time: the steps of one statement share their time.
        sqlx::query_as!(
            StoredEvent,
            "SELECT id, at, kind, detail FROM orderwatch.events
             WHERE order_id = $1 AND ($2::bigint IS NULL OR id > $2) ORDER BY id LIMIT $3",
            order.0,
            after,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading a page of events"))
    }

    /// The steps of an order before one of them, newest first.
    pub(crate) async fn events_before(
        &self,
        order: OrderId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        sqlx::query_as!(
            StoredEvent,
            "SELECT id, at, kind, detail FROM orderwatch.events
             WHERE order_id = $1 AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
            order.0,
            before,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading events"))
    }

    /// Writes down steps that change nothing else; all others are written with the change.
    pub(crate) async fn append_events(
        &self,
        events: &[Event],
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let orders: Vec<Uuid> = events.iter().map(|event| event.order.0).collect();
        let kinds: Vec<String> = events.iter().map(|e| e.kind.as_str().to_owned()).collect();
        let details: Vec<Value> = events.iter().map(|event| event.detail.clone()).collect();
        sqlx::query!(
            "INSERT INTO orderwatch.events (order_id, at, kind, detail)
             SELECT i.order_id, $4, i.kind, i.detail
             FROM unnest($1::uuid[], $2::text[], $3::jsonb[]) AS i (order_id, kind, detail)",
            &orders,
            &kinds,
            &details,
            at
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("writing events"))?;

        Ok(())
    }

    /// All steps of an order, oldest first.
    pub async fn events(&self, order: OrderId) -> Result<Vec<StoredEvent>, StoreError> {
        self.events_after(order, None, i64::MAX).await
    }
}
