//! What the panels' accounts hold, in our schema and, where it has the columns, in the shop's.
//!
//! A balance comes with every purchase and from a job of its own, at about the same time; the newer one
//! wins, whatever the order in which they are written.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::order::IntegrationId;

/// What an account held, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    pub integration: IntegrationId,
    /// In TRY.
    pub amount: Decimal,
    /// When the panel said so.
    pub at: DateTime<Utc>,
}

/// A balance that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balanced {
    pub integration: IntegrationId,
    /// Whether it holds less than the limit.
    pub low: bool,
    /// Whether that is to be said now: it has just become low, or was last said a day ago.
    pub warn: bool,
}

/// Which columns for a balance the shop's `integrations` has; older databases have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BalanceColumns {
    pub(crate) balance: bool,
    pub(crate) updated_at: bool,
}

/// Balances as columns for `unnest`.
type Columns = (Vec<Uuid>, Vec<Decimal>, Vec<DateTime<Utc>>);

fn as_columns<'a>(balances: impl Iterator<Item = &'a Balance>) -> Columns {
    balances
        .map(|it| (it.integration.0, it.amount, it.at))
        .collect()
}

impl Store {
    /// Which columns for a balance the shop has.
    pub(crate) async fn balance_columns(&self) -> Result<BalanceColumns, StoreError> {
        // Asked of the catalogue: a statement that names a missing column fails.
        let names = sqlx::query_scalar!(
            r#"SELECT attname::text AS "name!" FROM pg_attribute
               WHERE attrelid = 'public.integrations'::regclass AND NOT attisdropped
                 AND attname IN ('balance', 'balanceUpdatedAt')"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for the columns of a balance"))?;
        let has = |name: &str| names.iter().any(|found| found == name);
        Ok(BalanceColumns {
            balance: has("balance"),
            updated_at: has("balanceUpdatedAt"),
        })
    }

    /// Writes balances that are newer than what is known, each account at most once per call.
    /// Returns those that were. Below `warn_below` they count as low.
    pub(crate) async fn record_balances(
        &self,
        balances: &[Balance],
        warn_below: Decimal,
    ) -> Result<Vec<Balanced>, StoreError> {
        // Written in the order of the ids, so that two replicas do not deadlock. Low is said once a day, not with
        // every reading, and again at once after the balance was fine in between.
        let (ids, amounts, times) = as_columns(balances.iter());
        let rows = sqlx::query!(
            r#"INSERT INTO orderwatch.panels AS p
                   (integration_id, balance, balance_at, low_warned_at)
               SELECT i.id, i.amount, i.at, CASE WHEN i.amount < $4 THEN i.at END
               FROM unnest($1::uuid[], $2::numeric[], $3::timestamptz[]) AS i (id, amount, at)
               ORDER BY i.id
               ON CONFLICT (integration_id) DO UPDATE
               SET balance = excluded.balance, balance_at = excluded.balance_at,
                   low_warned_at = CASE
                       WHEN excluded.balance >= $4 THEN NULL
                       WHEN p.low_warned_at > excluded.balance_at - interval '24 hours'
                           THEN p.low_warned_at
                       ELSE excluded.balance_at END
               WHERE COALESCE(p.balance_at < excluded.balance_at, true)
               RETURNING integration_id, low_warned_at IS NOT NULL AS "low!",
                         COALESCE(low_warned_at = balance_at, false) AS "warn!""#,
            &ids,
            &amounts,
            &times,
            warn_below
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("writing balances"))?;

        let written = rows.into_iter().map(|row| Balanced {
            integration: IntegrationId(row.integration_id),
            low: row.low,
            warn: row.warn,
        });

        Ok(written.collect())
    }

    /// Says balances in the shop's rows, as far as there are columns for them. A row that somebody
    /// holds is left for the next time.
    pub(crate) async fn show_balances(
        &self,
        balances: &[Balance],
        columns: BalanceColumns,
    ) -> Result<(), StoreError> {
        let sql = match (columns.balance, columns.updated_at) {
            (true, true) => BOTH,
            (true, false) => BALANCE,
            (false, true) => UPDATED_AT,
            (false, false) => return Ok(()),
        };

        // One that the column does not take would fail the statement for all.
        let fitting = balances.iter().filter(|balance| fits(balance.amount));
        let (ids, amounts, times) = as_columns(fitting);
        // Not checked when orderwatch is built: which of these columns exist differs between databases.
        sqlx::query(sql)
            .bind(&ids)
            .bind(&amounts)
            .bind(&times)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(StoreError::doing("writing balances into the shop's rows"))
    }
}

/// Whether `integrations.balance`, `numeric(18,3)`, takes it.
fn fits(amount: Decimal) -> bool {
    amount.round_dp(3).abs() < Decimal::new(1_000_000_000_000_000, 0)
}

/// A statement over (id, amount, at); written out, since the columns may be absent.
macro_rules! show {
    ($set:literal) => {
        concat!(
            "WITH free AS MATERIALIZED (
                 SELECT s.id FROM public.integrations s WHERE s.id = ANY($1)
                 ORDER BY s.id FOR UPDATE SKIP LOCKED)
             UPDATE public.integrations s SET ",
            $set,
            " FROM unnest($1::uuid[], $2::numeric[], $3::timestamptz[]) AS i (id, amount, at)
             JOIN free f ON f.id = i.id
             WHERE s.id = i.id"
        )
    };
}
const BOTH: &str = show!(r#"balance = i.amount, "balanceUpdatedAt" = i.at"#);
const BALANCE: &str = show!("balance = i.amount");
const UPDATED_AT: &str = show!(r#""balanceUpdatedAt" = i.at"#);
