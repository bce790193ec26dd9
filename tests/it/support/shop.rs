//! The shop: a tenant, its accounts at panels, packages with their routes and mappings, orders.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use orderwatch::{
    clock::{Clock, ManualClock},
    order::{IntegrationId, OrderId, Reference, TenantId},
    store::{Sides, Store},
    text::Lang,
};
use sandbox::panel::{Panel, PanelPlan};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use super::ACCOUNT;
use crate::process::roles;

/// Where the clock of every test begins: far from the database's own clock, and not on a full second.
const BEGIN: i64 = 1_900_000_000_123_456;

/// A migrated database of one shop.
pub(crate) struct Shop {
    /// The shop's own connections.
    pub(crate) pool: PgPool,
    /// The daemon's.
    pub(crate) daemon: PgPool,
    /// What goes over them.
    pub(crate) store: Store,
    pub(crate) tenant: TenantId,
    pub(crate) clock: Arc<ManualClock>,
    numbers: AtomicU32,
}

/// An account of the shop, and the panel that it is at.
pub(crate) struct Reseller {
    pub(crate) id: IntegrationId,
    pub(crate) panel: Panel,
    packages: HashMap<String, Uuid>,
}

impl Reseller {
    /// The shop's package that is routed and mapped to this entry of the panel's price list.
    pub(crate) fn package(&self, entry: &str) -> Uuid {
        self.packages[entry]
    }

    /// The name that an order has here unless it collides.
    pub(crate) fn reference(&self, order: OrderId) -> String {
        Reference::derive(order, self.id, 0).as_str().to_owned()
    }
}

impl Shop {
    /// A shop with one account at a sound panel that sells entries 2 (a PIN), 3 (a top-up) and
    /// 4 (always cancelled).
    pub(crate) async fn open(pool: PgPool) -> (Self, Reseller) {
        Self::open_at(pool, |_| {}).await
    }

    /// The same with another plan of the panel.
    pub(crate) async fn open_at(
        pool: PgPool,
        change: impl FnOnce(&mut PanelPlan),
    ) -> (Self, Reseller) {
        let shop = Self::bare(pool).await;
        let reseller = shop.reseller(change).await;
        (shop, reseller)
    }

    /// A shop that sells nothing yet.
    pub(crate) async fn bare(pool: PgPool) -> Self {
        let daemon = roles::migrate(&pool, Sides::BOTH).await;
        let begin = DateTime::from_timestamp_micros(BEGIN).unwrap();
        Self {
            store: Store::from_pool(daemon.clone()).speaking(Lang::En),
            daemon,
            pool,
            tenant: TenantId(Uuid::new_v4()),
            clock: Arc::new(ManualClock::new(begin)),
            numbers: AtomicU32::new(0),
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Moves the time on, for every rig of this shop.
    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    fn number(&self) -> u32 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// One more panel with an account of this shop, and a package for each of its products.
    pub(crate) async fn reseller(&self, change: impl FnOnce(&mut PanelPlan)) -> Reseller {
        let mut plan = PanelPlan::sample(7);
        change(&mut plan);
        let entries: Vec<String> = plan.products.iter().map(|p| p.id.clone()).collect();
        let panel = Panel::start(plan).await.unwrap();
        let id = self.integration("znet", &panel.base_url()).await;
        let mut packages = HashMap::new();
        for entry in entries {
            packages.insert(entry.clone(), self.package(id, &entry).await);
        }
        Reseller {
            id,
            panel,
            packages,
        }
    }

    /// A row of `integrations`.
    pub(crate) async fn integration(&self, provider: &str, base_url: &str) -> IntegrationId {
        let sql = r#"INSERT INTO integrations ("tenantId", name, provider, "baseUrl", kod, sifre)
                     VALUES ($1, $2, $3, $4, $5, $6) RETURNING id"#;
        let id = sqlx::query_scalar(sql)
            .bind(self.tenant.0)
            .bind(format!("panel {}", self.number()))
            .bind(provider)
            .bind(base_url)
            .bind(ACCOUNT.0)
            .bind(ACCOUNT.1)
            .fetch_one(&self.pool)
            .await;
        IntegrationId(id.unwrap())
    }

    /// A package that is routed to an integration and mapped to an entry of its price list.
    pub(crate) async fn package(&self, integration: IntegrationId, entry: &str) -> Uuid {
        let sql = r#"WITH package AS (
                INSERT INTO product_packages ("tenantId", name) VALUES ($1, $3) RETURNING id
            ), route AS (
                INSERT INTO package_routing
                    ("tenantId", package_id, mode, "providerType", "primaryProviderId")
                SELECT $1, id, 'auto', 'external', $2::uuid::text FROM package
            ), mapping AS (
                INSERT INTO package_mappings
                    ("tenantId", our_package_id, provider_api_id, provider_package_id)
                SELECT $1, id::text, $2::uuid::text, $3 FROM package
            )
            SELECT id FROM package"#;
        let id = sqlx::query_scalar(sql)
            .bind(self.tenant.0)
            .bind(integration.0)
            .bind(entry)
            .fetch_one(&self.pool)
            .await;
        id.unwrap()
    }

    /// An order as a customer places it now, with what staff may have written into it already.
    /// Each has a player of its own, so a player who was sold to twice is an order bought twice.
    pub(crate) async fn place(&self, package: Uuid) -> OrderId {
        let sql = r#"INSERT INTO product_orders
                ("tenantId", "packageId", "userIdentifier", "sellPriceCurrency", "sellPriceAmount",
                 price, "costAmount", "profitAmount", attempts, "manualNote", notes, "notesCount",
                 "fxLocked", "createdAt")
            VALUES ($1, $2, $3, 'TRY', 49.99, 49.99, 1.25, 14.99, 3, 'call first',
                    '[{"by": "ayşe", "text": "VIP", "at": "2030-03-17T17:00:00Z"}]', 1, true, $4)
            RETURNING id"#;
        let id = sqlx::query_scalar(sql)
            .bind(self.tenant.0)
            .bind(package)
            .bind(format!("player-{}", self.number()))
            .bind(self.now())
            .fetch_one(&self.pool)
            .await;
        OrderId(id.unwrap())
    }

    /// Several orders of one package.
    pub(crate) async fn place_many(&self, package: Uuid, count: usize) -> Vec<OrderId> {
        let mut orders = Vec::with_capacity(count);
        for _ in 0..count {
            orders.push(self.place(package).await);
        }
        orders
    }

    /// Changes columns of the shop's row, such as `quantity = 2`.
    pub(crate) async fn set(&self, order: OrderId, columns: &str) {
        let sql = format!("UPDATE product_orders SET {columns} WHERE id = '{order}'");
        assert_eq!(self.sql(&sql).await, 1, "{columns}");
    }

    /// Runs any statement; returns the number of rows.
    pub(crate) async fn sql(&self, sql: &str) -> u64 {
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&self.pool).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"))
            .rows_affected()
    }
}
