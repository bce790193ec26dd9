//! Evidence of somebody else who buys: rows of ours that were written over, and money that left an
//! account without us.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{Store, StoreError, Transaction};
use crate::{
    order::{IntegrationId, OrderId},
    provider::kind::Kind,
};

/// Who pauses buying when a second dispatcher is found.
pub(crate) const SELF: &str = "orderwatch";
/// The newest purchases of a panel that are compared with the shop's rows in one look.
const NEWEST: i64 = 200;

/// Which of our orders are compared with the shop's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    /// The newest purchases: the shop writes over them within seconds.
    Newest {
        /// Purchases claimed before are left to the sweep.
        since: DateTime<Utc>,
    },
    /// Every order that is open.
    Open,
}

/// An order of ours that somebody else wrote over.
#[derive(Clone, Debug)]
pub(crate) struct Overwritten {
    pub(crate) order: OrderId,
    /// Where orderwatch bought it.
    pub(crate) integration: IntegrationId,
    /// Our name for it there.
    pub(crate) reference: String,
    /// `provider_referans` as it was found.
    pub(crate) found_reference: String,
    /// `"providerId"` as it was found.
    pub(crate) found_provider: String,
    /// Whether this pauses its panel: nobody has resumed buying there since it was sent.
    pub(crate) pauses: bool,
}

/// What is known of a second dispatcher at one panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// Orders written over that were sent since a person last resumed buying.
    pub(crate) orders: i64,
    /// Those from before.
    pub(crate) known: i64,
    /// When the first of the former was noticed.
    pub(crate) since: Option<DateTime<Utc>>,
    /// TRY that left the account without us.
    pub(crate) unexplained: Decimal,
}

impl Store {
    /// Finds orders of ours whose row names another purchase by now, writes them down, and pauses
    /// their panels if `pause`. Returns those that are new; each is found once.
    ///
    /// An empty reference or panel is no evidence: the shop's own code clears `"providerId"`
    /// without sending anything. Neither is a row whose order has ended without a purchase, or is
    /// held: those are for staff to send another way.
    pub(crate) async fn find_overwritten(
        &self,
        scan: Scan,
        pause: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Overwritten>, StoreError> {
        // By NULL the statement takes every open order.
        let since = match scan {
            Scan::Newest { since } => Some(since),
            Scan::Open => None,
        };

        let rows = sqlx::query_file!(
            "src/store/sql/find_overwritten.sql",
            now,
            since,
            pause,
            NEWEST,
            Kind::names(),
            SELF
        )
        .fetch_all(self.pool.by_index())
        .await
        .map_err(StoreError::doing("comparing orders with the shop's rows"))?;

        Ok(rows
            .into_iter()
            .map(|row| Overwritten {
                order: OrderId(row.order_id),
                integration: IntegrationId(row.integration_id),
                reference: row.reference,
                found_reference: row.found_reference,
                found_provider: row.found_provider,
                pauses: row.pauses,
            })
            .collect())
    }

    /// What is known of second dispatchers since then, by panel.
    pub(crate) async fn second_dispatchers(
        &self,
        since: DateTime<Utc>,
    ) -> Result<HashMap<IntegrationId, Evidence>, StoreError> {
        let doing = StoreError::doing("reading the evidence of a second dispatcher");
        let mut transaction = self.by_index().await.map_err(&doing)?;
        let found = evidence(&mut transaction, since).await?;
        transaction.commit().await.map_err(&doing)?;
        Ok(found)
    }
}

/// The evidence since then, by panel.
pub(super) async fn evidence(
    transaction: &mut Transaction<'_>,
    since: DateTime<Utc>,
) -> Result<HashMap<IntegrationId, Evidence>, StoreError> {
    // What was sent before a person resumed buying is known to that person: it counts apart.
    let rows = sqlx::query!(
        r#"SELECT w.integration_id AS "panel!", count(*) FILTER (WHERE w.fresh) AS "orders!",
                  count(*) FILTER (WHERE NOT w.fresh) AS "known!",
                  min(w.noticed_at) FILTER (WHERE w.fresh) AS since
           FROM (SELECT o.integration_id, o.noticed_at,
                        NOT EXISTS (SELECT FROM orderwatch.actions a
                                    WHERE a.what = 'resume'
                                      AND a.target = o.integration_id::text
                                      AND a.at >= o.claimed_at) AS fresh
                 FROM orderwatch.overwritten o WHERE o.noticed_at > $1) w
           GROUP BY w.integration_id"#,
        since
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("counting overwritten orders"))?;

    let mut found: HashMap<IntegrationId, Evidence> = rows
        .into_iter()
        .map(|row| {
            let evidence = Evidence {
                orders: row.orders,
                known: row.known,
                since: row.since,
                unexplained: Decimal::ZERO,
            };
            (IntegrationId(row.panel), evidence)
        })
        .collect();

    let sums = sqlx::query!(
        r#"SELECT integration_id AS "panel!", sum(amount) AS "amount!"
           FROM orderwatch.unexplained WHERE until > $1 GROUP BY integration_id"#,
        since
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("summing up what nobody explains"))?;

    // Money may leave an account without a trace in any of our rows.
    for row in sums {
        found
            .entry(IntegrationId(row.panel))
            .or_default()
            .unexplained = row.amount;
    }

    Ok(found)
}

/// From when on evidence is shown.
#[must_use]
pub(crate) fn shown_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::hours(24)
}
