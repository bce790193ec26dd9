//! The shop's reseller accounts. They are the shop's rows: names, addresses and credentials are read and never
//! written, and all but the name is kept as a secret.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::{
    order::{IntegrationId, TenantId},
    provider::{Credentials, kind::Kind},
};

/// `orderwatch.brakes.scope` of a brake that holds for every panel.
pub const EVERYWHERE: Uuid = Uuid::nil();

/// One row of `integrations`; its account is a secret.
#[derive(Clone, Debug)]
pub(crate) struct Integration {
    pub(crate) id: IntegrationId,
    pub(crate) tenant: TenantId,
    pub(crate) kind: &'static Kind,
    /// As the shop's staff know it.
    pub(crate) name: String,
    /// True where the column is absent.
    pub(crate) enabled: bool,
    /// Whether buying is paused there, or everywhere.
    pub(crate) paused: bool,
    /// Until when its breaker is open; also after that time, until a probe has closed it.
    pub(crate) open_until: Option<DateTime<Utc>>,
    pub(crate) credentials: Credentials,
}

impl Store {
    /// All integrations of the kinds that orderwatch talks to, the disabled ones too: what was bought there is still watched.
    pub(crate) async fn integrations(&self) -> Result<Vec<Integration>, StoreError> {
        // Columns that are absent in older databases are read through JSON: they are NULL there.
        let rows = sqlx::query!(
            r#"SELECT i.id, i."tenantId" AS tenant_id, i.name, i.provider,
                      to_jsonb(i) ->> 'apiToken' AS api_token,
                      COALESCE((to_jsonb(i) ->> 'enabled')::boolean, true) AS "enabled!",
                      EXISTS (SELECT FROM orderwatch.brakes b
                              WHERE b.scope IN (i.id, $2)) AS "paused!",
                      p.open_until AS "open_until?",
                      i."baseUrl" AS base_url, i.kod, i.sifre
               FROM public.integrations i
               LEFT JOIN orderwatch.panels p ON p.integration_id = i.id
               WHERE i.provider = ANY($1)
               ORDER BY i.id"#,
            Kind::names(),
            EVERYWHERE
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the integrations"))?;

        let integrations = rows.into_iter().filter_map(|row| {
            Some(Integration {
                id: IntegrationId(row.id),
                tenant: TenantId(row.tenant_id),
                kind: Kind::of(&row.provider)?,
                name: row.name,
                enabled: row.enabled,
                paused: row.paused,
                open_until: row.open_until,
                credentials: Credentials {
                    base_url: row.base_url.map(SecretString::from),
                    kod: row.kod.map(SecretString::from),
                    sifre: row.sifre.map(SecretString::from),
                    api_token: row.api_token.map(SecretString::from),
                },
            })
        });

        Ok(integrations.collect())
    }
}
