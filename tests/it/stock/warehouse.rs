//! The warehouse's tables, as its own application writes and reads them.

use std::collections::HashMap;

use orderwatch::store::{Sides, Store};
use sqlx::{AssertSqlSafe, PgPool, Row};

use crate::process::roles;

/// A database with the tables of the warehouse.
#[derive(Clone)]
pub(crate) struct Warehouse {
    pub(crate) pool: PgPool,
    pub(crate) store: Store,
}

impl Warehouse {
    pub(crate) async fn new(pool: PgPool) -> Self {
        let daemon = roles::migrate(&pool, Sides::BOTH).await;
        let store = Store::from_pool(daemon);
        Self { pool, store }
    }

    /// Everything is forgotten, as fast as that goes.
    pub(crate) async fn clear(&self) {
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT format('DELETE FROM %I.%I;', table_schema, table_name)
             FROM information_schema.tables
             WHERE table_type = 'BASE TABLE'
               AND (table_schema = 'orderwatch' AND table_name NOT IN ('migrations', 'created')
                    OR table_schema = 'public' AND table_name NOT LIKE 'product%')
             ORDER BY table_name = 'return_orders', table_name",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        self.run(&tables.join("\n")).await;
    }

    /// Runs statements.
    pub(crate) async fn run(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// Makes tables or columns of the application; the daemon gets its rights on them.
    pub(crate) async fn make(&self, tables: &str) {
        self.run(tables).await;
        roles::grant(&self.pool).await;
    }

    /// The rows of a query, their columns as text with `|` between them.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<String> {
        let sql = format!(
            "SELECT (SELECT string_agg(COALESCE(value, '-'), '|' ORDER BY ordinality)
                     FROM json_each_text(row_to_json(q)) WITH ORDINALITY) AS line
             FROM ({sql}) q"
        );
        sqlx::query(AssertSqlSafe(sql))
            .fetch_all(&self.pool)
            .await
            .unwrap()
            .iter()
            .map(|row| row.get("line"))
            .collect()
    }

    /// Sets what lies there.
    pub(crate) async fn stock(&self, barcode: &str, qty: i32) {
        sqlx::query(
            "INSERT INTO central_stock (barcode, qty) VALUES ($1, $2)
             ON CONFLICT (barcode) DO UPDATE SET qty = EXCLUDED.qty",
        )
        .bind(barcode)
        .bind(qty)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// What lies there.
    pub(crate) async fn stocks(&self) -> Vec<(String, i32)> {
        sqlx::query_as("SELECT barcode, qty FROM central_stock ORDER BY barcode")
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    /// Where each order stands: `number table status lines`.
    pub(crate) async fn orders(&self) -> Vec<String> {
        let mut found = Vec::new();
        for place in ["created", "picking", "shipped", "delivered", "cancelled"] {
            let sql = format!(
                "SELECT order_number || ' {place} ' || COALESCE(status, '-') || ' ' ||
                        COALESCE((SELECT string_agg(l ->> 'barcode' || '×' || (l ->> 'quantity'), ' ' ORDER BY l ->> 'barcode', l ->> 'quantity')
                                  FROM jsonb_array_elements(details::jsonb) l), '-')
                 FROM orders_{place}"
            );
            found.extend(self.rows(&sql).await);
        }
        found.sort();
        found
    }

    /// Bar codes that rest because they were refused.
    pub(crate) async fn quarantined(&self) -> Vec<String> {
        self.rows("SELECT barcode FROM orderwatch.stock_items WHERE rests_until IS NOT NULL")
            .await
    }

    /// Moves an order to `orders_picking` and takes its units, as the warehouse's application does.
    /// Returns what it took.
    pub(crate) async fn picked_by_the_application(&self, order: &str) -> HashMap<String, i32> {
        let taken: Vec<(String, i32)> = sqlx::query_as(
            "SELECT e ->> 'barcode', sum((e ->> 'quantity')::integer)::integer
             FROM orders_created o, jsonb_array_elements(o.details::jsonb) e
             WHERE o.order_number = $1 GROUP BY 1",
        )
        .bind(order)
        .fetch_all(&self.pool)
        .await
        .unwrap();
        self.run(&format!(
            "BEGIN;
             UPDATE central_stock c SET qty = c.qty - l.n, updated_at = '2026-01-01'
             FROM (SELECT e ->> 'barcode' AS barcode, sum((e ->> 'quantity')::integer) AS n
                   FROM orders_created o, jsonb_array_elements(o.details::jsonb) e
                   WHERE o.order_number = '{order}' GROUP BY 1) l
             WHERE c.barcode = l.barcode;
             INSERT INTO orders_picking (order_number, status, details, created_at, updated_at, picked_by)
             SELECT order_number, 'Picking', details, created_at, updated_at, 'Ayşe'
             FROM orders_created WHERE order_number = '{order}';
             DELETE FROM orders_created WHERE order_number = '{order}';
             COMMIT;"
        ))
        .await;
        taken.into_iter().collect()
    }
}
