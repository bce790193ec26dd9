//! From the shop's commit to the panel.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use sqlx::{Connection, PgConnection};

use crate::support::{
    daemon::{Daemon, UNLIMITED},
    database::{Database, Shop, Watched},
    figures::{millis, quantile},
    panel::{Answers, Panels},
    process::{memory, monotonic},
    targets::Targets,
};

/// The pace at which each panel of the busy daemon is called: the other panel is always at its
/// limit, and the orders that are measured stay below it.
const PACED: [(&str, &str); 2] = [
    ("ORDERWATCH__ZNET__MAX_IN_FLIGHT", "8"),
    ("ORDERWATCH__ZNET__REQUESTS_PER_SECOND", "200"),
];
/// Orders before anything is measured: connections are opened, the price list is read.
const WARM_UP: u64 = 20;

/// What waits while latency is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    /// Bought orders, to be asked about hours later.
    pub(crate) bought: u64,
    /// New orders of another panel, which works them off.
    pub(crate) others: u64,
    /// New orders of a panel where buying is paused.
    pub(crate) paused: u64,
}

/// Latency of an idle daemon.
pub(crate) async fn quiet(targets: &mut Targets, orders: u64) -> anyhow::Result<()> {
    println!("\nquiet: {orders} orders, 5 to 30 ms apart");
    let mut panels = Panels::start().await?;
    Database::with(async |database| {
        let shop = database.shop(panels.address(Answers::Sells)).await?;
        let daemon = Daemon::start(database, &UNLIMITED).await?;
        place(database, &mut panels, shop, "warm-up", WARM_UP).await?;
        let mut times = place(database, &mut panels, shop, "measured", orders).await?;
        print(&mut times);
        daemon.stop().await?;
        let p50 = quantile(&mut times, 0.5);
        targets.at_most("quiet: commit to panel, p50", p50, 10.0, "ms");
        let p99 = quantile(&mut times, 0.99);
        targets.at_most("quiet: commit to panel, p99", p99, 50.0, "ms");
        Ok(())
    })
    .await
}

/// Latency while a lot is waiting. The daemon is older than all of it: what the server knew about
/// the tables when it planned the first statements is wrong by now.
pub(crate) async fn busy(targets: &mut Targets, orders: u64, crowd: Crowd) -> anyhow::Result<()> {
    println!(
        "\nbusy: {orders} orders, 5 to 30 ms apart, while {} bought ones wait, another panel works \
         off {} new ones, {} a second, and {} new ones wait at a panel where buying is paused",
        crowd.bought, crowd.others, PACED[1].1, crowd.paused
    );
    let mut panels = Panels::start().await?;
    Database::with(async |database| {
        let shop = database.shop(panels.address(Answers::Sells)).await?;
        let other = database.shop(panels.address(Answers::Sells)).await?;
        let paused = database.shop(panels.address(Answers::Sells)).await?;
        database.pause(paused).await?;
        let daemon = Daemon::start(database, &PACED).await?;
        place(database, &mut panels, shop, "warm-up", WARM_UP).await?;
        come(database, crowd, (shop, other, paused)).await?;
        let mut times = place(database, &mut panels, shop, "measured", orders).await?;
        print(&mut times);
        let left = database.new_orders(other).await?;
        ensure!(left > 0, "the other panel had nothing to do");
        let waiting = database.new_orders(paused).await?;
        ensure!(waiting == crowd.paused, "a paused panel was bought from");
        let resident = memory(daemon.pid(), "VmRSS")?;
        daemon.stop().await?;
        let p99 = quantile(&mut times, 0.99);
        targets.at_most("busy: commit to panel, p99", p99, 1000.0, "ms");
        targets.at_most("busy: resident memory", resident, 64.0, "MiB");
        Ok(())
    })
    .await
}

async fn come(
    database: &Database,
    crowd: Crowd,
    (shop, other, paused): (Shop, Shop, Shop),
) -> anyhow::Result<()> {
    let bought = Watched {
        orders: crowd.bought,
        due: Duration::from_hours(2),
        spread: Duration::from_hours(10),
    };
    let began = Instant::now();
    database.put_watched(shop, bought).await?;
    database.put_new(paused, crowd.paused).await?;
    database.put_new(other, crowd.others).await?;
    database.settle().await?;
    println!("  they came within {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// Places orders whose players have this name; returns the milliseconds of each.
async fn place(
    database: &Database,
    panels: &mut Panels,
    shop: Shop,
    name: &str,
    orders: u64,
) -> anyhow::Result<Vec<f64>> {
    let mut connection = database.connect().await?;
    let mut committed = HashMap::new();
    for number in 0..orders {
        let player = format!("{name}-{number}");
        let at = insert(&mut connection, shop, &player).await?;
        committed.insert(player, at);
        tokio::time::sleep(Duration::from_micros(fastrand::u64(5_000..30_000))).await;
    }
    connection.close().await?;
    let deadline = Instant::now() + Duration::from_mins(2);
    loop {
        let arrivals = panels.purchases().await?;
        let measured: Vec<f64> = arrivals
            .iter()
            .filter_map(|arrival| {
                let committed = committed.get(&arrival.player)?;
                Some(millis(arrival.at.saturating_sub(*committed)))
            })
            .collect();
        ensure!(
            measured.len() <= committed.len(),
            "an order was bought twice"
        );
        if measured.len() == committed.len() {
            return Ok(measured);
        }
        ensure!(
            Instant::now() < deadline,
            "only {} of {} orders arrived",
            measured.len(),
            committed.len()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Places an order as a shop does; returns the moment before it was committed.
async fn insert(
    connection: &mut PgConnection,
    shop: Shop,
    player: &str,
) -> anyhow::Result<Duration> {
    let mut order = connection.begin().await?;
    sqlx::query(
        r#"INSERT INTO public.product_orders
               ("tenantId", "packageId", "userIdentifier", "sellPriceCurrency", "sellPriceAmount", price)
           VALUES ($1, $2, $3, 'TRY', 49.99, 49.99)"#,
    )
    .bind(shop.tenant)
    .bind(shop.package)
    .bind(player)
    .execute(&mut *order)
    .await?;
    let before = monotonic();
    order.commit().await.context("the order was not placed")?;
    Ok(before)
}

fn print(times: &mut [f64]) {
    println!(
        "  p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
        quantile(times, 0.5),
        quantile(times, 0.9),
        quantile(times, 0.99),
        quantile(times, 1.0),
    );
}
