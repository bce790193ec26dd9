//! Who works in a database besides: what the applications do is known by what they leave in their own tables.
//!
//! Tables of which no version of an application is sure to have them are asked about by statements that are not
//! checked at compile time: the schema of the queries does not have them.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Sides, Store, StoreError};
use crate::{order::IntegrationId, provider::kind::Kind};

/// What the shop itself does with orders for panels which orderwatch buys at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShopActivity {
    /// Orders that it sent since the given time.
    pub(crate) sent: i64,
    /// Those of them that its own sender sent, as they were placed, and that a live orderwatch would have bought too.
    pub(crate) sent_beside: i64,
    /// Orders that were placed since then and since it last sent one, that it could have sent, and that nobody has.
    pub(crate) unsent: i64,
    /// Orders of a day that orderwatch has sent, and that were placed since the shop last sent one.
    pub(crate) bought: i64,
    /// When it last sent one.
    pub(crate) last_sent: Option<DateTime<Utc>>,
    /// When it last wrote down what a panel said of one.
    pub(crate) last_asked: Option<DateTime<Utc>>,
}

/// A task of the shop's Celery beat, where it keeps them in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BeatTask {
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) last_run: Option<DateTime<Utc>>,
}

/// Products that the warehouse has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WarehouseStock {
    pub(crate) products: i64,
    /// Of which there is at least one.
    pub(crate) in_stock: i64,
}

impl Store {
    /// Whose tables the database has, whatever the configuration says.
    pub(crate) async fn applications(&self) -> Result<Sides, StoreError> {
        sqlx::query_as!(
            Sides,
            r#"SELECT to_regclass('public.product_orders') IS NOT NULL AS "shop!",
                      to_regclass('public.central_stock') IS NOT NULL AS "warehouse!""#
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking for the applications' tables"))
    }

    /// Whether orderwatch has made tables in this database, of whatever version.
    pub(crate) async fn installed(&self) -> Result<bool, StoreError> {
        // By the catalogue, which every role may read.
        sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM pg_class
                              WHERE relnamespace = to_regnamespace('orderwatch') AND relkind = 'r') AS "there!""#
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking for tables of orderwatch"))
    }

    /// What the shop does with orders that are routed or sent to a panel of these kinds; without our schema
    /// (`migrated`) all of them are the shop's. One that was placed before `before` would be sent by now. At the
    /// panels in `paused` orderwatch does not buy.
    pub(crate) async fn shop_activity(
        &self,
        since: DateTime<Utc>,
        before: DateTime<Utc>,
        migrated: bool,
        paused: &[IntegrationId],
    ) -> Result<ShopActivity, StoreError> {
        let (tracked, bought) = if migrated {
            self.tracked_since(since).await?
        } else {
            (Vec::new(), Vec::new())
        };
        let paused: Vec<Uuid> = paused.iter().map(|panel| panel.0).collect();

        sqlx::query_file_as!(
            ShopActivity,
            "src/store/sql/shop_activity.sql",
            since,
            Kind::names(),
            &bought,
            &tracked,
            before,
            &paused,
            self.buy_chained
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking at what the shop does"))
    }

    /// Orders that orderwatch tracks, and those of them that it has sent itself.
    async fn tracked_since(
        &self,
        since: DateTime<Utc>,
    ) -> Result<(Vec<Uuid>, Vec<Uuid>), StoreError> {
        let rows = sqlx::query!(
            r#"SELECT order_id, dispatched_at IS NOT NULL AS "bought!" FROM orderwatch.orders
               WHERE tracked_at > $1::timestamptz - interval '1 day'"#,
            since
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading which orders are tracked"))?;

        let tracked = rows.iter().map(|row| row.order_id).collect();
        let bought = rows.iter().filter(|row| row.bought);
        Ok((tracked, bought.map(|row| row.order_id).collect()))
    }

    /// The tasks of the shop's Celery beat that are about orders; `None` where the database does not say.
    pub(crate) async fn beat_tasks(&self) -> Result<Option<Vec<BeatTask>>, StoreError> {
        const TABLE: &str = "public.django_celery_beat_periodictask";
        if !self.may_read(TABLE, "enabled").await? {
            return Ok(None);
        }

        // Not checked at compile time: the schema of the queries has no such table.
        let sql = "SELECT name::text, enabled, last_run_at::timestamptz
                   FROM public.django_celery_beat_periodictask
                   WHERE task LIKE '%orders%' ORDER BY name";
        let rows: Vec<(String, bool, Option<DateTime<Utc>>)> = sqlx::query_as(sql)
            .fetch_all(&self.pool)
            .await
            .map_err(StoreError::doing("reading the tasks of Celery beat"))?;

        let tasks = rows.into_iter().map(|(name, enabled, last_run)| BeatTask {
            name,
            enabled,
            last_run,
        });
        Ok(Some(tasks.collect()))
    }

    /// Whether the warehouse's application sends stock by itself; `None` where the database does not say.
    pub(crate) async fn application_pushes(&self) -> Result<Option<bool>, StoreError> {
        if !self
            .may_read("public.platform_configs", "is_active")
            .await?
        {
            return Ok(None);
        }

        // Not checked at compile time, as above. Without a row it sends.
        let sql = "SELECT COALESCE(bool_and(is_active), true)
                   FROM public.platform_configs WHERE platform = 'global'";
        sqlx::query_scalar(sql)
            .fetch_one(&self.pool)
            .await
            .map(Some)
            .map_err(StoreError::doing(
                "reading whether the warehouse sends stock",
            ))
    }

    async fn may_read(&self, table: &str, column: &str) -> Result<bool, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT COALESCE(bool_or(has_column_privilege(a.attrelid, a.attnum, 'SELECT')), false)
                   AS "may!"
               FROM pg_attribute a
               WHERE a.attrelid = to_regclass($1) AND a.attname = $2 AND NOT a.attisdropped"#,
            table,
            column
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("asking about rights"))
    }

    /// When the application last sent stock to Trendyol; `None` where the database does not say.
    pub(crate) async fn application_pushed(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        // Of the two logs that its versions keep, the first is its own alone; into the second orderwatch
        // writes as well, but not before it has sent something.
        if self.may_read("public.sync_sessions", "created_at").await? {
            let sql = "SELECT max(created_at AT TIME ZONE 'UTC') FROM public.sync_sessions
                       WHERE lower(platform) = 'trendyol'";
            return self.newest(sql).await;
        }

        let log = self.may_read("public.stock_push_log", "push_time").await?;
        if log && self.own_last_push().await?.is_none() {
            let sql = "SELECT max(push_time)::timestamptz FROM public.stock_push_log";
            return self.newest(sql).await;
        }
        Ok(None)
    }

    /// Not checked at compile time: the schema of the queries has no such table, and it may be missing.
    async fn newest(&self, sql: &'static str) -> Result<Option<DateTime<Utc>>, StoreError> {
        sqlx::query_scalar(sql)
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::doing("reading when the warehouse sent stock"))
    }

    /// What the warehouse has.
    pub(crate) async fn warehouse_stock(&self) -> Result<WarehouseStock, StoreError> {
        sqlx::query_as!(
            WarehouseStock,
            r#"SELECT count(*) AS "products!", count(*) FILTER (WHERE qty > 0) AS "in_stock!"
               FROM public.central_stock"#
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("counting the warehouse's stock"))
    }

    /// When orderwatch last sent stock; never where our schema does not exist.
    async fn own_last_push(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        if !self.may_read("orderwatch.stock_batches", "sent_at").await? {
            return Ok(None);
        }
        self.newest("SELECT max(sent_at) FROM orderwatch.stock_batches")
            .await
    }
}
