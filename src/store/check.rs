//! Claims of orders whose panel is to be asked about them. A claim is a lease: whoever holds it asks, and
//! when it expires unanswered another one does.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Store, StoreError, orders};
use crate::order::{IntegrationId, OrderId, Reference, TenantId, Watched};

/// How many orders of one panel may be claimed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub integration: IntegrationId,
    pub tenant: TenantId,
    pub limit: usize,
}

impl Share {
    /// The shares as columns for `unnest`: panel, tenant, limit.
    pub(super) fn columns(shares: &[Self]) -> (Vec<Uuid>, Vec<Uuid>, Vec<i64>) {
        let mut columns = (Vec::new(), Vec::new(), Vec::new());
        for share in shares {
            columns.0.push(share.integration.0);
            columns.1.push(share.tenant.0);
            columns
                .2
                .push(i64::try_from(share.limit).unwrap_or(i64::MAX));
        }
        columns
    }
}

/// An order that was claimed for a question to its panel.
#[derive(Clone, Debug)]
pub struct DueOrder {
    pub order: OrderId,
    pub tenant: TenantId,
    pub integration: IntegrationId,
    pub reference: Reference,
    pub watched: Watched,
    pub due_at: Option<DateTime<Utc>>,
    /// `product_packages.id` of an order that we sent.
    pub package: Option<Uuid>,
    /// When the panel last said that it was still working on it.
    pub waited_at: Option<DateTime<Utc>>,
    /// Digest of the last answer without news.
    pub answer: Option<i64>,
}

impl Store {
    /// Claims due orders, oldest first, at most `share.limit` per panel. An order whose lease ran
    /// out while it was being sent comes back as unconfirmed: it is asked about, never resent.
    ///
    /// A row that cannot be understood is an error in the list, and no reason to leave the others.
    pub async fn claim_due(
        &self,
        shares: &[Share],
        token: Uuid,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
    ) -> Result<Vec<Result<DueOrder, StoreError>>, StoreError> {
        let (ids, _, limits) = Share::columns(shares);
        let rows = sqlx::query_file_as!(
            orders::Row,
            "src/store/sql/claim_due.sql",
            &ids,
            &limits,
            token,
            now,
            lease_until
        )
        // By the index: a claim must cost the same however many orders are waiting.
        .fetch_all(self.pool.by_index())
        .await
        .map_err(StoreError::doing("claiming due orders"))?;

        Ok(rows.into_iter().map(DueOrder::try_from).collect())
    }

    /// When the next order of these panels is to be asked about.
    pub async fn next_check(
        &self,
        panels: &[IntegrationId],
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let ids: Vec<Uuid> = panels.iter().map(|panel| panel.0).collect();

        // Panel by panel: the first of each is one step into the index, the minimum over all would be a scan.
        sqlx::query_scalar!(
            r#"SELECT min(d.due_at)
               FROM unnest($1::uuid[]) AS p (id)
               CROSS JOIN LATERAL (
                   SELECT t.due_at FROM orderwatch.orders t
                   WHERE t.integration_id = p.id AND t.due_at IS NOT NULL
                     AND t.stage IN ('dispatching', 'submitted', 'unconfirmed')
                   ORDER BY t.due_at LIMIT 1) d"#,
            &ids
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking for the next check"))
    }

    /// When the next queued order of these panels is to be sent.
    pub async fn next_send(
        &self,
        panels: &[IntegrationId],
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let ids: Vec<Uuid> = panels.iter().map(|panel| panel.0).collect();

        // One past its time limit is left to the sweep; counted here it would keep the dispatcher awake for nothing.
        sqlx::query_scalar!(
            r#"SELECT min(d.due_at)
               FROM unnest($1::uuid[]) AS p (id)
               CROSS JOIN LATERAL (
                   SELECT t.due_at FROM orderwatch.orders t
                   WHERE t.integration_id = p.id AND t.due_at IS NOT NULL AND t.stage = 'queued'
                     AND (t.give_up_at IS NULL OR t.give_up_at > $2)
                   ORDER BY t.due_at LIMIT 1) d"#,
            &ids,
            now
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking for the next order to send"))
    }
}

impl TryFrom<orders::Row> for DueOrder {
    type Error = StoreError;

    fn try_from(row: orders::Row) -> Result<Self, StoreError> {
        let tracked = super::TrackedOrder::try_from(row)?;

        // A held order may lack both, but held ones are not claimed.
        let missing = |column| orders::inconsistent(column, tracked.order.0, "NULL");
        Ok(Self {
            integration: tracked
                .integration
                .ok_or_else(|| missing("integration_id"))?,
            reference: tracked
                .reference
                .clone()
                .ok_or_else(|| missing("reference"))?,
            order: tracked.order,
            tenant: tracked.tenant,
            watched: tracked.watched,
            due_at: tracked.due_at,
            package: tracked.package,
            waited_at: tracked.waited_at,
            answer: tracked.answer,
        })
    }
}
