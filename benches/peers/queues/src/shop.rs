//! The shop: a database of the bench's own, with orders that were bought ten minutes ago.

use std::str::FromStr;

use anyhow::ensure;
use sqlx::{
    AssertSqlSafe, Connection, FromRow, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use crate::panel::{Answer, Answers};

/// The workers' sessions have another name, by which their processor time is found.
pub(crate) const WORKER: &str = "peer worker";

/// A new database on a server.
pub(crate) struct Database {
    server: String,
    name: String,
}

impl Database {
    pub(crate) async fn create(server: &str) -> anyhow::Result<Self> {
        let name = format!("orderwatch_peer_{}", Uuid::new_v4().simple());
        on(server, &format!("CREATE DATABASE {name}")).await?;
        let database = Self {
            server: server.to_owned(),
            name,
        };
        let pool = database.pool(1, "peer bench")?;
        sqlx::raw_sql(include_str!("shop.sql"))
            .execute(&pool)
            .await?;
        pool.close().await;
        Ok(database)
    }

    pub(crate) async fn drop(self) -> anyhow::Result<()> {
        on(
            &self.server,
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        )
        .await
    }

    /// Its address, for a process that is started with it.
    pub(crate) fn url(&self) -> String {
        let (path, options) = match self.server.split_once('?') {
            Some((path, options)) => (path, format!("?{options}")),
            None => (&*self.server, String::new()),
        };
        let server = path.rsplit_once('/').map_or(path, |(server, _)| server);
        format!("{server}/{}{options}", self.name)
    }

    pub(crate) fn pool(&self, connections: u32, name: &str) -> anyhow::Result<PgPool> {
        pool(&self.url(), connections, name)
    }
}

pub(crate) fn pool(url: &str, connections: u32, name: &str) -> anyhow::Result<PgPool> {
    let options = PgConnectOptions::from_str(url)?.application_name(name);
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .connect_lazy_with(options))
}

async fn on(server: &str, statement: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(server).await?;
    let statement = AssertSqlSafe(statement.to_owned());
    sqlx::raw_sql(statement).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// An order as a check reads it.
#[derive(FromRow)]
pub(crate) struct Order {
    #[sqlx(rename = "tenantId")]
    tenant: Uuid,
    #[sqlx(rename = "providerId")]
    provider: String,
    #[sqlx(rename = "externalStatus")]
    pub(crate) external_status: String,
    pub(crate) provider_referans: String,
}

/// The shop's account at the panel.
#[derive(FromRow)]
pub(crate) struct Integration {
    #[sqlx(rename = "baseUrl")]
    pub(crate) base_url: String,
    pub(crate) kod: String,
    pub(crate) sifre: String,
}

pub(crate) async fn order(pool: &PgPool, id: Uuid) -> anyhow::Result<Order> {
    let sql = r#"SELECT "tenantId", "providerId", "externalStatus", provider_referans
                 FROM product_orders WHERE id = $1"#;
    Ok(sqlx::query_as(sql).bind(id).fetch_one(pool).await?)
}

pub(crate) async fn integration(pool: &PgPool, order: &Order) -> anyhow::Result<Integration> {
    let sql = r#"SELECT "baseUrl", kod, sifre FROM integrations WHERE id = $1 AND "tenantId" = $2"#;
    let found = sqlx::query_as(sql)
        .bind(Uuid::from_str(&order.provider)?)
        .bind(order.tenant);
    Ok(found.fetch_one(pool).await?)
}

/// Writes an answer down, as the shop does it: what it ends, too.
pub(crate) async fn record(pool: &PgPool, order: Uuid, answer: &Answer) -> anyhow::Result<()> {
    let sql = if answer.is_final() {
        r#"UPDATE product_orders
           SET "externalStatus" = $2, "providerMessage" = $3, "lastMessage" = left($3, 250),
               attempts = attempts + 1, "lastSyncAt" = now(), "pinCode" = $4,
               status = CASE $2 WHEN 'done' THEN 'approved' ELSE 'rejected' END,
               "completedAt" = now()
           WHERE id = $1"#
    } else {
        r#"UPDATE product_orders
           SET "externalStatus" = $2, "providerMessage" = $3, "lastMessage" = left($3, 250),
               attempts = attempts + 1, "lastSyncAt" = now()
           WHERE id = $1"#
    };
    let mut update = sqlx::query(sql)
        .bind(order)
        .bind(answer.state)
        .bind(&answer.message);
    if answer.is_final() {
        update = update.bind(&answer.pin);
    }
    let written = update.execute(pool).await?.rows_affected();
    ensure!(written == 1, "order {order} was not written");
    Ok(())
}

/// A shop with this many orders that the panel is known to work on. Their ids follow from their numbers.
pub(crate) async fn put(
    pool: &PgPool,
    panel: &str,
    first: u32,
    orders: u32,
) -> anyhow::Result<Vec<Uuid>> {
    let sql = r#"WITH account AS (
            INSERT INTO integrations VALUES (gen_random_uuid(), gen_random_uuid(), $1, 'bayi', 'gizli')
            RETURNING id, "tenantId"
        )
        INSERT INTO product_orders (id, "tenantId", status, "userIdentifier", "providerId",
            "externalOrderId", "externalStatus", provider_referans, attempts, "sentAt", "createdAt")
        SELECT md5('order ' || n)::uuid, "tenantId", 'pending', 'player-' || n, account.id,
            md5('order ' || n), 'processing', 3000000000000000 + n, 0,
            now() - interval '10 minutes', now() - interval '10 minutes'
        FROM account, generate_series($2::bigint, $2 + $3 - 1) AS n
        RETURNING id"#;
    let put = sqlx::query_scalar(sql)
        .bind(panel)
        .bind(i64::from(first))
        .bind(i64::from(orders));
    Ok(put.fetch_all(pool).await?)
}

/// How many orders are as one check leaves them.
pub(crate) async fn checked_once(pool: &PgPool, answers: Answers) -> anyhow::Result<i64> {
    let sql = match answers {
        Answers::Waiting => {
            r#"SELECT count(*) FROM product_orders WHERE attempts = 1
               AND "externalStatus" = 'processing' AND status = 'pending' AND "pinCode" IS NULL"#
        }
        Answers::Done => {
            r#"SELECT count(*) FROM product_orders WHERE attempts = 1
               AND "externalStatus" = 'done' AND status = 'approved' AND "pinCode" IS NOT NULL"#
        }
    };
    Ok(sqlx::query_scalar(sql).fetch_one(pool).await?)
}

/// What is to be written to disk is written now; without the right to ask for it, it stays as it is.
pub(crate) async fn settle(pool: &PgPool) {
    for statement in ["VACUUM ANALYZE", "CHECKPOINT"] {
        if let Err(error) = sqlx::raw_sql(statement).execute(pool).await {
            println!("(no {statement} before measuring: {error})");
        }
    }
}
