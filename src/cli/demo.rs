//! `orderwatch demo`: a small shop with a practice panel that misbehaves now and then, a warehouse
//! with a practice store on Trendyol, and the daemon, all in this process and in one empty database.
//! It proves at its end that the panel's ledger and the shop's rows agree, and that the store never
//! sold a piece that was not there.

mod books;
mod events;
mod figures;
mod log;
mod screen;
mod settings;
mod shop;
mod stock;
mod summary;
mod view;
mod warehouse;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use clap::Args;
use tokio_util::sync::CancellationToken;

use self::{
    figures::Watcher,
    log::Log,
    settings::settings,
    stock::StockSummary,
    summary::Summary,
    view::{Ends, Scene, Showing, View},
    warehouse::Warehouse,
};
use super::out;
use crate::{
    config::Config,
    daemon::{self, DaemonError},
    http::Listening,
    meter::Meter,
    shutdown::Stop,
    store::{Sides, Store},
    telemetry::Secrets,
};
use sandbox::panel::Panel;

pub(super) const EXAMPLES: &str = "\
The database is $DATABASE_URL; it has to be empty, or to hold nothing but an earlier demo.

Examples:
  orderwatch demo                      until Ctrl-C
  orderwatch demo --for 30s            ends by itself, with a summary
  orderwatch demo --orders 200         ends when 200 orders are done
  orderwatch demo --log                the log instead of the screen
  orderwatch demo --for 30s | cat      a line per second, for scripts and CI

Keys on the screen: q, Esc or Ctrl-C ends it, a second time at once.";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// End after this long, such as `30s`.
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    duration: Option<Duration>,
    /// End when this many orders are done.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    orders: Option<u64>,
    /// Print the log instead of drawing a screen, or of a line per second where there is no terminal.
    #[arg(long)]
    log: bool,
    /// Seed of all that is random at the panel and in the shop.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let view = View::of(options);
    let config = settings([view.log_level()])?;
    Secrets::process().register(&config.database.secrets());
    let log = Log::begin(&config, view)?;
    // It holds the daemon's whole future.
    let ended = Box::pin(play(&config, options, view)).await;
    log.end()?;
    ended
}

async fn play(config: &Config, options: &Options, view: View) -> anyhow::Result<ExitCode> {
    let store = empty_database(config).await?;
    let panel = shop::open(&store, options.seed).await?;
    let mut warehouse = Warehouse::open(&store, options.seed).await?;
    let account = warehouse.account().into_iter();
    let config = settings(account.chain([view.log_level()]))?;
    Secrets::process().register(&config.secrets());
    warehouse.with_returns(&config);

    // Taken here, because the free port that is found is shown.
    let listening = Listening::at(config.http.listen).await?;
    let address = format!("http://{}/", listening.address());
    if view != View::Screen {
        greet(&address)?;
    }
    let ends = Ends {
        until: options.duration.map(|duration| Instant::now() + duration),
        orders: options.orders,
        closing: CancellationToken::new(),
        stop: Stop::on_signals()?,
    };
    let (stop, closing) = (ends.stop.clone(), ends.closing.clone());
    let showing = Showing::begin(
        view,
        Scene {
            watcher: Watcher::new(store.clone(), panel.clone(), warehouse.books.clone()),
            address,
            zone: config.http.time_zone,
            ends,
        },
    );

    let daemon = daemon::run(&config, &stop, Meter::new(), Some(listening));
    let sales = async {
        tokio::try_join!(
            shop::keep(&store, options, &closing, &stop),
            warehouse.keep(&closing, &stop),
        )
    };
    let ended = Box::pin(keep(daemon, sales, &stop)).await;
    // The terminal is given back before anything is said on it, a failure too.
    let shown = showing.end().await;
    ended?;
    shown?;
    let sound = tell(&store, &panel, &warehouse).await?;
    panel.stop().await?;
    warehouse.close().await?;
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs the daemon until the sales are over, or it is stopped.
async fn keep<T>(
    daemon: impl Future<Output = Result<(), DaemonError>>,
    sales: impl Future<Output = anyhow::Result<T>>,
    stop: &Stop,
) -> anyhow::Result<()> {
    tokio::pin!(daemon);
    tokio::select! {
        ended = &mut daemon => return Ok(ended?),
        done = sales => done?,
    };
    stop.soft.cancel();
    Ok(daemon.await?)
}

/// What is to be seen, and where.
fn greet(address: &str) -> anyhow::Result<()> {
    out::line(format_args!(
        "The page is at {address} (no log-in); Ctrl-C ends the demo."
    ))?;
    out::line("A shop with four products, at a panel that misbehaves now and then.")?;
    out::line(format_args!(
        "A warehouse with {} products, on sale in a practice store on Trendyol.",
        warehouse::PRODUCTS
    ))?;
    Ok(())
}

/// Prints the summary. Returns whether nothing is wrong with it.
async fn tell(store: &Store, panel: &Panel, warehouse: &Warehouse) -> anyhow::Result<bool> {
    let orders = Summary::of(store, panel).await?;
    let stock = StockSummary::of(warehouse).await?;
    out::line(format_args!("{orders}{stock}"))?;
    Ok(orders.is_sound() && stock.is_sound())
}

/// The database of the demo, with all tables. It must not hold anybody's shop.
async fn empty_database(config: &Config) -> anyhow::Result<Store> {
    // The account of the store comes later than its tables.
    let store = super::store(config)
        .await
        .context("the demo cannot use $DATABASE_URL; `scripts/with-postgres` starts a server for a command")?
        .having(Sides::BOTH);
    ensure!(
        store.is_practice().await?,
        "there is a shop in this database, or a warehouse; give the demo an empty one in $DATABASE_URL"
    );
    store.migrate().await?;
    Ok(store)
}
