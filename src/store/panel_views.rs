//! The panels as people see them: rows of the shop and what the replicas agree on.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::{EVERYWHERE, StoreError, Transaction};
use crate::{
    breaker::Reason,
    order::{IntegrationId, TenantId},
    overview::{Bought, BreakerView, PanelOrders, PanelView, SecondView},
    provider::kind::Kind,
};

/// `integrations."baseUrl"`.
pub(super) type Addresses = HashMap<IntegrationId, SecretString>;

/// The panels by name, without figures about their orders, and where they are.
pub(super) async fn panels(
    transaction: &mut Transaction<'_>,
) -> Result<(Vec<PanelView>, Addresses), StoreError> {
    // `enabled` is absent in older databases: read through JSON it is NULL there.
    let rows = sqlx::query!(
        r#"SELECT i.id, i.name, i."tenantId" AS tenant,
                  COALESCE((to_jsonb(i) ->> 'enabled')::boolean, true) AS "enabled!",
                  EXISTS (SELECT FROM orderwatch.brakes b WHERE b.scope IN (i.id, $2)) AS "paused!",
                  p.open_until AS "open_until?", p.opened_at AS "opened_at?",
                  p.open_reason AS "open_reason?", p.balance AS "balance?",
                  p.balance_at AS "balance_at?", i."baseUrl" AS base_url
           FROM public.integrations i
           LEFT JOIN orderwatch.panels p ON p.integration_id = i.id
           WHERE i.provider = ANY($1)
           ORDER BY i.name, i.id"#,
        Kind::names(),
        EVERYWHERE
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("reading the panels"))?;

    let mut addresses = Addresses::new();
    // The figures about its orders are filled in by who counts them.
    let views = rows.into_iter().map(|row| {
        let id = IntegrationId(row.id);
        addresses.extend(row.base_url.map(|url| (id, url.into())));
        Ok(PanelView {
            id,
            name: row.name,
            tenant: TenantId(row.tenant),
            enabled: row.enabled,
            paused: row.paused,
            plain_http: false,
            breaker: breaker(id, row.open_until, row.opened_at, row.open_reason)?,
            balance: row.balance,
            balance_at: row.balance_at,
            bought_today: Bought::default(),
            bought_24h: Bought::default(),
            limit: None,
            second: SecondView::default(),
            orders: PanelOrders::default(),
        })
    });

    let views: Vec<PanelView> = views.collect::<Result<_, StoreError>>()?;
    Ok((views, addresses))
}

fn breaker(
    panel: IntegrationId,
    until: Option<DateTime<Utc>>,
    since: Option<DateTime<Utc>>,
    reason: Option<String>,
) -> Result<Option<BreakerView>, StoreError> {
    // The three are written and cleared together.
    let (Some(until), Some(since), Some(reason)) = (until, since, reason) else {
        return Ok(None);
    };

    let reason = Reason::parse(&reason).ok_or_else(|| StoreError::Inconsistent {
        table: "orderwatch.panels",
        column: "open_reason",
        row: panel.to_string(),
        value: reason,
    })?;

    Ok(Some(BreakerView {
        reason,
        since,
        until,
    }))
}
