//! A shop of one tenant, with one account at the panel.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::FromRow;
use uuid::Uuid;

use super::Database;

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

    /// Opens the shop afresh: one account at the panel, and one package per entry of its price list,
    /// routed and mapped to it.
    pub(in crate::demo) async fn open_shop(
        &self,
        base_url: &str,
        (account, password): (&str, &str),
        entries: &[String],
    ) -> sqlx::Result<()> {
        let mut transaction = self.pool.begin().await?;
        sqlx::raw_sql(
            "TRUNCATE orderwatch.orders, orderwatch.events, orderwatch.purchases,
                 public.product_orders, public.package_routing, public.package_mappings,
                 public.product_packages, public.integrations CASCADE",
        )
        .execute(&mut *transaction)
        .await?;

        sqlx::query(
            r#"WITH panel AS (
                   INSERT INTO public.integrations ("tenantId", name, provider, "baseUrl", kod, sifre)
                   VALUES ($1, 'practice panel', 'znet', $2, $3, $4) RETURNING id
               ), packages AS (
                   INSERT INTO public.product_packages ("tenantId", name)
                   SELECT $1, entry FROM unnest($5::text[]) AS entry RETURNING id, name
               ), routes AS (
                   INSERT INTO public.package_routing
                       ("tenantId", package_id, mode, "providerType", "primaryProviderId")
                   SELECT $1, p.id, 'auto', 'external', panel.id::text FROM packages p, panel
               )
               INSERT INTO public.package_mappings
                   ("tenantId", our_package_id, provider_api_id, provider_package_id)
               SELECT $1, p.id::text, panel.id::text, p.name FROM packages p, panel"#,
        )
        .bind(TENANT)
        .bind(base_url)
        .bind(account)
        .bind(password)
        .bind(entries)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }

    /// Places an order, as the shop's own code does.
    pub(in crate::demo) async fn place_order(
        &self,
        entry: &str,
        player: Option<&str>,
    ) -> sqlx::Result<()> {
        sqlx::query(
            r#"INSERT INTO public.product_orders
                   ("tenantId", "packageId", quantity, "userIdentifier", "sellPriceCurrency",
                    "sellPriceAmount", price)
               SELECT $1, p.id, 1, $3, 'TRY', $4, $4
               FROM public.product_packages p WHERE p."tenantId" = $1 AND p.name = $2"#,
        )
        .bind(TENANT)
        .bind(entry)
        .bind(player)
        .bind(Decimal::new(4999, 2))
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// What became of the shop's orders.
    pub(in crate::demo) async fn orders(&self) -> sqlx::Result<Vec<Order>> {
        sqlx::query_as(
            r#"SELECT o."userIdentifier" AS player, t.stage, o.status, o."pinCode" AS pin
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
