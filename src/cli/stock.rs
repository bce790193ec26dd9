//! `orderwatch stock plan|push|release|log`: what is on sale, what will be, and why.

mod history;
mod print;
mod release;
mod wait;

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use chrono::{DateTime, TimeZone, Utc};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Global, clock, migrated_store, once, out,
    progress::Progress,
    signature::{By, Signature},
};
use crate::{
    config::Config,
    daemon,
    marketplace::Barcode,
    stock::{guard::Zeroing, plan::Explained, rule::Verdict},
    store::{Person, PushLog, Store},
    worker::{
        jobs::{self, push_rules},
        trendyol::Forecast,
    },
};

const PLAN_EXAMPLES: &str = "\
Examples:
  orderwatch stock plan                   what differs from what is on sale, and why
  orderwatch stock plan 8690000000017     everything about one barcode
  orderwatch stock plan --json            all of them, for scripts";

const PUSH_EXAMPLES: &str = "\
Examples:
  orderwatch stock push --dry-run           what would be sent; nobody is asked
  orderwatch stock push --dry-run --json    the same for scripts
  orderwatch stock push                     now, not at the next tick; what it did is printed as JSON
  orderwatch stock push --wait              the same, and stay until all of it is on sale
  orderwatch stock push --force             although more than half of what is on sale would be set to zero";

const PAUSE_EXAMPLES: &str = "\
Example:
  orderwatch stock pause --reason 'the warehouse sends by itself today'

Orders and returns are read on. `orderwatch stock resume` ends it.";

const RESUME_EXAMPLES: &str = "\
Example:
  orderwatch stock resume";

const LOG_EXAMPLES: &str = "\
Examples:
  orderwatch stock log             the last ten passes
  orderwatch stock log --today
  orderwatch stock log -n 100 --json";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what is available of each product, what would be sent, and why not.
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(PlanOptions),
    /// Read the orders and send what has changed.
    #[command(after_help = PUSH_EXAMPLES)]
    Push(PushOptions),
    /// Show one product: what is there, what is on sale and why, and what was sent of it.
    #[command(after_help = history::EXAMPLES)]
    History(history::Options),
    /// Say that an order which was shipped was not taken from these shelves: its pieces are free again.
    #[command(after_help = release::EXAMPLES)]
    Release(release::Options),
    /// Send no stock until it is resumed.
    #[command(after_help = PAUSE_EXAMPLES)]
    Pause(PauseOptions),
    /// Send stock again, once nobody else does.
    #[command(after_help = RESUME_EXAMPLES)]
    Resume(ResumeOptions),
    /// Show the last passes.
    #[command(after_help = LOG_EXAMPLES)]
    Log(LogOptions),
}

#[derive(Args, Debug)]
pub(super) struct PlanOptions {
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    /// Only these; otherwise all that differ from what is on sale.
    barcodes: Vec<String>,
}

#[derive(Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line"
)]
pub(super) struct PushOptions {
    /// Send nothing and ask nobody; show what would be looked at and sent.
    #[arg(long)]
    dry_run: bool,
    /// Print as JSON; what a push did is printed so in any case.
    #[arg(long)]
    json: bool,
    /// Go ahead also when more than half of what is on sale would be set to zero.
    #[arg(long)]
    force: bool,
    /// Stay until every push has its result and nothing is left to raise; Ctrl-C only ends the waiting.
    #[arg(long, conflicts_with = "dry_run")]
    wait: bool,
}

#[derive(Args, Debug)]
pub(super) struct PauseOptions {
    #[command(flatten)]
    signature: Signature,
}

#[derive(Args, Debug)]
pub(super) struct ResumeOptions {
    #[command(flatten)]
    by: By,
}

#[derive(Args, Debug)]
pub(super) struct LogOptions {
    /// Only those of today.
    #[arg(long)]
    today: bool,
    /// So many at most.
    #[arg(short, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    n: i64,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(global: &Global, command: &Command) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = migrated_store(&config).await?;
    let code = match command {
        Command::Plan(options) => plan(&config, &store, options).await?,
        Command::Push(options) if options.dry_run => dry_run(&config, &store, options).await?,
        Command::Push(options) => push(&config, &store, options).await?,
        Command::History(options) => history::run(&config, &store, options).await?,
        Command::Release(options) => release::run(&store, options).await?,
        Command::Pause(options) => pause(&store, options).await?,
        Command::Resume(options) => resume(&store, options).await?,
        Command::Log(options) => log(&config, &store, options).await?,
    };
    store.close().await;
    Ok(code)
}

async fn push(config: &Config, store: &Store, options: &PushOptions) -> anyhow::Result<ExitCode> {
    let clock = clock(store).await?;
    let progress = Progress::begin("reading orders and sending stock");
    let ran = daemon::once(
        config,
        store,
        Arc::clone(&clock),
        &jobs::push_stock::JOB,
        options.force,
    )
    .await;
    progress.end();
    let code = once::report(&ran.context("the job failed")?)?;
    if options.wait {
        wait::until_settled(config, store, clock).await?;
    }
    Ok(code)
}

/// The plan of some products.
async fn forecast_of(
    config: &Config,
    store: &Store,
    barcodes: &[Barcode],
) -> anyhow::Result<Forecast> {
    let now = clock(store).await?.now();
    let catalogue = store.catalogue().await?;
    let rules = push_rules(config, false);
    Ok(Forecast::of(store, &catalogue, Some(barcodes), rules, now).await?)
}

async fn forecast(config: &Config, store: &Store) -> anyhow::Result<Forecast> {
    let now = clock(store).await?.now();
    Ok(Forecast::read(store, push_rules(config, false), now).await?)
}

async fn dry_run(
    config: &Config,
    store: &Store,
    options: &PushOptions,
) -> anyhow::Result<ExitCode> {
    let forecast = forecast(config, store).await?;
    let stale = forecast.is_stale();
    let forecast = forecast.after_reading_orders();
    let stopped = forecast.guard().err().filter(|_| !options.force);
    let sends: Vec<Explained<'_>> = forecast
        .explained()
        .filter(|explained| {
            let verdict = explained.entry.verdict;
            matches!(verdict, Verdict::Send { .. })
        })
        .collect();
    if options.json {
        out::json(&as_plan(&forecast, &sends, (stale, stopped.as_ref()))?)?;
    } else {
        print::products(&sends, clock(store).await?.now())?;
        print::rehearsal(&forecast, sends.len(), stale)?;
    }
    stopped.map_or(Ok(ExitCode::SUCCESS), |zeroing| Err(zeroing.into()))
}

/// What would be sent, for scripts.
fn as_plan(
    forecast: &Forecast,
    shown: &[Explained<'_>],
    (stale, stopped): (bool, Option<&Zeroing>),
) -> anyhow::Result<Value> {
    Ok(json!({
        "stale": stale,
        "stopped": stopped.map(ToString::to_string),
        "products": serde_json::to_value(shown)?,
        "oddities": serde_json::to_value(forecast.oddities())?,
        "shipped_untaken": forecast.shipped_untaken().map(|(barcode, holder)| json!({
            "barcode": barcode.as_str(),
            "units": holder.units,
            "order": holder.order,
            "package": holder.package,
        })).collect::<Vec<_>>(),
    }))
}

async fn plan(config: &Config, store: &Store, options: &PlanOptions) -> anyhow::Result<ExitCode> {
    let forecast = forecast(config, store).await?;
    let wanted: Vec<Barcode> = options
        .barcodes
        .iter()
        .map(|text| Barcode::parse(text).with_context(|| format!("{text:?} is no barcode")))
        .collect::<Result<_, _>>()?;
    let shown: Vec<Explained<'_>> = forecast
        .explained()
        .filter(|explained| {
            let named = wanted.iter().any(|name| name.as_str() == explained.barcode);
            named
                || wanted.is_empty() && (options.json || explained.entry.verdict != Verdict::InSync)
        })
        .collect();
    if options.json {
        let stopped = forecast.guard().err();
        let keeps = (forecast.is_stale(), stopped.as_ref());
        out::json(&as_plan(&forecast, &shown, keeps)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let now = clock(store).await?.now();
    if wanted.is_empty() {
        print::products(&shown, now)?;
    } else {
        for explained in &shown {
            out::line(print::in_words(explained, now))?;
        }
    }
    for name in &wanted {
        if !shown
            .iter()
            .any(|explained| explained.barcode == name.as_str())
        {
            out::line(format_args!("{name}: neither in central_stock nor on sale"))?;
        }
    }
    for oddity in forecast.oddities() {
        out::line(format_args!("not as it should be: {oddity}"))?;
    }
    for (barcode, holder) in forecast.shipped_untaken() {
        let (units, order) = (holder.units, &holder.order);
        out::line(format_args!(
            "shipped, but never taken from the shelves: {units} × {barcode} of order {order}; \
             `orderwatch pick {order}` or `orderwatch stock release {order}`"
        ))?;
    }
    print::summary(&forecast, !shown.is_empty())?;
    if let Some(pause) = store.stock_pause().await? {
        print::paused(Some(&pause))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn pause(store: &Store, options: &PauseOptions) -> anyhow::Result<ExitCode> {
    let (now, _) = store.now().await?;
    if !store.pause_stock(&options.signature.person(), now).await? {
        out::line("It was paused before; that stays.")?;
    }
    print::paused(store.stock_pause().await?.as_ref())?;
    Ok(ExitCode::SUCCESS)
}

async fn resume(store: &Store, options: &ResumeOptions) -> anyhow::Result<ExitCode> {
    let (now, _) = store.now().await?;
    let person = Person {
        who: options.by.name(),
        why: String::new(),
    };
    if !store.resume_stock(&person, now).await? {
        out::line("It was not paused.")?;
    }
    print::paused(store.stock_pause().await?.as_ref())?;
    Ok(ExitCode::SUCCESS)
}

async fn log(config: &Config, store: &Store, options: &LogOptions) -> anyhow::Result<ExitCode> {
    let now = clock(store).await?.now();
    let since = options.today.then(|| midnight(config, now));
    let passes = store.push_log(since, options.n).await?;
    if options.json {
        out::json(&passes.iter().map(as_json).collect())?;
        return Ok(ExitCode::SUCCESS);
    }
    print::passes(&passes, config.trendyol.returns.time_zone)?;
    Ok(ExitCode::SUCCESS)
}

/// When today began, by the warehouse's clocks.
fn midnight(config: &Config, now: DateTime<Utc>) -> DateTime<Utc> {
    let zone = config.trendyol.returns.time_zone;
    let day = now
        .with_timezone(&zone)
        .date_naive()
        .and_time(chrono::NaiveTime::MIN);
    zone.from_local_datetime(&day)
        .earliest()
        .map_or(now, |at| at.to_utc())
}

fn as_json(pass: &PushLog) -> Value {
    json!({
        "push_time": pass.push_time,
        "total_items": pass.total_items,
        "total_quantity": pass.total_quantity,
        "reserved_quantity": pass.reserved_quantity,
        "batch_count": pass.batch_count,
        "success": pass.success,
        "error_message": pass.error_message,
        "duration_seconds": pass.duration_seconds,
    })
}
