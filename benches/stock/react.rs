//! How soon the daemon does something about what happens, beside a store with Trendyol's limits.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use sandbox::trendyol::Endpoint;
use sqlx::{AssertSqlSafe, Connection};

use crate::{
    seller::{Seller, barcode},
    support::{daemon::Daemon, database::Database, figures::quantile, targets::Targets},
    warehouse::{run, stock},
};

/// Changes of each kind; each of another product.
const CHANGES: u32 = 50;
/// Pieces of each product: far more than may be hidden sales.
const PIECES: u32 = 200;
/// From one change to the next: a raise may read the orders, which is allowed 21 times a minute.
const BETWEEN: Duration = Duration::from_secs(4);
/// The longest wait for one.
const PATIENCE: Duration = Duration::from_mins(2);
/// The targets for the warehouse, in seconds.
const RAISED: (f64, f64) = (2.0, 10.0);
const LOWERED: f64 = 5.0;
/// Intervals at which orders are pulled, in seconds, and what a sale may take longer than one.
const INTERVALS: [u32; 2] = [20, 60];
const BEYOND: f64 = 5.0;
/// Sales in two intervals.
const SALES: u32 = 20;

/// Measures and prints both.
pub(crate) async fn measure(targets: &mut Targets) -> anyhow::Result<()> {
    println!("\nreact: {CHANGES} changes in the warehouse, committed → request, a quiet store");
    warehouse(targets).await?;
    println!("\nreact: {SALES} sales, sold → reserved");
    for interval in INTERVALS {
        sales(targets, interval).await?;
    }
    Ok(())
}

async fn warehouse(targets: &mut Targets) -> anyhow::Result<()> {
    Database::with(async |database| {
        let seller = Seller::open(CHANGES * 2, |_| PIECES).await?;
        stock(database, CHANGES * 2).await?;
        // The order delay of a shop that is read every minute.
        let sql = format!(
            "UPDATE public.central_stock SET qty = {PIECES};
             INSERT INTO orderwatch.order_delays VALUES (60, 100, 3500, now())"
        );
        run(database, &sql).await?;
        let mut settings = seller.settings();
        settings.push(("ORDERWATCH__TRENDYOL__STOCK__FIRST_RUN_AFTER", "0s"));
        let daemon = Daemon::start(database, &settings).await?;
        wait_for_pass(database).await?;

        let mut lowered = changes(&seller, database, 0..CHANGES, "qty - 20").await?;
        let mut raised = changes(&seller, database, CHANGES..CHANGES * 2, "qty + 20").await?;
        daemon.stop().await?;
        seller.store.stop().await?;
        let (p50, p99) = (quantile(&mut lowered, 0.5), quantile(&mut lowered, 0.99));
        println!("  lowered: p50 {p50:.2} s, p99 {p99:.2} s");
        targets.at_most("react: lowering, p99", p99, LOWERED, "s");
        let (p50, p99) = (quantile(&mut raised, 0.5), quantile(&mut raised, 0.99));
        targets.at_most("react: raising at once, p50", p50, RAISED.0, "s");
        targets.at_most("react: raising at once, p99", p99, RAISED.1, "s");
        Ok(())
    })
    .await
}

/// Until everything was looked at.
async fn wait_for_pass(database: &Database) -> anyhow::Result<()> {
    let looked = "SELECT count(*) = 0 FROM public.central_stock c
                  WHERE NOT EXISTS (SELECT FROM orderwatch.stock_items i
                                    WHERE i.barcode = c.barcode AND i.observed_at IS NOT NULL)";
    let began = Instant::now();
    while !ask(database, looked).await? {
        ensure!(began.elapsed() < PATIENCE, "there is no first pass");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// Seconds from each change to the request that sends its product.
async fn changes(
    seller: &Seller,
    database: &Database,
    products: std::ops::Range<u32>,
    to: &str,
) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::new();
    for n in products {
        let barcode = barcode(n);
        let sql = format!("UPDATE public.central_stock SET qty = {to} WHERE barcode = '{barcode}'");
        run(database, &sql).await?;
        let committed = Instant::now();
        while !was_sent(seller, &barcode) {
            ensure!(committed.elapsed() < PATIENCE, "{barcode} is not sent");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        times.push(committed.elapsed().as_secs_f64());
        tokio::time::sleep(BETWEEN).await;
    }
    Ok(times)
}

fn was_sent(seller: &Seller, barcode: &str) -> bool {
    let pushes = seller.store.ledger().requests_to(Endpoint::PushStock);
    let mut items = pushes.iter().flat_map(|push| &push.items);
    items.any(|(sent, _)| sent == barcode)
}

async fn sales(targets: &mut Targets, interval: u32) -> anyhow::Result<()> {
    Database::with(async |database| {
        let seller = Seller::open(SALES, |_| PIECES).await?;
        stock(database, SALES).await?;
        let every = format!("{interval}s");
        let mut settings = seller.settings();
        settings.push(("ORDERWATCH__TRENDYOL__ORDERS__INTERVAL", &every));
        // The first pass reads what was sold before.
        seller.once(database, "pull-orders").await?;
        let daemon = Daemon::start(database, &settings).await?;

        let mut sold = Vec::new();
        for n in 0..SALES {
            let order = seller.store.sell(&barcode(n), 1)?;
            sold.push((
                order.packages.first().copied().context("a package")?,
                seller.store.now(),
            ));
            tokio::time::sleep(Duration::from_secs(interval.into()) * 2 / SALES).await;
        }
        let reserved = format!("SELECT count(*) = {SALES} FROM orderwatch.packages");
        let began = Instant::now();
        while !ask(database, &reserved).await? {
            ensure!(began.elapsed() < PATIENCE, "not every sale is reserved");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        daemon.stop().await?;
        seller.store.stop().await?;

        let mut times = Vec::new();
        let mut connection = database.connect().await?;
        for (package, at) in sold {
            let seconds: f64 = sqlx::query_scalar(
                "SELECT extract(epoch FROM first_seen_at - $2)::float8
                 FROM orderwatch.packages WHERE package_id = $1",
            )
            .bind(package)
            .bind(at)
            .fetch_one(&mut connection)
            .await?;
            times.push(seconds);
        }
        connection.close().await?;
        let (p50, most) = (quantile(&mut times, 0.5), quantile(&mut times, 1.0));
        println!("  orders pulled every {interval} s: p50 {p50:.1} s");
        let name = format!("react: sale to reservation, orders every {interval} s, most");
        targets.at_most(&name, most, f64::from(interval) + BEYOND, "s");
        Ok(())
    })
    .await
}

async fn ask(database: &Database, question: &str) -> anyhow::Result<bool> {
    let mut connection = database.connect().await?;
    let answer = sqlx::query_scalar(AssertSqlSafe(question.to_owned()))
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Ok(answer)
}
