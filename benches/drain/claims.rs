//! What a claim costs, by how many orders are in the table.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use orderwatch::{
    order::{IntegrationId, TenantId},
    store::{DueOrder, Share, Store},
};
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::support::{
    database::{Database, Shop, Watched},
    figures::{count, median, millis, quantile},
    targets::Targets,
};

/// Orders in one claim, as many as the daemon's default has in flight.
const CLAIM: usize = 256;
/// Times of one size of the table beside another that count as the same.
const FLAT: f64 = 1.5;
/// Claims that are measured.
const CLAIMS: usize = 60;

/// What claims cost in one table.
struct Cost {
    /// Milliseconds of each.
    times: Vec<f64>,
    /// Pages of tables and indexes that one looks at, whether they are in memory or not.
    pages: f64,
}

/// Measures and prints a line for each size of the table.
pub(crate) async fn measure(
    targets: &mut Targets,
    rows: &[u64],
    explain: bool,
) -> anyhow::Result<()> {
    println!("\nclaims: {CLAIM} of the due orders, by how many wait in the table");
    let mut first: Option<(f64, f64)> = None;
    let mut worst: (f64, f64) = (1.0, 1.0);
    for &rows in rows {
        let mut cost =
            Database::with(async |database| claims(database, rows, explain).await).await?;
        let middle = median(&mut cost.times);
        let (time, pages) = *first.get_or_insert((middle, cost.pages));
        worst = (worst.0.max(middle / time), worst.1.max(cost.pages / pages));
        println!(
            "  {rows:>9} waiting: {middle:.2} ms per claim (99 %: {:.2} ms), {:.1} us and {:.1} pages per row",
            quantile(&mut cost.times, 0.99),
            1e3 * middle / count(CLAIM),
            cost.pages / count(CLAIM),
        );
    }
    targets.at_most("claims: pages, most rows beside fewest", worst.1, FLAT, "x");
    targets.at_most("claims: time, most rows beside fewest", worst.0, FLAT, "x");
    Ok(())
}

async fn claims(database: &Database, rows: u64, explain: bool) -> anyhow::Result<Cost> {
    let shop = database.shop("http://127.0.0.1:9").await?;
    let waiting = Watched {
        orders: rows,
        due: Duration::from_hours(2),
        spread: Duration::from_hours(10),
    };
    let due = Watched {
        orders: u64::try_from(CLAIM * (CLAIMS + 2))?,
        due: Duration::ZERO,
        spread: Duration::from_secs(1),
    };
    database.put_watched(shop, waiting).await?;
    database.put_watched(shop, due).await?;
    database.tidy_up().await?;
    database.settle().await?;
    tokio::time::sleep(Duration::from_secs(1)).await;

    let store = database.store(1)?;
    let mut times = Vec::new();
    for _ in 0..CLAIMS {
        let began = Instant::now();
        let claimed = claim(&store, shop, Uuid::new_v4()).await?;
        times.push(millis(began.elapsed()));
        ensure!(
            claimed.len() == CLAIM,
            "a claim found {} orders",
            claimed.len()
        );
    }
    store.close().await;
    let plan = plan(database, shop).await?;
    if explain {
        println!("{plan:#}");
    }
    let pages =
        ["Shared Hit Blocks", "Shared Read Blocks"].map(|kind| plan[0]["Plan"][kind].as_f64());
    let pages = pages
        .into_iter()
        .sum::<Option<f64>>()
        .context("no pages in the plan")?;
    Ok(Cost { times, pages })
}

/// One claim, as the poll stream makes it.
pub(crate) async fn claim(store: &Store, shop: Shop, token: Uuid) -> anyhow::Result<Vec<DueOrder>> {
    let share = Share {
        integration: IntegrationId(shop.integration),
        tenant: TenantId(shop.tenant),
        limit: CLAIM,
    };
    let (now, _) = store.now().await?;
    let claimed = store
        .claim_due(&[share], token, now, now + TimeDelta::minutes(2))
        .await?;
    Ok(claimed.into_iter().collect::<Result<_, _>>()?)
}

/// How the server carries a claim out; nothing of it stays.
async fn plan(database: &Database, shop: Shop) -> anyhow::Result<Value> {
    let mut connection = database.connect().await?;
    let (now, token) = (now(&mut connection).await?, Uuid::new_v4());
    let mut trial = connection.begin().await?;
    // As the store asks.
    let by_index = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; \
                    SET LOCAL enable_mergejoin = off";
    sqlx::raw_sql(by_index).execute(&mut *trial).await?;
    let plan = sqlx::query_scalar(concat!(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ",
        include_str!("../../src/store/sql/claim_due.sql")
    ))
    .bind(vec![shop.integration])
    .bind(vec![i64::try_from(CLAIM)?])
    .bind(token)
    .bind(now)
    .bind(now + TimeDelta::minutes(2))
    .fetch_one(&mut *trial)
    .await?;
    trial.rollback().await?;
    Ok(plan)
}

async fn now(connection: &mut PgConnection) -> anyhow::Result<DateTime<Utc>> {
    Ok(sqlx::query_scalar("SELECT clock_timestamp()")
        .fetch_one(connection)
        .await?)
}
