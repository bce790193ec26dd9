//! A small shop of one tenant, for `demo`, the tests and the benches: rows as the real shop writes
//! them. It never touches a database that holds another shop.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Store, StoreError, ZNET};
use crate::order::{EventKind, HoldReason, IntegrationId, OrderId, Stage, TenantId};

/// The tenant of the practice shop.
const TENANT: Uuid = Uuid::from_u128(0x0d0e_0000_0000_4000_8000_0000_0000_0001);

/// The practice shop.
#[derive(Clone, Copy, Debug)]
pub struct PracticeShop {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its account at the panel.
    pub integration: IntegrationId,
}

/// An order as a customer places it.
#[derive(Clone, Copy, Debug)]
pub struct PracticeOrder<'a> {
    /// Entry of the panel's price list; the package that is mapped to it is ordered.
    pub entry: &'a str,
    /// What the customer typed as player id.
    pub player: Option<&'a str>,
    /// Units.
    pub quantity: i32,
}

/// What became of an order of the practice shop.
#[derive(Clone, Debug)]
pub struct Practised {
    /// The order.
    pub order: OrderId,
    /// Its player id.
    pub player: Option<String>,
    /// Its stage in orderwatch, if it is tracked.
    pub stage: Option<String>,
    /// Whether it is final.
    pub is_final: bool,
    /// `status`.
    pub status: String,
    /// `"pinCode"`.
    pub pin: Option<String>,
}

/// A step of an order of the practice shop.
#[derive(Clone, Debug)]
pub struct PracticeEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: EventKind,
    /// `"orderNo"`.
    pub order_no: i32,
    /// Why the order is held now, if it is.
    pub held: Option<HoldReason>,
    /// Whether its customer has a code.
    pub has_code: bool,
}

impl Store {
    /// Whether the database holds no shop and no warehouse, or those of the practice alone. One that was never migrated
    /// has to be empty: its tables are somebody's.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn is_practice(&self) -> Result<bool, StoreError> {
        let found = sqlx::query!(
            r#"SELECT to_regclass('orderwatch.migrations') IS NOT NULL
                      AND to_regclass('public.integrations') IS NOT NULL
                      AND to_regclass('public.product_orders') IS NOT NULL AS "migrated!",
                      EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public') AS "tables!""#
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking for a shop"))?;
        if !found.migrated {
            return Ok(!found.tables);
        }
        let is_practice = sqlx::query_scalar!(
            r#"SELECT NOT EXISTS (SELECT FROM public.integrations WHERE "tenantId" <> $1)
                  AND NOT EXISTS (SELECT FROM public.product_orders WHERE "tenantId" <> $1) AS "is!""#,
            TENANT
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking for a shop"))?;
        Ok(is_practice && self.is_practice_warehouse().await?)
    }

    /// Opens the practice shop afresh: one account at the panel, and one package per entry of its
    /// price list, routed and mapped to it. What was left of an earlier one is removed.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn open_practice_shop(
        &self,
        base_url: &str,
        (kod, sifre): (&str, &str),
        entries: &[String],
    ) -> Result<PracticeShop, StoreError> {
        let doing = StoreError::doing("opening the practice shop");
        self.close_practice_shop().await?;
        let integration = sqlx::query_scalar!(
            r#"INSERT INTO public.integrations ("tenantId", name, provider, "baseUrl", kod, sifre)
               VALUES ($1, 'practice panel', $2, $3, $4, $5) RETURNING id"#,
            TENANT,
            ZNET,
            base_url,
            kod,
            sifre
        )
        .fetch_one(&self.pool)
        .await
        .map_err(&doing)?;
        sqlx::query!(
            r#"WITH packages AS (
                   INSERT INTO public.product_packages ("tenantId", name)
                   SELECT $1, entry FROM unnest($3::text[]) AS entry RETURNING id, name
               ), routes AS (
                   INSERT INTO public.package_routing
                       ("tenantId", package_id, mode, "providerType", "primaryProviderId")
                   SELECT $1, id, 'auto', 'external', $2::uuid::text FROM packages
               )
               INSERT INTO public.package_mappings
                   ("tenantId", our_package_id, provider_api_id, provider_package_id)
               SELECT $1, id::text, $2::uuid::text, name FROM packages"#,
            TENANT,
            integration,
            entries
        )
        .execute(&self.pool)
        .await
        .map_err(&doing)?;
        Ok(PracticeShop {
            tenant: TenantId(TENANT),
            integration: IntegrationId(integration),
        })
    }

    /// Removes the practice shop and what orderwatch knows of it.
    async fn close_practice_shop(&self) -> Result<(), StoreError> {
        let doing = StoreError::doing("clearing the practice shop");
        let mut transaction = self.pool.begin().await.map_err(&doing)?;
        sqlx::query!(
            "WITH gone AS (DELETE FROM orderwatch.orders WHERE tenant_id = $1 RETURNING order_id),
                  events AS (DELETE FROM orderwatch.events WHERE order_id IN (SELECT * FROM gone))
             DELETE FROM orderwatch.purchases WHERE order_id IN (SELECT * FROM gone)",
            TENANT
        )
        .execute(&mut *transaction)
        .await
        .map_err(&doing)?;
        sqlx::query!(
            r#"WITH orders AS (DELETE FROM public.product_orders WHERE "tenantId" = $1),
                    routes AS (DELETE FROM public.package_routing WHERE "tenantId" = $1),
                    mappings AS (DELETE FROM public.package_mappings WHERE "tenantId" = $1)
               DELETE FROM public.integrations WHERE "tenantId" = $1"#,
            TENANT
        )
        .execute(&mut *transaction)
        .await
        .map_err(&doing)?;
        sqlx::query!(
            r#"DELETE FROM public.product_packages WHERE "tenantId" = $1"#,
            TENANT
        )
        .execute(&mut *transaction)
        .await
        .map_err(&doing)?;
        transaction.commit().await.map_err(&doing)
    }

    /// Places an order, as the shop's own code does.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn place_practice_order(
        &self,
        order: PracticeOrder<'_>,
    ) -> Result<OrderId, StoreError> {
        sqlx::query_scalar!(
            r#"INSERT INTO public.product_orders
                   ("tenantId", "packageId", quantity, "userIdentifier", "sellPriceCurrency",
                    "sellPriceAmount", price)
               SELECT $1, p.id, $3, $4, 'TRY', $5, $5
               FROM public.product_packages p WHERE p."tenantId" = $1 AND p.name = $2
               RETURNING id"#,
            TENANT,
            order.entry,
            order.quantity,
            order.player,
            Decimal::new(4999, 2)
        )
        .fetch_one(&self.pool)
        .await
        .map(OrderId)
        .map_err(StoreError::doing("placing an order"))
    }

    /// What became of the practice shop's orders, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn practised(&self) -> Result<Vec<Practised>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT o.id, o."userIdentifier" AS player, t.stage AS "stage?",
                      t.finished_at IS NOT NULL AS "is_final!", o.status, o."pinCode" AS pin
               FROM public.product_orders o LEFT JOIN orderwatch.orders t ON t.order_id = o.id
               WHERE o."tenantId" = $1 ORDER BY o."createdAt", o.id"#,
            TENANT
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the practice shop's orders"))?;
        Ok(rows
            .into_iter()
            .map(|row| Practised {
                order: OrderId(row.id),
                player: row.player,
                stage: row.stage,
                is_final: row.is_final,
                status: row.status,
                pin: row.pin,
            })
            .collect())
    }

    /// How many orders of the practice shop are at each stage; `None` are those that are not tracked yet.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn practice_stages(&self) -> Result<Vec<(Option<Stage>, i64)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT t.stage AS "stage?", count(*) AS "orders!"
               FROM public.product_orders o LEFT JOIN orderwatch.orders t ON t.order_id = o.id
               WHERE o."tenantId" = $1 GROUP BY t.stage"#,
            TENANT
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("counting the practice shop's orders"))?;
        Ok(rows
            .into_iter()
            .map(|row| (row.stage.as_deref().and_then(Stage::parse), row.orders))
            .collect())
    }

    /// The last steps of these kinds of the practice shop's orders, newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn practice_events(
        &self,
        kinds: &[EventKind],
        limit: i64,
    ) -> Result<Vec<PracticeEvent>, StoreError> {
        let kinds: Vec<String> = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        let rows = sqlx::query!(
            r#"SELECT e.at, e.kind, o."orderNo" AS order_no, t.held_reason AS "held?",
                      o."pinCode" IS NOT NULL AS "has_code!"
               FROM orderwatch.events e JOIN public.product_orders o ON o.id = e.order_id
               LEFT JOIN orderwatch.orders t ON t.order_id = e.order_id
               WHERE o."tenantId" = $1 AND e.kind = ANY($2)
               ORDER BY e.at DESC, e.id DESC LIMIT $3"#,
            TENANT,
            &kinds,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the practice shop's events"))?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                Some(PracticeEvent {
                    at: row.at,
                    kind: EventKind::parse(&row.kind)?,
                    order_no: row.order_no,
                    held: row.held.as_deref().and_then(HoldReason::parse),
                    has_code: row.has_code,
                })
            })
            .collect())
    }
}
