//! A database of the bench's own, on the server of `DATABASE_URL`, and what is put into it.
//!
//! Rows are put in by SQL as the shop and the daemon would have left them. Counters of the server
//! are only complete when the connections that they count are closed.

use std::{
    env,
    time::{Duration, Instant},
};

use anyhow::Context;
use orderwatch::store::Store;
use reqwest::Url;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use uuid::Uuid;

use super::{panel::ACCOUNT, process};

/// The package that every order of the benches buys, as the sandbox panel lists it.
const ENTRY: &str = "2";

/// A database that is removed at the end.
pub(crate) struct Database {
    server: Url,
    url: Url,
    name: String,
}

/// A shop with one panel and one package.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shop {
    /// `"tenantId"`.
    pub(crate) tenant: Uuid,
    /// `integrations.id`.
    pub(crate) integration: Uuid,
    /// `product_packages.id`.
    pub(crate) package: Uuid,
}

/// Orders that were bought and are watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched {
    /// How many.
    pub(crate) orders: u64,
    /// When the first of them is due, from now.
    pub(crate) due: Duration,
    /// From the first due time to the last.
    pub(crate) spread: Duration,
}

impl Database {
    /// Runs a bench with a new database that has all tables and nothing in them.
    pub(crate) async fn with<T>(
        bench: impl AsyncFnOnce(&Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let database = Self::create().await?;
        let result = bench(&database).await;
        database.remove().await?;
        result
    }

    async fn create() -> anyhow::Result<Self> {
        let server = env::var("DATABASE_URL")
            .context("DATABASE_URL is not set; run this by scripts/with-postgres")?;
        let server = Url::parse(&server).context("DATABASE_URL")?;
        let name = format!("orderwatch_bench_{}", Uuid::new_v4().simple());
        let mut url = server.clone();
        url.set_path(&name);
        let database = Self { server, url, name };
        let create = format!("CREATE DATABASE {}", database.name);
        database.on_server(create).await?;
        let store = database.store(1)?;
        let migrated = store.migrate().await;
        store.close().await;
        if let Err(error) = migrated {
            database.remove().await?;
            return Err(error.into());
        }
        Ok(database)
    }

    async fn remove(&self) -> anyhow::Result<()> {
        self.on_server(format!("DROP DATABASE {} WITH (FORCE)", self.name))
            .await
    }

    async fn on_server(&self, statement: String) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect(self.server.as_str()).await?;
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await?;
        Ok(connection.close().await?)
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The product's own way to it.
    pub(crate) fn store(&self, connections: u32) -> anyhow::Result<Store> {
        let url = SecretString::from(self.url.as_str());
        Ok(Store::connect_lazy(
            &url,
            connections,
            Duration::from_secs(30),
            Some(false),
        )?)
    }

    /// A connection of the bench.
    pub(crate) async fn connect(&self) -> anyhow::Result<PgConnection> {
        Ok(PgConnection::connect(self.url.as_str()).await?)
    }

    /// The server's version and what matters for its speed.
    pub(crate) async fn describe(&self) -> anyhow::Result<String> {
        let mut connection = self.connect().await?;
        let text: String = sqlx::query_scalar(
            "SELECT 'Postgres ' || split_part(current_setting('server_version'), ' ', 1)
                 || ', fsync ' || current_setting('fsync')
                 || ', synchronous_commit ' || current_setting('synchronous_commit')
                 || ', shared_buffers ' || current_setting('shared_buffers')",
        )
        .fetch_one(&mut connection)
        .await?;
        connection.close().await?;
        Ok(text)
    }

    /// Opens a shop whose orders are bought at the panel with this address.
    pub(crate) async fn shop(&self, panel: &str) -> anyhow::Result<Shop> {
        let mut connection = self.connect().await?;
        let shop = Shop {
            tenant: Uuid::new_v4(),
            integration: Uuid::new_v4(),
            package: Uuid::new_v4(),
        };
        sqlx::query(
            r#"WITH panel AS (
                   INSERT INTO public.integrations
                       (id, "tenantId", name, provider, "baseUrl", kod, sifre)
                   VALUES ($2, $1, 'bench', 'znet', $4, $5, $6)
               ), package AS (
                   INSERT INTO public.product_packages (id, "tenantId", name)
                   VALUES ($3, $1, 'bench') RETURNING id
               ), route AS (
                   INSERT INTO public.package_routing
                       ("tenantId", package_id, mode, "providerType", "primaryProviderId")
                   SELECT $1, id, 'auto', 'external', $2::text FROM package
               )
               INSERT INTO public.package_mappings
                   ("tenantId", our_package_id, provider_api_id, provider_package_id)
               VALUES ($1, $3::text, $2::text, $7)"#,
        )
        .bind(shop.tenant)
        .bind(shop.integration)
        .bind(shop.package)
        .bind(panel)
        .bind(ACCOUNT.0)
        .bind(ACCOUNT.1)
        .bind(ENTRY)
        .execute(&mut connection)
        .await?;
        connection.close().await?;
        Ok(shop)
    }

    /// Puts in orders that were bought ten minutes ago and that the panel is known to work on.
    /// Returns the moment at which the first of them is due.
    pub(crate) async fn put_watched(&self, shop: Shop, orders: Watched) -> anyhow::Result<Instant> {
        let mut connection = self.connect().await?;
        let due = Instant::now() + orders.due;
        sqlx::query(include_str!("watched.sql"))
            .bind(shop.tenant)
            .bind(shop.integration)
            .bind(shop.package)
            .bind(i64::try_from(orders.orders)?)
            .bind(orders.due.as_secs_f64())
            .bind(orders.spread.as_secs_f64())
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(due)
    }

    /// Puts in orders that nobody has sent yet.
    pub(crate) async fn put_new(&self, shop: Shop, orders: u64) -> anyhow::Result<()> {
        let mut connection = self.connect().await?;
        sqlx::query(
            r#"INSERT INTO public.product_orders ("tenantId", "packageId", "userIdentifier")
               SELECT $1, $2, 'other-' || n FROM generate_series(1, $3) AS n"#,
        )
        .bind(shop.tenant)
        .bind(shop.package)
        .bind(i64::try_from(orders)?)
        .execute(&mut connection)
        .await?;
        Ok(connection.close().await?)
    }

    /// Pauses buying at a shop's panel, as staff do.
    pub(crate) async fn pause(&self, shop: Shop) -> anyhow::Result<()> {
        let mut connection = self.connect().await?;
        sqlx::query(
            "INSERT INTO orderwatch.brakes (scope, who, why, at) VALUES ($1, 'bench', 'bench', now())",
        )
        .bind(shop.integration)
        .execute(&mut connection)
        .await?;
        Ok(connection.close().await?)
    }

    /// Orders of a shop that nobody has sent yet.
    pub(crate) async fn new_orders(&self, shop: Shop) -> anyhow::Result<u64> {
        let mut connection = self.connect().await?;
        let orders: i64 = sqlx::query_scalar(
            r#"SELECT count(*) FROM public.product_orders
               WHERE "tenantId" = $1 AND "externalOrderId" IS NULL"#,
        )
        .bind(shop.tenant)
        .fetch_one(&mut connection)
        .await?;
        connection.close().await?;
        Ok(u64::try_from(orders)?)
    }

    /// Does now what the server would do by itself some time after so many orders have come.
    pub(crate) async fn tidy_up(&self) -> anyhow::Result<()> {
        let mut connection = self.connect().await?;
        for statement in [
            "VACUUM ANALYZE orderwatch.orders",
            "VACUUM ANALYZE public.product_orders",
        ] {
            sqlx::query(statement).execute(&mut connection).await?;
        }
        Ok(connection.close().await?)
    }

    /// Writes to disk what is to be written, so that it is not written while something is
    /// measured. Without the right to ask for it, it stays as it is.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        let mut connection = self.connect().await?;
        if let Err(error) = sqlx::query("CHECKPOINT").execute(&mut connection).await {
            println!("(no checkpoint before measuring: {error})");
        }
        Ok(connection.close().await?)
    }

    /// Transactions that were committed in it by connections that are closed by now.
    pub(crate) async fn commits(&self) -> anyhow::Result<u64> {
        // The server counts them when the process of a connection ends, shortly after the client.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut connection = PgConnection::connect(self.server.as_str()).await?;
        let commits: i64 =
            sqlx::query_scalar("SELECT xact_commit FROM pg_stat_database WHERE datname = $1")
                .bind(&self.name)
                .fetch_one(&mut connection)
                .await?;
        connection.close().await?;
        Ok(u64::try_from(commits)?)
    }

    /// Processor time of the server's processes that work for the daemon; `None` when the server
    /// runs elsewhere.
    pub(crate) async fn server_cpu(&self) -> anyhow::Result<Option<Duration>> {
        let mut connection = PgConnection::connect(self.server.as_str()).await?;
        let rows = sqlx::query(
            "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name = 'orderwatch'",
        )
        .bind(&self.name)
        .fetch_all(&mut connection)
        .await?;
        connection.close().await?;
        let mut sum = Duration::ZERO;
        for row in rows {
            let pid = u32::try_from(row.try_get::<i32, _>(0)?)?;
            if !process::is_postgres(pid) {
                return Ok(None);
            }
            sum += process::cpu(pid)?;
        }
        Ok(Some(sum))
    }
}
