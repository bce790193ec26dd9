//! A small shop with a practice panel of each kind, which misbehave now and then, and a warehouse with a
//! practice store on Trendyol, in one empty database; beside them `orderwatch run`, as a process of its own.
//!
//! It proves at its end that the panels' ledgers and the shop's rows agree, and that the store never
//! sold a piece that was not there. Nothing of orderwatch's code is in here: it is controlled by its
//! configuration and its API, and what it did is read from the database.

mod api;
mod books;
mod database;
mod events;
mod figures;
mod log;
mod panels;
mod program;
mod screen;
mod shop;
mod stock;
mod stop;
mod summary;
mod terminal;
mod view;
mod warehouse;

use std::{
    fmt,
    io::{self, Write as _},
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use tokio_util::sync::CancellationToken;

use self::{
    database::Database,
    figures::Watcher,
    log::Log,
    panels::{PACKAGES, Panels},
    program::{Program, Running},
    stock::StockSummary,
    stop::Stop,
    summary::Summary,
    view::{Ends, Scene, Showing, View},
    warehouse::Warehouse,
};

pub(crate) const EXAMPLES: &str = "\
The database is $DATABASE_URL; it has to be empty, or to hold nothing but an earlier demo.

Examples:
  sandbox demo                      until Ctrl-C
  sandbox demo --for 30s            ends by itself, with a summary
  sandbox demo --orders 200         ends when 200 orders are done
  sandbox demo --log                the log instead of the screen
  sandbox demo --for 30s | cat      a line per second, for scripts and CI

Keys on the screen: q, Esc or Ctrl-C ends it, a second time at once.";

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// End after this long, such as `30s`.
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    duration: Option<Duration>,
    /// End when this many orders are done.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    orders: Option<u64>,
    /// Print the log instead of drawing a screen, or of a line per second where there is no terminal.
    #[arg(long)]
    log: bool,
    /// Seed of all that is random at the panels and in the shop.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The orderwatch to run. Otherwise the one beside this program.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// Runs the demo. Returns whether nothing went wrong with the orders and the stock.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    let view = View::of(options);
    let log = Log::begin(view)?;
    // It holds the whole demo.
    let ended = Box::pin(play(options, view, &log)).await;
    log.end()?;
    ended
}

async fn play(options: &Options, view: View, log: &Log) -> anyhow::Result<bool> {
    let stop = Stop::on_signals()?;
    let database = Database::open_empty().await?;
    let panels = Panels::start(options.seed).await?;
    let mut warehouse = Warehouse::open(&database, options.seed, log).await?;

    let program = Program::find(options.program.as_deref(), &database, warehouse.account())?;
    program.migrate().await?;
    shop::fill(&database, &panels).await?;
    warehouse.fill().await?;

    let mut daemon = program.run(log.clone())?;
    let address = daemon.address().await?;
    warehouse.api = Some(api::Api::at(&address)?);
    if view != View::Screen {
        greet(&address)?;
    }
    let ends = Ends {
        until: options.duration.map(|duration| Instant::now() + duration),
        orders: options.orders,
        closing: CancellationToken::new(),
        stop: stop.clone(),
    };
    let closing = ends.closing.clone();
    let watcher = Watcher::new(database.clone(), panels.clone(), warehouse.books.clone());
    let scene = Scene {
        watcher,
        address,
        log: log.clone(),
        ends,
    };
    let showing = Showing::begin(view, scene);

    let ended = Box::pin(async {
        let sales = async {
            tokio::try_join!(
                shop::keep(&database, options, &closing, &stop),
                warehouse.keep(&closing, &stop),
            )
        };
        keep(&mut daemon, sales, &stop).await
    })
    .await;
    // The terminal is given back before anything is said on it, a failure too.
    let shown = showing.end().await;
    ended?;
    shown?;

    let sound = tell(&database, &panels, &warehouse).await?;
    panels.stop().await?;
    warehouse.close().await?;
    Ok(sound)
}

/// Until the sales are over or the daemon ends, and then until the daemon has ended.
async fn keep<T>(
    daemon: &mut Running,
    sales: impl Future<Output = anyhow::Result<T>>,
    stop: &Stop,
) -> anyhow::Result<()> {
    let sold = tokio::select! {
        error = daemon.ended() => return Err(error),
        sold = sales => sold,
    };
    stop.soft.cancel();

    // Whatever went wrong with the sales, the daemon finishes what it has in flight.
    let ended = daemon.stop(stop).await;
    sold?;
    ended
}

/// What is to be seen, and where.
fn greet(address: &str) -> io::Result<()> {
    line(format_args!(
        "The page is at {address} (no log-in); Ctrl-C ends the demo."
    ))?;
    line(format_args!(
        "A shop with {} packages, at a znet and a barakat panel that misbehave now and then.",
        PACKAGES.len()
    ))?;
    line(format_args!(
        "A warehouse with {} products, on sale in a practice store on Trendyol.",
        warehouse::PRODUCTS
    ))
}

/// Prints the summary. Returns whether nothing is wrong with it.
async fn tell(database: &Database, panels: &Panels, warehouse: &Warehouse) -> anyhow::Result<bool> {
    let orders = Summary::of(database, panels).await?;
    let stock = StockSummary::of(warehouse).await?;
    line(format_args!("{orders}{stock}"))?;
    Ok(orders.is_sound() && stock.is_sound())
}

/// Prints a line on standard output. A reader that goes away (`… | head`) is not an error.
fn line(text: impl fmt::Display) -> io::Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints a line on standard error. There is nobody left to tell that this failed.
pub(crate) fn complain(text: impl fmt::Display) {
    drop(writeln!(io::stderr(), "{text}"));
}
