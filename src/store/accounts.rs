//! What is written down of the panels' accounts: the balances that they named, and our purchases there.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::{
    order::{
        IntegrationId, OrderId,
        money::{LONGEST, Ledger, LedgerEntry, Movement, Reading},
    },
    provider::kind::Kind,
};

/// A chain begins this long before the time that is asked for, so that what was under way then is in it.
const LEAD: TimeDelta = TimeDelta::minutes(30);
/// A balance that was named longer before that is not looked for among the purchases.
const TOLD_WITHIN: TimeDelta = TimeDelta::days(1);

/// A purchase is cancelled at most this long after it was claimed: `poll.give_up_after` is a day unless it is set.
const CANCELLED_WITHIN: TimeDelta = TimeDelta::hours(25);

/// A panel with something written down of its account.
#[derive(Clone, Debug)]
pub(crate) struct AccountName {
    pub(crate) integration: IntegrationId,
    /// `None` when its row is gone.
    pub(crate) panel: Option<String>,
}

impl Store {
    /// Keeps a balance that was asked for.
    pub(crate) async fn keep_reading(
        &self,
        integration: IntegrationId,
        reading: Reading,
    ) -> Result<(), StoreError> {
        // Two replicas that asked at the same moment got the same answer.
        sqlx::query!(
            "INSERT INTO orderwatch.readings (integration_id, asked_at, answered_at, balance)
             VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            integration.0,
            reading.asked_at,
            reading.answered_at,
            reading.balance
        )
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(StoreError::doing("keeping a balance"))
    }

    /// When the account was asked for the last balance up to which its money is accounted for.
    pub(crate) async fn accounted_until(
        &self,
        integration: IntegrationId,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        sqlx::query_scalar!(
            "SELECT mark_at FROM orderwatch.panels WHERE integration_id = $1",
            integration.0
        )
        .fetch_optional(&self.pool)
        .await
        .map(Option::flatten)
        .map_err(StoreError::doing(
            "reading up to when an account is accounted for",
        ))
    }

    /// Notes that an account is accounted for up to a reading, and what left it without us; nothing when
    /// another replica has noted that since `before`. Returns the sum that is new.
    pub(crate) async fn account_for(
        &self,
        integration: IntegrationId,
        before: Option<DateTime<Utc>>,
        until: DateTime<Utc>,
        falls: &[(DateTime<Utc>, Movement)],
    ) -> Result<Option<Decimal>, StoreError> {
        let since: Vec<DateTime<Utc>> = falls.iter().map(|(_, fall)| fall.since).collect();
        let at: Vec<DateTime<Utc>> = falls.iter().map(|(at, _)| *at).collect();
        let amounts: Vec<Decimal> = falls.iter().map(|(_, fall)| -fall.amount).collect();

        sqlx::query_scalar!(
            r#"WITH marked AS (
                   UPDATE orderwatch.panels SET mark_at = $3
                   WHERE integration_id = $1 AND mark_at IS NOT DISTINCT FROM $2
                   RETURNING integration_id
               ), found AS (
                   INSERT INTO orderwatch.unexplained (integration_id, since, until, amount)
                   SELECT m.integration_id, f.since, f.until, f.amount
                   FROM marked m
                   CROSS JOIN unnest($4::timestamptz[], $5::timestamptz[], $6::numeric[]) AS f (since, until, amount)
                   ON CONFLICT DO NOTHING
                   RETURNING amount
               )
               SELECT sum(amount) FROM found"#,
            integration.0,
            before,
            until,
            &since,
            &at,
            &amounts
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("accounting for a balance"))
    }

    /// The panels of whose accounts something was written down in that time, by name.
    pub(crate) async fn accounts(
        &self,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        only: Option<IntegrationId>,
    ) -> Result<Vec<AccountName>, StoreError> {
        // Panel by panel, since the purchases are kept for ever and have an index by panel and time.
        let rows = sqlx::query!(
            r#"SELECT a.id AS "id!", i.name AS "name?"
               FROM (SELECT integration_id AS id FROM orderwatch.panels
                     UNION SELECT id FROM public.integrations WHERE provider = ANY($4)) a
               LEFT JOIN public.integrations i ON i.id = a.id
               WHERE ($3::uuid IS NULL OR a.id = $3)
                 AND (EXISTS (SELECT FROM orderwatch.purchases p
                              WHERE p.integration_id = a.id AND p.claimed_at > $1 AND p.claimed_at < $2)
                      OR EXISTS (SELECT FROM orderwatch.readings r
                                 WHERE r.integration_id = a.id AND r.asked_at > $1 AND r.asked_at < $2))
               ORDER BY i.name, a.id"#,
            since - LONGEST,
            until,
            only.map(|id| id.0),
            Kind::names()
        )
        .fetch_all(self.pool.by_index())
        .await
        .map_err(StoreError::doing("looking for accounts"))?;

        let named = rows.into_iter().map(|row| AccountName {
            integration: IntegrationId(row.id),
            panel: row.name,
        });
        Ok(named.collect())
    }

    /// The panels of the shop, by name.
    pub(crate) async fn panel_names(&self) -> Result<Vec<(IntegrationId, String)>, StoreError> {
        let rows = sqlx::query!(
            "SELECT id, name FROM public.integrations WHERE provider = ANY($1) ORDER BY name, id",
            Kind::names()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the names of the panels"))?;

        let names = rows
            .into_iter()
            .map(|row| (IntegrationId(row.id), row.name));
        Ok(names.collect())
    }

    /// What is written down of an account from the last balance that it named a while before that time.
    pub(crate) async fn ledger_from(
        &self,
        integration: IntegrationId,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Ledger, StoreError> {
        let lead = since - LEAD;
        let named = sqlx::query_scalar!(
            r#"SELECT GREATEST(
                   (SELECT max(asked_at) FROM orderwatch.readings
                    WHERE integration_id = $1 AND asked_at < $2),
                   (SELECT answered_at FROM orderwatch.purchases
                    WHERE integration_id = $1 AND claimed_at < $2 AND claimed_at > $3
                      AND balance IS NOT NULL
                    ORDER BY claimed_at DESC LIMIT 1))"#,
            integration.0,
            lead,
            lead - TOLD_WITHIN
        )
        .fetch_one(self.pool.by_index())
        .await
        .map_err(StoreError::doing("looking for the balance before a day"))?;

        let begin = named.map_or(lead, |named| named.min(lead));
        self.ledger(integration, begin, until).await
    }

    /// What is written down of an account in some time.
    pub(crate) async fn ledger(
        &self,
        integration: IntegrationId,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Ledger, StoreError> {
        let readings = sqlx::query_as!(
            Reading,
            "SELECT asked_at, answered_at, balance FROM orderwatch.readings
             WHERE integration_id = $1 AND asked_at >= $2 AND asked_at < $3 ORDER BY asked_at",
            integration.0,
            since - LONGEST,
            until
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the balances of an account"))?;

        let purchases = self.ledger_entries(integration.0, since, until).await?;
        Ok(Ledger::new(since, purchases, readings))
    }

    /// The purchases of that time, and those from before that were cancelled in it.
    async fn ledger_entries(
        &self,
        integration: Uuid,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT p.order_id, p.reference, p.claimed_at, p.answered_at, p.recorded_at, p.outcome,
                      p.cost, p.expected, p.balance, p.sold_for,
                      t.dispatched_at AS "sent_at?", o."orderNo" AS "number?", k.name AS "package?"
               FROM orderwatch.purchases p
               LEFT JOIN orderwatch.orders t ON t.order_id = p.order_id
               LEFT JOIN public.product_orders o ON o.id = p.order_id
               LEFT JOIN public.product_packages k ON k.id = COALESCE(t.package_id, o."packageId")
               WHERE p.integration_id = $1 AND p.claimed_at > $2 AND p.claimed_at < $3
                 AND (p.claimed_at > $4 OR p.outcome = 'cancelled' AND p.recorded_at >= $5)
               ORDER BY p.claimed_at, p.reference"#,
            integration,
            since - CANCELLED_WITHIN,
            until,
            since - LONGEST,
            since
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the purchases of an account"))?;

        let entries = rows.into_iter().map(|row| LedgerEntry {
            order: OrderId(row.order_id),
            number: row.number.map(|number| number.to_string()),
            reference: row.reference,
            package: row.package,
            claimed_at: row.claimed_at,
            sent_at: row.sent_at,
            answered_at: row.answered_at,
            recorded_at: row.recorded_at,
            outcome: row.outcome,
            cost: row.cost,
            expected: row.expected,
            balance: row.balance,
            sold_for: row.sold_for,
        });
        Ok(entries.collect())
    }
}
