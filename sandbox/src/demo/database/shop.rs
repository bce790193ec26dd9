//! A shop of one tenant, with an account at each panel.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::{
    super::panels::{Account, Package},
    Database,
};

/// The tenant of the practice shop.
const TENANT: Uuid = Uuid::from_u128(0x0d0e_0000_0000_4000_8000_0000_0000_0001);
/// Stages in which orderwatch does nothing more for an order by itself.
const AT_REST: [&str; 5] = ["completed", "failed", "timed_out", "withdrawn", "held"];

/// What became of an order of the shop.
#[derive(Clone, Debug, FromRow)]
pub(in crate::demo) struct Order {
    pub(in crate::demo) player: Option<String>,
    /// Its stage in orderwatch, if it is tracked.
    pub(in crate::demo) stage: Option<String>,
    /// Whether its first panel refused it and the other one was tried.
    pub(in crate::demo) fell_back: bool,
    /// `status` of the shop's row.
    pub(in crate::demo) status: String,
    pub(in crate::demo) pin: Option<String>,
}

/// A step of an order.
#[derive(Clone, Debug, FromRow)]
pub(in crate::demo) struct Event {
    pub(in crate::demo) at: DateTime<Utc>,
    pub(in crate::demo) kind: String,
    pub(in crate::demo) order_no: i32,
    /// What the shop's row says about it now.
    pub(in crate::demo) message: Option<String>,
    pub(in crate::demo) has_code: bool,
}

impl Order {
    /// Whether somebody still works on it.
    pub(in crate::demo) fn is_open(&self) -> bool {
        !self
            .stage
            .as_deref()
            .is_some_and(|stage| AT_REST.contains(&stage))
    }
}

impl Database {
    pub(super) async fn is_practice_shop(&self) -> sqlx::Result<bool> {
        sqlx::query_scalar(
            r#"SELECT NOT EXISTS (SELECT FROM public.integrations WHERE "tenantId" <> $1)
                  AND NOT EXISTS (SELECT FROM public.product_orders WHERE "tenantId" <> $1)"#,
        )
        .bind(TENANT)
        .fetch_one(&self.pool)
        .await
    }

    /// Opens the shop afresh: its accounts at the panels, and its packages, routed and mapped to them.
    pub(in crate::demo) async fn open_shop(
        &self,
        accounts: &[Account],
        packages: &[Package],
    ) -> sqlx::Result<()> {
        let mut transaction = self.pool.begin().await?;
        sqlx::raw_sql(
            "TRUNCATE orderwatch.orders, orderwatch.events, orderwatch.purchases,
                 public.product_orders, public.package_routing, public.package_mappings,
                 public.product_packages, public.integrations CASCADE",
        )
        .execute(&mut *transaction)
        .await?;

        for account in accounts {
            open_account(&mut transaction, account).await?;
        }
        for package in packages {
            add_package(&mut transaction, package).await?;
        }
        transaction.commit().await
    }

    /// Places an order, as the shop's own code does.
    pub(in crate::demo) async fn place_order(
        &self,
        package: &Package,
        player: Option<&str>,
        server: Option<&str>,
    ) -> sqlx::Result<()> {
        sqlx::query(
            r#"INSERT INTO public.product_orders
                   ("tenantId", "packageId", quantity, "userIdentifier", "extraField",
                    "sellPriceCurrency", "sellPriceAmount", price)
               SELECT $1, p.id, 1, $3, $4, 'TRY', $5, $5
               FROM public.product_packages p WHERE p."tenantId" = $1 AND p.name = $2"#,
        )
        .bind(TENANT)
        .bind(package.name)
        .bind(player)
        .bind(server)
        .bind(package.price())
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// What became of the shop's orders.
    pub(in crate::demo) async fn orders(&self) -> sqlx::Result<Vec<Order>> {
        sqlx::query_as(
            r#"SELECT o."userIdentifier" AS player, t.stage,
                      COALESCE(t.fell_back, false) AS fell_back, o.status, o."pinCode" AS pin
               FROM public.product_orders o LEFT JOIN orderwatch.orders t ON t.order_id = o.id
               WHERE o."tenantId" = $1"#,
        )
        .bind(TENANT)
        .fetch_all(&self.pool)
        .await
    }

    /// How many orders of the shop are at each stage; `None` are those that are not tracked yet.
    pub(in crate::demo) async fn stages(&self) -> sqlx::Result<Vec<(Option<String>, i64)>> {
        sqlx::query_as(
            r#"SELECT t.stage, count(*)
               FROM public.product_orders o LEFT JOIN orderwatch.orders t ON t.order_id = o.id
               WHERE o."tenantId" = $1 GROUP BY t.stage"#,
        )
        .bind(TENANT)
        .fetch_all(&self.pool)
        .await
    }

    /// The last steps of these kinds, newest first.
    pub(in crate::demo) async fn events(
        &self,
        kinds: &[&str],
        limit: i64,
    ) -> sqlx::Result<Vec<Event>> {
        sqlx::query_as(
            r#"SELECT e.at, e.kind, o."orderNo" AS order_no, o."lastMessage" AS message,
                      o."pinCode" IS NOT NULL AS has_code
               FROM orderwatch.events e JOIN public.product_orders o ON o.id = e.order_id
               WHERE o."tenantId" = $1 AND e.kind = ANY($2)
               ORDER BY e.at DESC, e.id DESC LIMIT $3"#,
        )
        .bind(TENANT)
        .bind(kinds)
        .bind(limit)
        .fetch_all(&self.pool)
        .await
    }
}

async fn open_account(connection: &mut PgConnection, account: &Account) -> sqlx::Result<()> {
    let provider = account.kind.name();
    let (kod, sifre) = account.password.unzip();
    sqlx::query(
        r#"INSERT INTO public.integrations
               ("tenantId", name, provider, "baseUrl", kod, sifre, "apiToken")
           VALUES ($1, 'practice ' || $2, $2, $3, $4, $5, $6)"#,
    )
    .bind(TENANT)
    .bind(provider)
    .bind(&account.base_url)
    .bind(kod)
    .bind(sifre)
    .bind(account.token)
    .execute(connection)
    .await
    .map(drop)
}

/// The accounts are open by now.
async fn add_package(connection: &mut PgConnection, package: &Package) -> sqlx::Result<()> {
    let sold_as = package.sold_as.iter();
    let (providers, products): (Vec<&str>, Vec<&str>) = sold_as
        .map(|(kind, product)| (kind.name(), *product))
        .unzip();

    sqlx::query(
        r#"WITH sold AS (
               SELECT i.id::text AS panel, s.product, s.choice
               FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS s (provider, product, choice)
               JOIN public.integrations i ON i."tenantId" = $1 AND i.provider = s.provider
           ), package AS (
               INSERT INTO public.product_packages ("tenantId", name) VALUES ($1, $2) RETURNING id
           ), route AS (
               INSERT INTO public.package_routing
                   ("tenantId", package_id, mode, "providerType", "primaryProviderId",
                    "fallbackProviderId")
               SELECT $1, package.id, 'auto', 'external',
                      (SELECT panel FROM sold WHERE choice = 1),
                      (SELECT panel FROM sold WHERE choice = 2)
               FROM package
           )
           INSERT INTO public.package_mappings
               ("tenantId", our_package_id, provider_api_id, provider_package_id)
           SELECT $1, package.id::text, sold.panel, sold.product FROM package, sold"#,
    )
    .bind(TENANT)
    .bind(package.name)
    .bind(providers)
    .bind(products)
    .execute(connection)
    .await
    .map(drop)
}
