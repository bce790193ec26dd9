//! What keeps a panel from being asked: breakers, pauses, limits, and where an order goes instead.

use chrono::{DateTime, Utc};
use orderwatch::{order::IntegrationId, store::EVERYWHERE};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::Shop;

impl Shop {
    /// Until when a panel is left alone, and why; `None` while its breaker is closed.
    pub(crate) async fn breaker(&self, panel: IntegrationId) -> Option<(DateTime<Utc>, String)> {
        let sql = "SELECT open_until, open_reason FROM orderwatch.panels
                   WHERE integration_id = $1 AND open_until IS NOT NULL";
        let open = sqlx::query_as(sql).bind(panel.0);
        open.fetch_optional(&self.pool).await.unwrap()
    }

    /// Somebody pauses buying at one panel, or everywhere.
    pub(crate) async fn pause(&self, panel: Option<IntegrationId>) {
        let sql = "INSERT INTO orderwatch.brakes (scope, who, why, at)
                   VALUES ($1, 'ayşe', 'stocktaking', $2)";
        let paused = sqlx::query(sql).bind(scope(panel)).bind(self.now());
        paused.execute(&self.pool).await.unwrap();
    }

    /// Somebody lets it go on.
    pub(crate) async fn resume(&self, panel: Option<IntegrationId>) {
        let resumed =
            sqlx::query("DELETE FROM orderwatch.brakes WHERE scope = $1").bind(scope(panel));
        let rows = resumed.execute(&self.pool).await.unwrap();
        assert_eq!(rows.rows_affected(), 1);
    }

    /// Gives a package a second panel, for when the first refuses, and what to buy there.
    pub(crate) async fn fall_back(&self, package: Uuid, panel: IntegrationId, entry: &str) {
        self.sql(&format!(
            r#"UPDATE package_routing SET "fallbackProviderId" = '{panel}'
               WHERE package_id = '{package}';
               INSERT INTO package_mappings
                   ("tenantId", our_package_id, provider_api_id, provider_package_id)
               VALUES ('{tenant}', '{package}', '{panel}', '{entry}')"#,
            tenant = self.tenant.0
        ))
        .await;
    }

    /// A number from the database.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let count = sqlx::query_scalar(AssertSqlSafe(sql));
        count.fetch_one(&self.pool).await.unwrap()
    }
}

fn scope(panel: Option<IntegrationId>) -> Uuid {
    panel.map_or(EVERYWHERE, |panel| panel.0)
}
