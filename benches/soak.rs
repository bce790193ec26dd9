//! Whether a long run stays flat: `scripts/with-postgres cargo bench --bench soak`.
//!
//! A big shop has 5,000 orders a day, a tenth of them in its busiest hour: one in seven seconds. A big store at
//! Trendyol sells 2,000 packages a day, 200 in that hour, of 3,000 products. Here ten times such an hour goes on
//! for ten minutes without a pause: 1.4 orders and half a package a second, and a change in the warehouse each
//! second. The panel works on each order for three questions, which come every few seconds instead of
//! minutes, so that orders end as fast as they come. Somebody has the page open and Prometheus scrapes.
//!
//! Memory, tasks, threads, files, connections, dead rows and the size of the tables are sampled; a line is fitted to
//! the second half of the samples, and what it rises in that time is judged. Dead rows are taken away once a minute
//! at best, so it takes minutes until they can be flat. At the end every order must have
//! been bought once and be completed.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench reports to the terminal"
)]

#[path = "soak/load.rs"]
mod load;
#[path = "soak/sample.rs"]
mod sample;
#[path = "stock/seller.rs"]
#[expect(dead_code, reason = "the bench of the stock uses the rest")]
mod seller;
mod support;
#[path = "soak/trend.rs"]
mod trend;
#[path = "stock/warehouse.rs"]
#[expect(dead_code, reason = "the bench of the stock uses the rest")]
mod warehouse;

use std::{process::ExitCode, time::Duration};

use anyhow::ensure;
use clap::Parser;

use load::Load;
use sample::Sampler;
use sandbox::seed::Seed;
use seller::Seller;
use support::{
    daemon::Daemon,
    database::Database,
    panel::{Answers, Panels},
    targets::Targets,
};

/// Products of the store.
const PRODUCTS: u32 = 3_000;
/// Orders are asked about soon, with the shipped limits of a panel.
const SETTINGS: [(&str, &str); 4] = [
    ("ORDERWATCH__ORDERS__SETTLE", "status"),
    ("ORDERWATCH__POLL__FIRST_CHECK_AFTER", "5s"),
    ("ORDERWATCH__POLL__BACKOFF_INITIAL", "3s"),
    ("ORDERWATCH__POLL__BACKOFF_MAX", "10s"),
];

#[derive(Parser, Debug)]
struct Options {
    /// How long.
    #[arg(long = "for", value_parser = humantime::parse_duration, default_value = "10m")]
    time: Duration,
    /// From one sample to the next.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "10s")]
    every: Duration,
    /// How many big shops it is.
    #[arg(long, default_value_t = 10.0)]
    shops: f64,
    /// Fail when something is not flat.
    #[arg(long)]
    strict: bool,
    /// What `cargo bench` says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    support::main(async || {
        let options = Options::parse();
        let mut targets = Targets::default();
        let seed = Seed::of_command("scripts/with-postgres cargo bench --bench soak", true);
        let ended =
            Database::with(async |database| soak(&options, &seed, database, &mut targets).await);
        ended
            .await
            .inspect_err(|_| eprintln!("failed; again: {}", seed.replay()))?;
        Ok(targets.print() || !options.strict)
    })
}

async fn soak(
    options: &Options,
    seed: &Seed,
    database: &Database,
    targets: &mut Targets,
) -> anyhow::Result<()> {
    println!("{}", database.describe().await?);
    let mut panels = Panels::start().await?;
    let shop = database.shop(panels.address(Answers::Delivers)).await?;
    let seller = Seller::open(PRODUCTS, |_| warehouse::PIECES).await?;
    warehouse::stock(database, PRODUCTS).await?;
    let mut settings = seller.settings();
    settings.extend(SETTINGS);
    let daemon = Daemon::start(database, &settings).await?;

    let mut sampler = Sampler::new(database, &daemon).await?;
    let load = Load::of(options.shops, shop);
    println!("{load}, for {}", humantime::format_duration(options.time));
    let placed = tokio::select! {
        placed = load.run(database, &seller.store, options.time, seed.rng()) => placed?,
        ended = sampler.run(options.every) => {
            ended?;
            unreachable!("samples are taken until the load ends")
        }
    };
    let left = sampler.drained().await?;
    let flat = sampler.judge(targets)?;
    daemon.stop().await?;
    seller.store.stop().await?;

    let bought = panels.purchases().await?;
    let mut players: Vec<&str> = bought.iter().map(|sale| sale.player.as_str()).collect();
    players.sort_unstable();
    players.dedup();
    ensure!(players.len() == bought.len(), "an order was bought twice");
    ensure!(
        bought.len() == placed,
        "{} of {placed} were bought",
        bought.len()
    );
    ensure!(left == 0, "{left} orders have not ended");
    println!(
        "figures: {} at {load}: {placed} orders completed, 0 bought twice, 0 lost; {flat}",
        humantime::format_duration(options.time)
    );
    Ok(())
}
