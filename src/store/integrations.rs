//! The shop's reseller accounts. They are the shop's rows: names, addresses and credentials are read and never
//! written, and all but the name is kept as a secret.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::order::{IntegrationId, TenantId};

/// `integrations.provider` of the panels that orderwatch can talk to.
pub(crate) const ZNET: &str = "znet";

/// `orderwatch.brakes.scope` of a brake that holds for every panel.
pub const EVERYWHERE: Uuid = Uuid::nil();

/// One row of `integrations`; its account is a secret.
#[derive(Clone, Debug)]
pub(crate) struct Integration {
    pub(crate) id: IntegrationId,
    pub(crate) tenant: TenantId,
    /// As the shop's staff know it.
    pub(crate) name: String,
    /// True where the column is absent.
    pub(crate) enabled: bool,
    /// Whether buying is paused there, or everywhere.
    pub(crate) paused: bool,
    /// Until when its breaker is open; also after that time, until a probe has closed it.
    pub(crate) open_until: Option<DateTime<Utc>>,
    pub(crate) base_url: Option<SecretString>,
    pub(crate) kod: Option<SecretString>,
    pub(crate) sifre: Option<SecretString>,
}

impl Store {
    /// All znet integrations, the disabled ones too: what was bought there is still watched.
    pub(crate) async fn integrations(&self) -> Result<Vec<Integration>, StoreError> {
        // `enabled` is absent in older databases: read through JSON it is NULL there.
        let rows = sqlx::query!(
            r#"SELECT i.id, i."tenantId" AS tenant_id, i.name,
                      COALESCE((to_jsonb(i) ->> 'enabled')::boolean, true) AS "enabled!",
                      EXISTS (SELECT FROM orderwatch.brakes b
                              WHERE b.scope IN (i.id, $2)) AS "paused!",
                      p.open_until AS "open_until?",
                      i."baseUrl" AS base_url, i.kod, i.sifre
               FROM public.integrations i
               LEFT JOIN orderwatch.panels p ON p.integration_id = i.id
               WHERE i.provider = $1
               ORDER BY i.id"#,
            ZNET,
            EVERYWHERE
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the integrations"))?;

        let integrations = rows.into_iter().map(|row| Integration {
            id: IntegrationId(row.id),
            tenant: TenantId(row.tenant_id),
            name: row.name,
            enabled: row.enabled,
            paused: row.paused,
            open_until: row.open_until,
            base_url: row.base_url.map(SecretString::from),
            kod: row.kod.map(SecretString::from),
            sifre: row.sifre.map(SecretString::from),
        });

        Ok(integrations.collect())
    }
}
