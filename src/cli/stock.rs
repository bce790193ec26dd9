//! `orderwatch stock plan|push|release|log`: what is on sale, what will be, and why.

mod history;
mod print;
mod release;
mod wait;

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
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
    overview::start_of_day,
    stock::{Barcode, guard::Zeroing, plan::PlannedItem, rule::Verdict},
    store::{Person, Store},
    worker::{brakes::BrakeAction, jobs, trendyol::Forecast},
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
    /// Send nothing and ask nobody; show what would be checked and sent.
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
    /// Maximum number of passes.
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
        Command::Pause(options) => {
            set_sending(&store, BrakeAction::Pause, &options.signature.person()).await?
        }
        Command::Resume(options) => {
            set_sending(&store, BrakeAction::Resume, &options.by.person()).await?
        }
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
    // Also where another process runs the job: what that one sends is waited for all the same.
    if options.wait {
        wait::until_settled(config, store, clock).await?;
    }
    Ok(code)
}

async fn forecast(config: &Config, store: &Store) -> anyhow::Result<Forecast> {
    let now = clock(store).await?.now();
    Ok(Forecast::read(store, config.trendyol.stock, now).await?)
}

async fn dry_run(
    config: &Config,
    store: &Store,
    options: &PushOptions,
) -> anyhow::Result<ExitCode> {
    let forecast = forecast(config, store).await?;

    // A push reads the orders first, so the plan is the one after that.
    let stale = forecast.is_stale();
    let forecast = forecast.after_reading_orders();
    let stopped = forecast.guard().err().filter(|_| !options.force);

    let sends: Vec<PlannedItem> = forecast
        .products()
        .filter(|product| matches!(product.entry.verdict, Verdict::Send { .. }))
        .collect();

    if options.json {
        out::json(&as_plan(&forecast, &sends, (stale, stopped.as_ref())))?;
    } else {
        print::products(&sends, clock(store).await?.now())?;
        print::rehearsal(&forecast, sends.len(), stale)?;
    }

    // The failure of the real push, so that a script sees it before.
    stopped.map_or(Ok(ExitCode::SUCCESS), |zeroing| Err(zeroing.into()))
}

/// What would be sent, for scripts.
fn as_plan(
    forecast: &Forecast,
    shown: &[PlannedItem],
    (stale, stopped): (bool, Option<&Zeroing>),
) -> Value {
    let untaken = forecast.shipped_untaken().map(|(barcode, holder)| {
        json!({
            "barcode": barcode.as_str(),
            "units": holder.units,
            "order": holder.order,
            "package": holder.package,
        })
    });

    json!({
        "stale": stale,
        "stopped": stopped.map(ToString::to_string),
        "products": shown,
        "data_warnings": forecast.data_warnings(),
        "shipped_untaken": untaken.collect::<Vec<_>>(),
    })
}

async fn plan(config: &Config, store: &Store, options: &PlanOptions) -> anyhow::Result<ExitCode> {
    let forecast = forecast(config, store).await?;
    let wanted: Vec<Barcode> = options
        .barcodes
        .iter()
        .map(|text| parse(text))
        .collect::<Result<_, _>>()?;
    let shown: Vec<PlannedItem> = forecast
        .products()
        .filter(|product| {
            if wanted.is_empty() {
                // People ask what differs; a script filters by itself.
                options.json || product.entry.verdict != Verdict::InSync
            } else {
                wanted.iter().any(|name| name.as_str() == product.barcode)
            }
        })
        .collect();

    if options.json {
        let stopped = forecast.guard().err();
        out::json(&as_plan(
            &forecast,
            &shown,
            (forecast.is_stale(), stopped.as_ref()),
        ))?;
        return Ok(ExitCode::SUCCESS);
    }

    let now = clock(store).await?.now();
    if wanted.is_empty() {
        print::products(&shown, now)?;
    } else {
        print::named(&wanted, &shown, now)?;
    }

    print::data_warnings(&forecast)?;
    print::summary(&forecast, !shown.is_empty())?;
    // A plan that is paused is sent to nobody, which its figures do not show.
    if let Some(pause) = store.stock_pause().await? {
        print::paused(Some(&pause))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn parse(text: &str) -> anyhow::Result<Barcode> {
    Barcode::parse(text).with_context(|| format!("{text:?} is no barcode"))
}

async fn set_sending(
    store: &Store,
    action: BrakeAction,
    person: &Person,
) -> anyhow::Result<ExitCode> {
    let (now, _) = store.now().await?;
    if !action.apply_to_stock(store, person, now).await? {
        out::line(match action {
            BrakeAction::Pause => "It was paused before; that stays.",
            BrakeAction::Resume => "It was not paused.",
        })?;
    }

    // Said in any case, since it is what holds now.
    print::paused(store.stock_pause().await?.as_ref())?;
    Ok(ExitCode::SUCCESS)
}

async fn log(config: &Config, store: &Store, options: &LogOptions) -> anyhow::Result<ExitCode> {
    // The warehouse's day, whatever this machine's clock is set to.
    let zone = config.trendyol.returns.time_zone;
    let now = clock(store).await?.now();
    let since = options.today.then(|| start_of_day(now, zone));
    let pushes = store.stock_pushes(since, None, options.n).await?;

    if options.json {
        out::json(&pushes)?;
    } else {
        print::pushes(&pushes, zone)?;
    }
    Ok(ExitCode::SUCCESS)
}
