//! What is deleted when it is old, and what never is.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use orderwatch::{
    config,
    order::OrderId,
    store::Audience,
    worker::jobs::retention::{Retention, RetentionReport},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use crate::{
    people::run,
    support::{Rig, Shop},
};

const EVENTS: Duration = Duration::from_hours(90 * 24);
const JOB_RUNS: Duration = Duration::from_hours(30 * 24);

fn retention(shop: &Shop) -> Retention {
    Retention {
        store: shop.store.clone(),
        clock: Arc::clone(&shop.clock) as _,
        keep: config::Retention {
            events: EVENTS,
            job_runs: JOB_RUNS,
            stats: JOB_RUNS,
        },
    }
}

async fn prune(shop: &Shop) -> RetentionReport {
    retention(shop).prune().await.unwrap()
}

async fn count(shop: &Shop, table: &str) -> i64 {
    let sql = AssertSqlSafe(format!("SELECT count(*) FROM orderwatch.{table}"));
    sqlx::query_scalar(sql).fetch_one(&shop.pool).await.unwrap()
}

/// Orders with an event at their end, written without a panel.
async fn finished(shop: &Shop, count: i64, at: DateTime<Utc>) {
    let sql = "WITH made AS (
            INSERT INTO orderwatch.orders (order_id, tenant_id, stage, tracked_at, finished_at)
            SELECT gen_random_uuid(), $1, 'withdrawn', $2, $2 FROM generate_series(1, $3)
            RETURNING order_id)
        INSERT INTO orderwatch.events (order_id, at, kind) SELECT order_id, $2, 'withdrawn' FROM made";
    let done = sqlx::query(sql).bind(shop.tenant.0).bind(at).bind(count);
    done.execute(&shop.pool).await.unwrap();
}

/// Everything about an order that is not its timeline.
async fn rest_of(shop: &Shop, order: OrderId) -> String {
    let tracked = shop.tracked(order).await;
    format!(
        "{tracked:?} {:?} {:?}",
        shop.purchases(order).await,
        shop.pin(order).await
    )
}

#[sqlx::test(migrations = false)]
async fn only_the_timeline_of_orders_that_ended_long_ago_is_deleted(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let done = shop.place(reseller.package("2")).await;
    let held = shop.place(reseller.package("2")).await;
    shop.set(held, "quantity = 2").await;
    rig.buy().await;
    rig.run_out().await;
    // Bought much later, and still open when the others have grown old.
    shop.advance(EVENTS / 2);
    let open = shop.place(reseller.package("2")).await;
    rig.buy().await;
    shop.sql(
        "INSERT INTO orderwatch.actions (at, who, what, target, why)
              VALUES ('2000-01-01Z', 'ayşe', 'retry', 'x', 'y')",
    )
    .await;
    let before = rest_of(&shop, done).await;
    let finished_at = shop.tracked(done).await.finished_at.unwrap();
    let (of_held, of_open) = (shop.events(held).await, shop.events(open).await);

    let ahead = |until: DateTime<Utc>| (until - shop.now()).to_std().unwrap();
    shop.advance(ahead(finished_at + EVENTS));
    assert_eq!(prune(&shop).await.events, 0, "exactly as old as the limit");
    assert!(!shop.events(done).await.is_empty());
    shop.advance(Duration::from_micros(1));
    let report = prune(&shop).await;
    assert!(report.events > 0);
    assert_eq!(shop.events(done).await, Vec::<String>::new());
    assert_eq!(rest_of(&shop, done).await, before);

    shop.advance(EVENTS * 3);
    prune(&shop).await;
    assert_eq!(shop.events(held).await, of_held);
    assert_eq!(shop.events(open).await, of_open);
    assert_eq!(count(&shop, "actions").await, 1);
    assert_eq!(count(&shop, "purchases").await, 2);
}

#[sqlx::test(migrations = false)]
async fn more_than_a_page_goes_in_one_pass_and_the_next_one_begins_where_it_ended(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    let old = shop.now() - EVENTS - Duration::from_secs(1);
    // More than a page, and all at the same moment.
    finished(&shop, 1201, old).await;
    finished(&shop, 3, shop.now()).await;
    assert_eq!(prune(&shop).await.events, 1201);
    assert_eq!(
        (count(&shop, "events").await, count(&shop, "orders").await),
        (3, 1204)
    );
    assert_eq!(prune(&shop).await, RetentionReport::default());
    shop.advance(EVENTS + Duration::from_secs(2));
    assert_eq!(prune(&shop).await.events, 3);
    let until = shop.store.events_pruned_until().await.unwrap().unwrap();
    assert_eq!(until, shop.now() - TimeDelta::from_std(EVENTS).unwrap());
}

#[sqlx::test(migrations = false)]
async fn a_pass_by_hand_says_what_it_did(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    // The command's clock is the database's.
    let long_ago = DateTime::UNIX_EPOCH;
    finished(&shop, 2, long_ago).await;
    finished(&shop, 3, shop.now()).await;
    let report = run(&shop, "once retention").await.json();
    let want = json!({"events": 2, "job_runs": 0, "stats": 0, "notices": 0, "shadow": 0, "readings": 0, "stranded": 0});
    assert_eq!(report, want);
    assert_eq!(count(&shop, "events").await, 3);
}

#[sqlx::test(migrations = false)]
async fn passes_notices_and_shadow_rows_go_by_their_own_age(pool: PgPool) {
    let mut shop = Shop::bare(pool).await;
    let audience = Audience {
        endpoint: "shop".to_owned(),
        tenant: None,
    };
    shop.store = shop.store.clone().telling(vec![audience]);
    let now = shop.now();
    for (n, age) in [EVENTS, JOB_RUNS].into_iter().enumerate() {
        for (m, at) in [now - age, now - age - Duration::from_micros(1)]
            .into_iter()
            .enumerate()
        {
            let sql = "INSERT INTO orderwatch.job_runs (job, tick, started_at) VALUES ($1, $2, $2)";
            let run = sqlx::query(sql).bind(format!("job {n}{m}")).bind(at);
            run.execute(&shop.pool).await.unwrap();
        }
    }
    let open = Uuid::new_v4();
    let sql = "INSERT INTO orderwatch.orders (order_id, tenant_id, stage, held_reason, tracked_at)
               VALUES ($1, $1, 'held', 'no_player', '2000-01-01Z')";
    sqlx::query(sql)
        .bind(open)
        .execute(&shop.pool)
        .await
        .unwrap();
    for (order, age) in [
        (open, EVENTS * 2),
        (Uuid::new_v4(), EVENTS * 2),
        (Uuid::new_v4(), EVENTS),
    ] {
        let sql = "INSERT INTO orderwatch.shadow (order_id, tenant_id, at) VALUES ($1, $1, $2)";
        sqlx::query(sql)
            .bind(order)
            .bind(now - age)
            .execute(&shop.pool)
            .await
            .unwrap();
    }
    for (age, due, end, endpoint) in [
        (EVENTS * 2, None, "delivered_at", "shop"),
        (EVENTS * 2, None, "given_up_at", "shop"),
        (EVENTS, None, "delivered_at", "shop"),
        (EVENTS * 2, Some(now), "", "shop"),
        (EVENTS * 2, Some(now), "", "gone"),
        (EVENTS, Some(now), "", "gone"),
    ] {
        let end = if end.is_empty() {
            String::new()
        } else {
            format!(", {end} = $2")
        };
        let sql = AssertSqlSafe(format!(
            "WITH made AS (INSERT INTO orderwatch.notices
                 (id, endpoint, order_id, tenant_id, body, created_at, due_at{})
             VALUES (gen_random_uuid(), $1, $3, $3, '{{}}', $2, $4{})) SELECT 1",
            end.replace(" = $2", ""),
            if end.is_empty() { "" } else { ", $2" }
        ));
        let made = sqlx::query(sql)
            .bind(endpoint)
            .bind(now - age)
            .bind(open)
            .bind(due);
        made.execute(&shop.pool).await.unwrap();
    }
    let report = prune(&shop).await;
    let want = RetentionReport {
        events: 0,
        job_runs: 3,
        stats: 0,
        notices: 3,
        shadow: 1,
        readings: 0,
        stranded: 1,
    };
    assert_eq!(report, want);
    assert_eq!(count(&shop, "shadow").await, 2);
    assert_eq!(count(&shop, "notices").await, 3);
}
