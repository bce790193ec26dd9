//! The panels as people see them: rows of the shop and what the replicas agree on.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{EVERYWHERE, StoreError, ZNET};
use crate::{
    breaker::Reason,
    order::{IntegrationId, TenantId},
    overview::{Bought, BreakerView, PanelOrders, PanelView, SecondView},
};

struct Row {
    id: Uuid,
    name: String,
    tenant: Uuid,
    enabled: bool,
    paused: bool,
    open_until: Option<DateTime<Utc>>,
    opened_at: Option<DateTime<Utc>>,
    open_reason: Option<String>,
    balance: Option<Decimal>,
    balance_at: Option<DateTime<Utc>>,
}

/// The panels by name, without figures about their orders.
pub(super) async fn panels(
    transaction: &mut Transaction<'_, Postgres>,
) -> Result<Vec<PanelView>, StoreError> {
    // `enabled` is absent in older databases: read through JSON it is NULL there.
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT i.id, i.name, i."tenantId" AS tenant,
                  COALESCE((to_jsonb(i) ->> 'enabled')::boolean, true) AS "enabled!",
                  EXISTS (SELECT FROM orderwatch.brakes b WHERE b.scope IN (i.id, $2)) AS "paused!",
                  p.open_until AS "open_until?", p.opened_at AS "opened_at?",
                  p.open_reason AS "open_reason?", p.balance AS "balance?",
                  p.balance_at AS "balance_at?"
           FROM public.integrations i
           LEFT JOIN orderwatch.panels p ON p.integration_id = i.id
           WHERE i.provider = $1
           ORDER BY i.name, i.id"#,
        ZNET,
        EVERYWHERE
    )
    .fetch_all(&mut **transaction)
    .await
    .map_err(StoreError::doing("reading the panels"))?;
    rows.into_iter().map(PanelView::try_from).collect()
}

impl TryFrom<Row> for PanelView {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let breaker = match (row.open_until, row.opened_at, row.open_reason) {
            (Some(until), Some(since), Some(reason)) => Some(BreakerView {
                reason: Reason::parse(&reason).ok_or_else(|| StoreError::Inconsistent {
                    table: "orderwatch.panels",
                    column: "open_reason",
                    row: row.id.to_string(),
                    value: reason,
                })?,
                since,
                until,
            }),
            _ => None,
        };
        Ok(Self {
            id: IntegrationId(row.id),
            name: row.name,
            tenant: TenantId(row.tenant),
            enabled: row.enabled,
            paused: row.paused,
            breaker,
            balance: row.balance,
            balance_at: row.balance_at,
            bought_today: Bought::default(),
            bought_24h: Bought::default(),
            limit: None,
            second: SecondView::default(),
            orders: PanelOrders::default(),
        })
    }
}
