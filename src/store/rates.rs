//! The shop's own rates. Its table is optional, and buying never waits for it: what cannot be read is not known.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::order::{
    TenantId,
    money::{Rate, Rates},
};

/// Somebody who changes the table holds up nothing.
const SOON: &str = "SET LOCAL lock_timeout = '200ms'; SET LOCAL statement_timeout = '1s'";
/// Not checked when orderwatch is built: most databases do not have the table. Two rates of one currency are no rate.
const RATES: &str = r#"SELECT c."tenantId"::uuid, upper(btrim(c.code::text)), min(c.rate)::numeric
    FROM public.currencies c WHERE c."isActive" AND c."tenantId" IS NOT NULL AND c.code IS NOT NULL
    GROUP BY 1, 2 HAVING min(c.rate) = max(c.rate) AND min(c.rate) > 0"#;

impl Store {
    /// The rates of all tenants; none where the shop has no table of them.
    pub(crate) async fn rates(&self) -> Result<Rates, StoreError> {
        let doing = StoreError::doing("reading the shop's rates (public.currencies)");
        let mut transaction = self.pool.begin().await.map_err(&doing)?;
        sqlx::raw_sql(SOON)
            .execute(&mut transaction)
            .await
            .map_err(&doing)?;

        let there = sqlx::query_scalar!(
            r#"SELECT to_regclass('public.currencies') IS NOT NULL AS "there!""#
        )
        .fetch_one(&mut transaction)
        .await
        .map_err(&doing)?;
        let rows: Vec<(Uuid, String, Decimal)> = if there {
            let asked = sqlx::query_as(RATES).fetch_all(&mut transaction);
            asked.await.map_err(&doing)?
        } else {
            Vec::new()
        };

        transaction.commit().await.map_err(&doing)?;
        let rates = rows.into_iter().map(|(tenant, currency, units)| Rate {
            tenant: TenantId(tenant),
            currency,
            units,
        });
        Ok(Rates::new(rates))
    }
}
