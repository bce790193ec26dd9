//! The shop of the demo and its customers.

use std::time::{Duration, Instant};

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use super::{
    Options,
    database::{Database, Order},
    panels::{PACKAGES, Package, Panels},
    stop::Stop,
};

/// Where customers play, if they are asked.
const SERVER: &str = "europe";
/// How long the orders that are still under way may take at the end.
const SETTLING: Duration = Duration::from_secs(15);

/// Opens a shop that buys at the panels.
pub(super) async fn fill(database: &Database, panels: &Panels) -> anyhow::Result<()> {
    let opened = database.open_shop(&panels.accounts(), &PACKAGES).await;
    opened.context("the shop cannot be opened")
}

/// Keeps orders coming until the time or their number is over, says so to everybody, and waits until
/// they are done.
pub(super) async fn keep(
    database: &Database,
    options: &Options,
    closing: &CancellationToken,
    stop: &Stop,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let until = options
        .duration
        .map(|duration| began + duration.saturating_sub(SETTLING.min(duration / 2)));
    let mut random = fastrand::Rng::with_seed(options.seed);
    let numbers = 1..=options.orders.unwrap_or(u64::MAX);

    // One package after the other, so that each has its turn in a demo of seconds, too.
    for (number, package) in numbers.zip(PACKAGES.iter().cycle()) {
        if until.is_some_and(|until| Instant::now() >= until) {
            break;
        }
        place(database, number, package, &mut random)
            .await
            .context("the shop cannot place an order")?;
        let pause = Duration::from_millis(random.u64(20..300));
        if stop
            .soft
            .run_until_cancelled(tokio::time::sleep(pause))
            .await
            .is_none()
        {
            break;
        }
    }
    closing.cancel();

    settle(database, options, began, stop).await
}

/// One order; now and then one that nobody could send.
async fn place(
    database: &Database,
    number: u64,
    package: &Package,
    random: &mut fastrand::Rng,
) -> anyhow::Result<()> {
    let player = format!("player-{number}");
    let forgetful = random.u8(..100) < 3;
    let player = (!forgetful).then_some(player.as_str());
    let server = package.asks_server.then_some(SERVER);
    database.place_order(package, player, server).await?;
    Ok(())
}

async fn settle(
    database: &Database,
    options: &Options,
    began: Instant,
    stop: &Stop,
) -> anyhow::Result<()> {
    let deadline = match options.duration {
        Some(duration) => began + duration,
        None => Instant::now() + SETTLING,
    };

    while Instant::now() < deadline && !stop.soft.is_cancelled() {
        let orders = database.orders().await?;
        if !orders.iter().any(Order::is_open) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    Ok(())
}
