//! What may be spent: money out at each panel, summed from what it charged.
//!
//! Purchases whose charge is not known yet count with their price in the panel's list.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Claim, Store, StoreError, Transaction};
use crate::{
    order::{IntegrationId, OrderId},
    provider::kind::Kind,
};

/// A limit of what may be spent at one panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendingLimit {
    /// In TRY.
    pub(crate) amount: Decimal,
    /// Purchases claimed since then count.
    pub(crate) since: DateTime<Utc>,
}

/// Purchases of some time, and of how many of them it is not known what the customer paid in TRY.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Priced {
    pub(crate) purchases: i64,
    pub(crate) unknown: i64,
}

impl Store {
    /// What was bought since then, by whether its price is known.
    pub(crate) async fn priced(&self, since: DateTime<Utc>) -> Result<Priced, StoreError> {
        // Panel by panel, as the index has them. What the shop sent itself was not priced by us.
        sqlx::query_as!(
            Priced,
            r#"SELECT count(*) AS "purchases!", count(*) FILTER (WHERE p.sold_for IS NULL) AS "unknown!"
               FROM public.integrations i
               JOIN orderwatch.purchases p ON p.integration_id = i.id AND p.claimed_at > $1
               JOIN orderwatch.orders t ON t.order_id = p.order_id AND t.dispatched_at IS NOT NULL
               WHERE i.provider = ANY($2)"#,
            since,
            Kind::names()
        )
        .fetch_one(self.pool.by_index())
        .await
        .map_err(StoreError::doing("counting purchases whose price is not known"))
    }
}

impl Store {
    /// What was spent since then, by panel.
    pub(crate) async fn spent(
        &self,
        panels: &[IntegrationId],
        since: DateTime<Utc>,
    ) -> Result<HashMap<IntegrationId, Decimal>, StoreError> {
        let doing = StoreError::doing("summing up what was spent");
        let panels: Vec<Uuid> = panels.iter().map(|panel| panel.0).collect();
        let mut transaction = self.by_index().await.map_err(&doing)?;
        let spent = spent(&mut transaction, &panels, &[], since).await?;
        transaction.commit().await.map_err(&doing)?;
        Ok(spent.at)
    }
}

/// Claims held against the limit.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    pub(super) claims: Vec<Claim>,
    pub(super) over: Vec<OrderId>,
    pub(super) near: Vec<(IntegrationId, Decimal)>,
}

/// Admits claims as far as the limit goes. The panels stay locked until the transaction ends, so
/// that replicas spend one after the other.
pub(super) async fn admit(
    transaction: &mut Transaction<'_>,
    claims: &[Claim],
    limit: SpendingLimit,
    now: DateTime<Utc>,
) -> Result<Admitted, StoreError> {
    let mut panels: Vec<Uuid> = claims.iter().map(|claim| claim.integration.0).collect();
    // In one order, so that two replicas do not deadlock.
    panels.sort_unstable();
    panels.dedup();
    lock(transaction, &panels).await?;
    let spent = spent(transaction, &panels, claims, limit.since).await?;
    let (mut spent, before) = (spent.at, spent.on);
    let mut admitted = Admitted::default();

    for claim in claims {
        let all = spent.entry(claim.integration).or_default();
        // What is sent once more under its name is bought once.
        let own = before.get(&claim.order).copied().unwrap_or_default();
        let others = all.saturating_sub(own);
        // A purchase without a list price counts once the panel has charged it.
        let with = others.saturating_add(claim.expected.unwrap_or_default());
        // The second condition stops purchases of an unknown price, too.
        if with > limit.amount || others >= limit.amount {
            admitted.over.push(claim.order);
        } else {
            *all = with;
            admitted.claims.push(claim.clone());
        }
    }

    // Four fifths: people are warned before anything is held.
    let near = limit.amount.saturating_mul(Decimal::new(8, 1));
    spent.retain(|_, spent| *spent >= near);
    let warn = warn(
        transaction,
        spent.keys().copied().collect(),
        limit.since,
        now,
    )
    .await?;

    admitted.near = warn
        .into_iter()
        .filter_map(|panel| Some((panel, *spent.get(&panel)?)))
        .collect();

    Ok(admitted)
}

async fn lock(transaction: &mut Transaction<'_>, panels: &[Uuid]) -> Result<(), StoreError> {
    let doing = StoreError::doing("locking the spending of a panel");
    // A panel without a row could not be locked.
    sqlx::query!(
        "INSERT INTO orderwatch.panels (integration_id) SELECT * FROM unnest($1::uuid[])
         ON CONFLICT DO NOTHING",
        panels
    )
    .execute(&mut *transaction)
    .await
    .map_err(&doing)?;

    sqlx::query!(
        "SELECT integration_id FROM orderwatch.panels
         WHERE integration_id = ANY($1) ORDER BY integration_id FOR UPDATE",
        panels
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(&doing)?;

    Ok(())
}

/// What was spent, and what of it was for orders that are claimed under the same name again.
#[derive(Debug, Default)]
struct Spent {
    at: HashMap<IntegrationId, Decimal>,
    on: HashMap<OrderId, Decimal>,
}

async fn spent(
    transaction: &mut Transaction<'_>,
    panels: &[Uuid],
    claims: &[Claim],
    since: DateTime<Utc>,
) -> Result<Spent, StoreError> {
    let names: Vec<&str> = claims
        .iter()
        .map(|claim| claim.reference.as_str())
        .collect();
    let orders: Vec<Uuid> = claims.iter().map(|claim| claim.order.0).collect();
    // What may have been bought counts; only what surely was not bought does not.
    let rows = sqlx::query!(
        r#"SELECT integration_id, sum(COALESCE(cost, expected, 0)) AS "spent!",
                  CASE WHEN reference = ANY($3) AND order_id = ANY($4) THEN order_id END AS claimed
           FROM orderwatch.purchases
           WHERE integration_id = ANY($1) AND claimed_at > $2
             AND (cost IS NOT NULL
                  OR COALESCE(outcome, '') NOT IN ('refused', 'fell_back', 'not_sent'))
           GROUP BY integration_id, claimed"#,
        panels,
        since,
        &names as &[&str],
        &orders
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("summing up what was spent"))?;

    let mut spent = Spent::default();
    for row in rows {
        let at = spent
            .at
            .entry(IntegrationId(row.integration_id))
            .or_default();
        *at = at.saturating_add(row.spent);
        if let Some(order) = row.claimed {
            spent.on.insert(OrderId(order), row.spent);
        }
    }
    Ok(spent)
}

/// Of these panels, those that were not warned about since then; they are from now on.
async fn warn(
    transaction: &mut Transaction<'_>,
    panels: Vec<IntegrationId>,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<IntegrationId>, StoreError> {
    let panels: Vec<Uuid> = panels.into_iter().map(|panel| panel.0).collect();
    // The update decides who warns, so it happens once however many replicas come past the mark.
    let warned = sqlx::query_scalar!(
        "UPDATE orderwatch.panels SET limit_warned_at = $3
         WHERE integration_id = ANY($1)
           AND (limit_warned_at IS NULL OR limit_warned_at <= $2)
         RETURNING integration_id",
        &panels,
        since,
        now
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("noting a warning about spending"))?;

    Ok(warned.into_iter().map(IntegrationId).collect())
}
