//! A claim reads what it claims, however much else waits, and also while the server knows nothing of
//! the tables yet: a bulk insert is there long before its statistics are.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::{Connection, PgConnection, PgPool, Postgres, postgres::PgArguments, query::Query};
use uuid::Uuid;

use crate::support::{Reseller, Shop, iso};

/// Orders that wait besides; far more than any claim may read.
const CROWD: usize = 3000;
/// Rows that one step of a claim of one order may read: its own, and the few settings around it.
const FEW: f64 = 50.0;

/// Bought, queued and new orders, of which the server has counted none.
async fn crowd(shop: &Shop, reseller: &Reseller) {
    let (tenant, panel, package) = (shop.tenant, reseller.id, reseller.package("2"));
    let now = iso(shop.now());
    // What the server believes now is what it knows about empty tables.
    shop.sql("VACUUM ANALYZE product_orders").await;
    shop.sql("VACUUM ANALYZE orderwatch.orders").await;
    shop.sql(&format!(
        r#"ALTER TABLE product_orders SET (autovacuum_enabled = false);
           ALTER TABLE orderwatch.orders SET (autovacuum_enabled = false);
           INSERT INTO product_orders ("tenantId", "packageId", "userIdentifier", "createdAt")
           SELECT '{tenant}', '{package}', 'crowd-' || n, '{now}'
           FROM generate_series(1, {CROWD}) AS n;
           INSERT INTO orderwatch.orders (order_id, tenant_id, integration_id, reference, stage,
                                          due_at, tracked_at)
           SELECT gen_random_uuid(), '{tenant}', '{panel}', n::text,
                  (ARRAY['queued', 'submitted'])[1 + n % 2], '{now}', '{now}'
           FROM generate_series(1, 2 * {CROWD}) AS n"#
    ))
    .await;
}

/// The most rows that one step of a statement has looked at. Nothing of it stays.
async fn most_rows(connection: &mut PgConnection, query: Query<'_, Postgres, PgArguments>) -> f64 {
    let mut trial = connection.begin().await.unwrap();
    let row = query.fetch_one(&mut *trial).await.unwrap();
    trial.rollback().await.unwrap();
    let plan: Value = sqlx::Row::get(&row, 0);
    let most = rows(&plan[0]["Plan"]);
    assert!(most < FEW, "{most} rows were read:\n{plan:#}");
    most
}

fn rows(step: &Value) -> f64 {
    let number = |name: &str| step[name].as_f64().unwrap_or(0.0);
    let each: f64 = [
        "Actual Rows",
        "Rows Removed by Filter",
        "Rows Removed by Join Filter",
        "Rows Removed by Index Recheck",
    ]
    .map(number)
    .iter()
    .sum();
    let below = step["Plans"].as_array().into_iter().flatten().map(rows);
    below.fold(each * number("Actual Loops"), f64::max)
}

async fn session(pool: &PgPool) -> PgConnection {
    let mut connection = pool.acquire().await.unwrap().detach();
    // As the store's sessions are.
    let plans = "SET plan_cache_mode = force_custom_plan; SET jit = off";
    sqlx::raw_sql(plans).execute(&mut connection).await.unwrap();
    connection
}

fn lease(now: DateTime<Utc>) -> (Uuid, DateTime<Utc>) {
    (Uuid::new_v4(), now + TimeDelta::minutes(2))
}

#[sqlx::test(migrations = false)]
async fn a_claim_of_a_new_order_reads_no_other_orders(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool.clone()).await;
    crowd(&shop, &reseller).await;
    let order = shop.place(reseller.package("2")).await;
    let (now, (token, until)) = (shop.now(), lease(shop.now()));
    let query = sqlx::query(concat!(
        "EXPLAIN (ANALYZE, FORMAT JSON) ",
        include_str!("../../../src/store/sql/claim_new.sql")
    ))
    .bind(vec![order.0])
    .bind(vec![reseller.id.0])
    .bind(vec!["3000000000000001"])
    .bind(vec![0_i16])
    .bind(token)
    .bind(now)
    .bind(until)
    .bind(now + TimeDelta::hours(24))
    .bind(vec![None::<rust_decimal::Decimal>])
    .bind(Uuid::nil())
    .bind(false)
    .bind(vec![reseller.package("2")])
    .bind(vec!["sheet"])
    .bind(vec![None::<rust_decimal::Decimal>]);
    let most = most_rows(&mut session(&pool).await, query).await;
    assert!(most >= 1.0, "the order was claimed");
}

#[sqlx::test(migrations = false)]
async fn a_claim_of_a_queued_order_reads_no_other_orders(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool.clone()).await;
    crowd(&shop, &reseller).await;
    let order = shop.place(reseller.package("2")).await;
    let (tenant, panel, now) = (shop.tenant, reseller.id, shop.now());
    shop.sql(&format!(
        "INSERT INTO orderwatch.orders (order_id, tenant_id, integration_id, reference, stage,
                                        due_at, tracked_at)
         VALUES ('{order}', '{tenant}', '{panel}', '3000000000000001', 'queued', '{0}', '{0}')",
        iso(now)
    ))
    .await;
    let (token, until) = lease(now);
    let query = sqlx::query(concat!(
        "EXPLAIN (ANALYZE, FORMAT JSON) ",
        include_str!("../../../src/store/sql/claim_queued.sql")
    ))
    .bind(vec![order.0])
    .bind(vec![reseller.id.0])
    .bind(vec!["3000000000000001"])
    .bind(vec![0_i16])
    .bind(token)
    .bind(now)
    .bind(until)
    .bind(vec![None::<rust_decimal::Decimal>])
    .bind(Uuid::nil())
    .bind(false)
    .bind(vec![reseller.package("2")])
    .bind(vec!["sheet"])
    .bind(vec![None::<rust_decimal::Decimal>]);
    let most = most_rows(&mut session(&pool).await, query).await;
    assert!(most >= 1.0, "the order was claimed");
}

#[sqlx::test(migrations = false)]
async fn a_claim_of_due_orders_reads_as_many_as_it_takes(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool.clone()).await;
    crowd(&shop, &reseller).await;
    let (now, (token, until)) = (shop.now(), lease(shop.now()));
    let query = sqlx::query(concat!(
        "EXPLAIN (ANALYZE, FORMAT JSON) ",
        include_str!("../../../src/store/sql/claim_due.sql")
    ))
    .bind(vec![reseller.id.0])
    .bind(vec![8_i64])
    .bind(token)
    .bind(now)
    .bind(until);
    let mut session = session(&pool).await;
    let by_index = "SET enable_seqscan = off; SET enable_hashjoin = off; \
                    SET enable_mergejoin = off";
    sqlx::raw_sql(by_index).execute(&mut session).await.unwrap();
    let most = most_rows(&mut session, query).await;
    assert!(most >= 8.0, "orders were claimed");
}

/// The index that a statement goes through, in the plan of a server that has counted the crowd.
async fn plan(pool: &PgPool, sql: String) -> String {
    let rows = sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(format!("EXPLAIN {sql}")));
    let lines = rows.fetch_all(&mut session(pool).await).await.unwrap();
    lines.join("\n")
}

#[sqlx::test(migrations = false)]
async fn what_is_eligible_or_on_its_way_is_found_through_the_index_for_it(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool.clone()).await;
    crowd(&shop, &reseller).await;
    shop.sql(
        r#"UPDATE product_orders SET status = 'approved' WHERE "userIdentifier" <> 'crowd-7'"#,
    )
    .await;
    shop.sql("VACUUM ANALYZE product_orders").await;
    let (tenant, package) = (shop.tenant, reseller.package("2"));
    let unsent = r#"orderwatch.is_unsent(o.status, o."externalStatus", o."sentAt" IS NULL,
                                         o."externalOrderId", o.provider_referans, false)"#;
    let new = format!(
        r#"SELECT o.id FROM product_orders o WHERE {unsent}
           AND (o."tenantId", o."packageId", o."createdAt") > ('{tenant}', '{package}', '-infinity')
           AND (o."tenantId", o."packageId", o."createdAt") <= ('{tenant}', '{package}', 'infinity')
           ORDER BY o."tenantId", o."packageId", o."createdAt" LIMIT 10"#
    );
    let plan_of_new = plan(&pool, new).await;
    assert!(plan_of_new.contains("orderwatch_unsent"), "{plan_of_new}");
    assert!(!plan_of_new.contains("is_pending"), "{plan_of_new}");
    let sent = r#"SELECT o.id FROM product_orders o
        WHERE orderwatch.is_in_flight(o.status, o."externalStatus")
          AND o."sentAt" >= '2030-01-01' AND o."sentAt" <= '2031-01-01'
        ORDER BY o."sentAt", o.id LIMIT 10"#;
    let plan_of_sent = plan(&pool, sent.to_owned()).await;
    assert!(
        plan_of_sent.contains("orderwatch_in_flight"),
        "{plan_of_sent}"
    );
}
