//! A shop as it writes its own tables: plain statements, nothing of the program's code.

use rust_decimal::Decimal;
use sqlx::{Error, PgConnection, PgPool, Row as _};
use uuid::Uuid;

/// One tenant with one account at the panel.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    pool: PgPool,
    pub(crate) tenant: Uuid,
    pub(crate) integration: Uuid,
}

/// What became of an order.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) player: Option<String>,
    pub(crate) status: String,
    pub(crate) external_status: String,
    pub(crate) pin_code: Option<String>,
    pub(crate) cost: Decimal,
    pub(crate) currency: String,
    pub(crate) message: Option<String>,
    pub(crate) referans: Option<String>,
    pub(crate) has_times: bool,
    pub(crate) stage: Option<String>,
    pub(crate) held_reason: Option<String>,
    pub(crate) pin: Option<String>,
}

const ROWS: &str = r#"
    SELECT o.id, o."userIdentifier" AS player, o.status, o."externalStatus" AS external_status,
           o."pinCode" AS pin_code, o."costAmount" AS cost, o."costCurrency" AS currency,
           o."lastMessage" AS message, o.provider_referans AS referans,
           o."sentAt" IS NOT NULL AND o."completedAt" IS NOT NULL
               AND o."durationMs" IS NOT NULL AS has_times,
           t.stage, t.held_reason, t.pin
    FROM public.product_orders o LEFT JOIN orderwatch.orders t ON t.order_id = o.id
    WHERE o."tenantId" = $1 ORDER BY o."orderNo""#;

impl Shop {
    /// The same shop in a copy of its database.
    pub(crate) fn at(&self, pool: PgPool) -> Self {
        Self {
            pool,
            ..self.clone()
        }
    }

    /// Opens a shop whose packages bear the names of the panel's entries.
    pub(crate) async fn open(
        pool: &PgPool,
        base_url: &str,
        (kod, sifre): (&str, &str),
        entries: &[&str],
    ) -> Self {
        let tenant = Uuid::new_v4();
        let integration: Uuid = sqlx::query_scalar(
            r#"INSERT INTO integrations ("tenantId", name, provider, "baseUrl", kod, sifre)
               VALUES ($1, 'panel', 'znet', $2, $3, $4) RETURNING id"#,
        )
        .bind(tenant)
        .bind(base_url)
        .bind(kod)
        .bind(sifre)
        .fetch_one(pool)
        .await
        .unwrap();
        let shop = Self {
            pool: pool.clone(),
            tenant,
            integration,
        };
        for entry in entries {
            shop.package(entry, integration).await;
        }
        shop
    }

    /// An account at a panel of the kind barakat, and a package that bears the name of its entry.
    pub(crate) async fn barakat(&self, base_url: &str, token: &str, entry: &str) {
        let integration: Uuid = sqlx::query_scalar(
            r#"INSERT INTO integrations ("tenantId", name, provider, "baseUrl", "apiToken")
               VALUES ($1, 'other panel', 'barakat', $2, $3) RETURNING id"#,
        )
        .bind(self.tenant)
        .bind(base_url)
        .bind(token)
        .fetch_one(&self.pool)
        .await
        .unwrap();
        self.package(entry, integration).await;
    }

    /// A second panel for the package of this entry, and what it is called there: the same.
    pub(crate) async fn fall_back(&self, entry: &str, base_url: &str, (kod, sifre): (&str, &str)) {
        let sql = r#"
            WITH panel AS (
                INSERT INTO integrations ("tenantId", name, provider, "baseUrl", kod, sifre)
                VALUES ($1, 'second panel', 'znet', $3, $4, $5) RETURNING id
            ), package AS (
                SELECT id FROM product_packages WHERE "tenantId" = $1 AND name = $2
            ), mapping AS (
                INSERT INTO package_mappings
                    ("tenantId", our_package_id, provider_api_id, provider_package_id)
                SELECT $1, package.id::text, panel.id::text, $2 FROM panel, package
            )
            UPDATE package_routing r SET "fallbackProviderId" = panel.id::text
            FROM panel, package WHERE r.package_id = package.id"#;
        let made = sqlx::query(sql).bind(self.tenant).bind(entry);
        let made = made.bind(base_url).bind(kod).bind(sifre);
        made.execute(&self.pool).await.unwrap();
    }

    async fn package(&self, entry: &str, integration: Uuid) {
        let package: Uuid = sqlx::query_scalar(
            r#"INSERT INTO product_packages ("tenantId", name) VALUES ($1, $2) RETURNING id"#,
        )
        .bind(self.tenant)
        .bind(entry)
        .fetch_one(&self.pool)
        .await
        .unwrap();
        sqlx::query(
            r#"INSERT INTO package_routing
                   ("tenantId", package_id, mode, "providerType", "primaryProviderId")
               VALUES ($1, $2, 'auto', 'external', $3::text)"#,
        )
        .bind(self.tenant)
        .bind(package)
        .bind(integration.to_string())
        .execute(&self.pool)
        .await
        .unwrap();
        sqlx::query(
            r#"INSERT INTO package_mappings
                   ("tenantId", our_package_id, provider_api_id, provider_package_id)
               VALUES ($1, $2::text, $3::text, $4)"#,
        )
        .bind(self.tenant)
        .bind(package.to_string())
        .bind(integration.to_string())
        .bind(entry)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// A customer orders.
    pub(crate) async fn order(&self, entry: &str, player: &str) -> Uuid {
        let mut session = self.pool.acquire().await.unwrap();
        self.order_in(&mut session, entry, player).await
    }

    /// The same in a transaction of the shop's.
    pub(crate) async fn order_in(
        &self,
        session: &mut PgConnection,
        entry: &str,
        player: &str,
    ) -> Uuid {
        sqlx::query_scalar(
            r#"INSERT INTO product_orders ("tenantId", "packageId", "userIdentifier", price)
               SELECT $1, id, $3, 49.99 FROM product_packages
               WHERE "tenantId" = $1 AND name = $2 RETURNING id"#,
        )
        .bind(self.tenant)
        .bind(entry)
        .bind(player)
        .fetch_one(session)
        .await
        .unwrap()
    }

    /// Many customers order at once, each with a player id of its own: `{name}-1`, `{name}-2` …
    pub(crate) async fn orders(&self, entry: &str, name: &str, count: usize) {
        sqlx::query(
            r#"INSERT INTO product_orders ("tenantId", "packageId", "userIdentifier", price)
               SELECT $1, id, $3 || '-' || n, 49.99
               FROM product_packages, generate_series(1, $4) AS n
               WHERE "tenantId" = $1 AND name = $2"#,
        )
        .bind(self.tenant)
        .bind(entry)
        .bind(name)
        .bind(i32::try_from(count).unwrap())
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// All orders.
    pub(crate) async fn rows(&self) -> Vec<Row> {
        loop {
            let rows = sqlx::query_as(ROWS).bind(self.tenant).fetch_all(&self.pool);
            match rows.await {
                // Where a test makes every transaction serializable, this one is one of them.
                Err(Error::Database(error)) if error.code().as_deref() == Some("40001") => {}
                rows => return rows.unwrap(),
            }
        }
    }

    /// One order.
    pub(crate) async fn row(&self, order: Uuid) -> Row {
        let mut rows = self.rows().await;
        let place = rows.iter().position(|row| row.id == order).unwrap();
        rows.swap_remove(place)
    }

    /// The kinds of an order's events, in order.
    pub(crate) async fn events(&self, order: Uuid) -> Vec<String> {
        let sql = "SELECT kind FROM orderwatch.events WHERE order_id = $1 ORDER BY id";
        let rows = sqlx::query(sql).bind(order).fetch_all(&self.pool).await;
        rows.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// Waits until an order is as wanted.
    pub(crate) async fn wait_for(&self, order: Uuid, wanted: impl Fn(&Row) -> bool) -> Row {
        let what = format!("order {order}");
        super::until(&what, || async {
            let row = self.row(order).await;
            wanted(&row).then_some(row)
        })
        .await
    }

    /// Waits until an order is completed.
    pub(crate) async fn completed(&self, order: Uuid) -> Row {
        self.wait_for(order, |row| row.stage.as_deref() == Some("completed"))
            .await
    }

    /// Waits until nobody works on any order any more: as long as it takes, while they become fewer.
    pub(crate) async fn settled(&self) -> Vec<Row> {
        let mut left = usize::MAX;
        loop {
            let fewer = super::attempt(|| async {
                let rows = self.rows().await;
                let open = rows.iter().filter(|row| !row.is_settled()).count();
                (open < left).then_some((open, rows))
            });
            let Some((open, rows)) = fewer.await else {
                let mut rows = self.rows().await;
                rows.retain(|row| !row.is_settled());
                panic!("never settled: {rows:#?}");
            };
            if open == 0 {
                return rows;
            }
            left = open;
        }
    }
}

impl Row {
    /// Whether it is final, or waits for a person.
    pub(crate) fn is_settled(&self) -> bool {
        let open = ["queued", "dispatching", "submitted", "unconfirmed"];
        self.stage
            .as_deref()
            .is_some_and(|stage| !open.contains(&stage))
    }

    pub(crate) fn is_completed(&self) -> bool {
        self.stage.as_deref() == Some("completed")
    }
}
