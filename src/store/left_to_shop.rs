//! What the shop itself has to send: chains of tenants, its own codes, providers of other kinds.

use chrono::{DateTime, Utc};

use super::{Store, StoreError};
use crate::provider::kind::Kind;

/// Orders that are part of a chain of tenants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forwarded {
    pub(crate) orders: i64,
    /// Those that came along the chain, are left to the shop, and that it has not sent yet.
    pub(crate) unsent: i64,
}

/// Packages that are routed automatically, but to no outside provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShopRoutes {
    /// `"providerType"`.
    pub(crate) provider_type: String,
    pub(crate) packages: i64,
}

impl Store {
    /// The orders of a chain of tenants that were created after a time; unsent are those that were
    /// created before `unsent_before`.
    pub(crate) async fn forwarded(
        &self,
        since: DateTime<Utc>,
        unsent_before: DateTime<Utc>,
    ) -> Result<Forwarded, StoreError> {
        // Younger ones are not counted as unsent: the shop may be sending them now.
        sqlx::query_as!(
            Forwarded,
            r#"SELECT count(*) AS "orders!",
                      count(*) FILTER (
                          WHERE orderwatch.is_pending(o.status) AND o."sentAt" IS NULL
                            AND lower(o."externalStatus" COLLATE "C") = 'not_sent'
                            AND o."createdAt" <= $2 AND NOT $3) AS "unsent!"
               FROM public.product_orders o
               WHERE o."createdAt" > $1
                 AND orderwatch.is_forwarded(o.id, o."externalStatus", o."externalOrderId")"#,
            since,
            unsent_before,
            self.buy_chained
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("counting orders of chains of tenants"))
    }

    /// Packages whose orders the shop has forwarded since a time and that are routed to a panel
    /// which orderwatch buys at: their names, or ids.
    pub(crate) async fn forwarded_and_bought(
        &self,
        since: DateTime<Utc>,
    ) -> Result<Vec<String>, StoreError> {
        // Bought by orderwatch as well, such an order is bought twice: the shop forwards it whatever the route says.
        sqlx::query_scalar!(
            r#"SELECT COALESCE(p.name, r.package_id::text) AS "package!"
               FROM (SELECT DISTINCT o."tenantId", o."packageId" FROM public.product_orders o
                     WHERE o."createdAt" > $1
                       AND lower(o."externalStatus" COLLATE "C") = 'forwarded') f
               JOIN public.package_routing r
                 ON r."tenantId" = f."tenantId" AND r.package_id = f."packageId"
                AND r.mode = 'auto' AND r."providerType" = 'external'
               JOIN public.integrations i
                 ON i."tenantId" = r."tenantId" AND i.id::text = r."primaryProviderId"
                AND i.provider = ANY($2)
               LEFT JOIN public.product_packages p ON p.id = r.package_id
               ORDER BY 1 LIMIT 1000"#,
            since,
            Kind::names()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("comparing routes with chains of tenants"))
    }

    /// Packages that are routed automatically to something that the shop serves itself.
    pub(crate) async fn routes_of_the_shop(&self) -> Result<Vec<ShopRoutes>, StoreError> {
        sqlx::query_as!(
            ShopRoutes,
            r#"SELECT r."providerType" AS "provider_type!", count(*) AS "packages!"
               FROM public.package_routing r
               WHERE r.mode = 'auto' AND r."providerType" NOT IN ('external', 'manual')
               GROUP BY r."providerType" ORDER BY r."providerType""#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("counting the shop's own routes"))
    }
}
