//! `orderwatch demo`: a small shop with a practice panel that misbehaves now and then, a warehouse
//! with a practice store on Trendyol, and the daemon, all in this process and in one empty database.
//! It proves at its end that the panel's ledger and the shop's rows agree, and that the store never
//! sold a piece that was not there.

mod shop;
mod stock;
mod summary;
mod warehouse;

use std::{process::ExitCode, time::Duration};

use anyhow::ensure;
use clap::Args;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::{stock::StockSummary, summary::Summary, warehouse::Warehouse};
use super::out;
use crate::{
    config::{Config, Sources},
    daemon,
    meter::Meter,
    sandbox::panel::Panel,
    shutdown::Stop,
    store::{Sides, Store},
    telemetry::{self, Secrets},
};

pub(super) const EXAMPLES: &str = "\
The database is $DATABASE_URL; it has to be empty, or to hold nothing but an earlier demo.

Examples:
  orderwatch demo                      until Ctrl-C
  orderwatch demo --for 30s            ends by itself, with a summary
  orderwatch demo --orders 200         ends when 200 orders are done";

/// What differs from the shipped settings: shorter intervals, so that there is something to see.
const SETTINGS: [(&str, &str); 27] = [
    ("ORDERWATCH__HTTP__LISTEN", "127.0.0.1:0"),
    ("ORDERWATCH__LOG__FORMAT", "pretty"),
    // The small shop has neither wallets nor a listener.
    ("ORDERWATCH__ORDERS__SETTLE", "status"),
    ("ORDERWATCH__ORDERS__CUSTOMER_LANGUAGE", "en"),
    ("ORDERWATCH__DISPATCH__LEASE", "12s"),
    (
        "ORDERWATCH__DISPATCH__CONFIRM_AFTER",
        "300ms,800ms,1500ms,2500ms",
    ),
    ("ORDERWATCH__POLL__FIRST_CHECK_AFTER", "700ms"),
    ("ORDERWATCH__POLL__BACKOFF_INITIAL", "500ms"),
    ("ORDERWATCH__POLL__BACKOFF_MAX", "2s"),
    ("ORDERWATCH__POLL__GIVE_UP_AFTER", "10m"),
    ("ORDERWATCH__POLL__LEASE", "12s"),
    ("ORDERWATCH__SWEEP__INTERVAL", "5s"),
    ("ORDERWATCH__SWEEP__MIN_AGE", "2s"),
    ("ORDERWATCH__SWEEP__SPREAD", "1s"),
    ("ORDERWATCH__ZNET__CONNECT_TIMEOUT", "1s"),
    ("ORDERWATCH__ZNET__REQUEST_TIMEOUT", "2s"),
    ("ORDERWATCH__ZNET__REQUESTS_PER_SECOND", "100"),
    ("ORDERWATCH__ZNET__MAX_IN_FLIGHT", "32"),
    ("ORDERWATCH__ZNET__BREAKER_COOLDOWN", "1s"),
    ("ORDERWATCH__TRENDYOL__ENABLED", "true"),
    ("ORDERWATCH__TRENDYOL__ORDERS__INTERVAL", "2s"),
    ("ORDERWATCH__TRENDYOL__ORDERS__REQUESTS_PER_MINUTE", "600"),
    ("ORDERWATCH__TRENDYOL__ORDERS__PAGE_INTERVAL", "0s"),
    ("ORDERWATCH__TRENDYOL__STOCK__INTERVAL", "10s"),
    ("ORDERWATCH__TRENDYOL__STOCK__REACT", "1s"),
    // Six times the delay of its orders, as with "auto", which never takes less than two minutes.
    ("ORDERWATCH__TRENDYOL__STOCK__SETTLE", "10s"),
    ("ORDERWATCH__TRENDYOL__STOCK__FIRST_RUN_AFTER", "1s"),
];
#[derive(Args, Debug)]
pub(super) struct Options {
    /// End after this long, such as `30s`.
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    duration: Option<Duration>,
    /// End when this many orders are done.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    orders: Option<u64>,
    /// Seed of all that is random at the panel and in the shop.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let config = settings([])?;
    Secrets::process().register(&config.database.secrets());
    let _log = telemetry::init(&config.log.level, config.log.format)?;
    let store = empty_database(&config).await?;
    let panel = shop::open(&store, options.seed).await?;
    let mut warehouse = Warehouse::open(&store, options.seed).await?;
    let config = settings(warehouse.account())?;
    Secrets::process().register(&config.secrets());
    warehouse.with_returns(&config);

    greet()?;
    let stop = Stop::on_signals()?;
    let (_reloads, no_reloads) = mpsc::channel(1);
    let closing = CancellationToken::new();
    let daemon = daemon::run(&config, &stop, no_reloads, Meter::new());
    tokio::pin!(daemon);
    let ended = tokio::select! {
        ended = &mut daemon => ended,
        done = async { tokio::try_join!(
            shop::keep(&store, options, &closing, &stop),
            warehouse.keep(&closing, &stop),
        ) } => {
            done?;
            stop.soft.cancel();
            daemon.await
        }
    };
    ended?;
    let sound = tell(&store, &panel, &warehouse).await?;
    panel.stop().await?;
    warehouse.close().await?;
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What is to be seen.
fn greet() -> anyhow::Result<()> {
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

/// The shipped settings with shorter intervals, and `more`; of the environment only the database
/// counts.
fn settings(more: impl IntoIterator<Item = (&'static str, String)>) -> anyhow::Result<Config> {
    let database = std::env::vars_os().filter(|(name, _)| name == "DATABASE_URL");
    let more: Vec<_> = more.into_iter().collect();
    let store = !more.is_empty();
    let environment = SETTINGS
        .iter()
        // Without its account there is no store.
        .filter(|(name, _)| store || *name != "ORDERWATCH__TRENDYOL__ENABLED")
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .chain(
            more.into_iter()
                .map(|(name, value)| (name.into(), value.into())),
        )
        .chain(database.map(|(name, value)| (name.to_string_lossy().into_owned(), value)));
    let sources = Sources::new(None, environment, Vec::new());
    Ok(Config::load(&sources)?.config)
}

/// The database of the demo, with all tables. It must not hold anybody's shop.
async fn empty_database(config: &Config) -> anyhow::Result<Store> {
    // The account of the store comes later than its tables.
    let store = super::store(config).await?.having(Sides::BOTH);
    ensure!(
        store.is_practice().await?,
        "there is a shop in this database, or a warehouse; give the demo an empty one in $DATABASE_URL"
    );
    store.migrate().await?;
    Ok(store)
}
