//! The database of the demo: rows as the shop and the warehouse write them themselves, and what
//! orderwatch made of them.
//!
//! What must stay true: nothing is written to a database that holds anything but an earlier demo.

mod shop;
mod warehouse;

use std::time::Duration;

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub(super) use self::shop::{Event, Order};

/// Where the database is.
const VARIABLE: &str = "DATABASE_URL";
const NOT_NAMED: &str = "\
the demo needs a Postgres database that is empty, in $DATABASE_URL, such as postgres://user@localhost/demo;
in the source's folder `scripts/with-postgres` starts one for a command, as `scripts/demo` does";

/// The database; clones share connections.
#[derive(Clone, Debug)]
pub(super) struct Database {
    pub(super) url: String,
    pool: PgPool,
}

impl Database {
    /// The one of `$DATABASE_URL`, which must not hold anybody's shop or warehouse.
    pub(super) async fn open_empty() -> anyhow::Result<Self> {
        let url = std::env::var(VARIABLE).context(NOT_NAMED)?;
        let options: PgConnectOptions = url.parse().context("$DATABASE_URL is no address")?;
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.application_name("sandbox"))
            .await
            .context("the demo cannot use $DATABASE_URL; `scripts/with-postgres` starts a server for a command")?;

        let database = Self { url, pool };
        ensure!(
            database.is_practice().await.context("looking for a shop")?,
            "there is a shop in this database, or a warehouse; give the demo an empty one in $DATABASE_URL"
        );
        Ok(database)
    }

    /// Whether there is no table yet, or all shops and warehouses are those of the demo.
    async fn is_practice(&self) -> sqlx::Result<bool> {
        let (migrated, has_tables): (bool, bool) = sqlx::query_as(
            "SELECT to_regclass('orderwatch.migrations') IS NOT NULL
                    AND to_regclass('public.product_orders') IS NOT NULL
                    AND to_regclass('public.raf_urunleri') IS NOT NULL,
                    EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public')",
        )
        .fetch_one(&self.pool)
        .await?;
        if !migrated {
            return Ok(!has_tables);
        }
        Ok(self.is_practice_shop().await? && self.is_practice_warehouse().await?)
    }

    /// The database's own time.
    pub(super) async fn now(&self) -> sqlx::Result<DateTime<Utc>> {
        sqlx::query_scalar("SELECT clock_timestamp()")
            .fetch_one(&self.pool)
            .await
    }
}
