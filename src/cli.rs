//! The command line: arguments in, text and an exit code out.
//!
//! Exit codes: 0 fine, 1 failed, 2 usage or configuration. Output for people goes to standard
//! output, the log and errors go to standard error.

mod adopt;
mod brakes;
mod check;
mod doctor;
mod figures;
mod healthcheck;
mod live;
mod manual;
mod migrate;
mod money;
mod once;
mod order;
mod out;
mod paint;
mod pick;
mod progress;
mod run;
mod shadow;
mod signature;
mod status;
mod stock;
mod table;
mod top;
mod trendyol;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::{
    clock::{Clock, DatabaseClock},
    config::{Config, ConfigError, Loaded, Sources},
    store::{Store, StoreError},
    telemetry::{self, Secrets},
};

/// Buys a shop's orders from its reseller panel once and watches them to their end.
#[derive(Debug, Parser)]
#[command(name = "orderwatch", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
struct Global {
    /// The configuration file. Otherwise `$ORDERWATCH_CONFIG`, `./config/orderwatch.toml`,
    /// `/etc/orderwatch/orderwatch.toml`, in this order.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon.
    #[command(after_help = run::EXAMPLES)]
    Run,
    /// Show on one screen which daemons run, what waits, and what needs attention.
    #[command(after_help = status::EXAMPLES)]
    Status(status::Options),
    /// Show the same live in the terminal.
    #[command(after_help = top::EXAMPLES)]
    Top(top::Options),
    /// Find what would keep orders from flowing, and say what to do about it. Spends nothing.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::Options),
    /// Say what the switch-over will do, order by order, and what has to be switched off. Writes nothing.
    #[command(after_help = adopt::EXAMPLES)]
    Adopt(adopt::Options),
    /// Bring the database up to date, or take everything back.
    #[command(after_help = migrate::EXAMPLES)]
    Migrate(migrate::Options),
    /// Look at the configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Ask the daemon on this machine whether it is well.
    #[command(after_help = healthcheck::EXAMPLES)]
    Healthcheck,
    /// Run one pass of a periodic job now.
    #[command(after_help = once::EXAMPLES)]
    Once(once::Options),
    /// Look at orders, and decide what only a person can.
    Order {
        #[command(subcommand)]
        command: order::Command,
    },
    /// Stop buying, at all panels or at one; what was bought is watched all the same.
    #[command(after_help = brakes::EXAMPLES)]
    Pause(brakes::Pause),
    /// Go on buying.
    #[command(after_help = brakes::RESUME_EXAMPLES)]
    Resume(brakes::Resume),
    /// Show what a day did to the accounts at the panels, and what nobody explains.
    #[command(after_help = money::EXAMPLES)]
    Money(money::Options),
    /// Show what would have been bought in shadow mode.
    #[command(after_help = shadow::EXAMPLES)]
    Shadow(shadow::Options),
    /// Look at the stock of the Trendyol store, and send it.
    Stock {
        #[command(subcommand)]
        command: stock::Command,
    },
    /// Look after the account at Trendyol: who is called, and of whom the database knows.
    Trendyol {
        #[command(subcommand)]
        command: trendyol::Command,
    },
    /// Take an order's pieces from the shelves.
    #[command(after_help = pick::EXAMPLES)]
    Pick(pick::Options),
    /// Print the completions of a shell.
    #[command(after_help = manual::COMPLETIONS)]
    Completions(manual::Completions),
    /// Print the manual page, or write one for each command.
    #[command(after_help = manual::MAN)]
    Man(manual::Man),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check file, environment and secret files, and print what is in force.
    #[command(after_help = check::EXAMPLES)]
    Check(check::Options),
}

impl Cli {
    /// Runs the command and says how it ended. Errors are printed here, once.
    #[must_use]
    pub fn execute(self) -> ExitCode {
        let runtime = match tokio::runtime::Runtime::new() {
            Ok(runtime) => runtime,
            Err(error) => return out::failed(&anyhow::Error::new(error)),
        };

        let code = match runtime.block_on(self.command.execute(&self.global)) {
            Ok(code) => code,
            Err(error) if error.is::<ConfigError>() => out::misconfigured(&error),
            Err(error) => out::failed(&error),
        };
        // A name look-up that hangs must not keep the process after its end.
        runtime.shutdown_background();
        code
    }

    /// The command tree, for checks of its consistency.
    #[must_use]
    pub fn tree() -> clap::Command {
        Self::command()
    }
}

impl Command {
    async fn execute(self, global: &Global) -> anyhow::Result<ExitCode> {
        match self {
            // Boxed: its future is large, and would make that of every other command as large.
            Self::Run => Box::pin(run::run(global)).await,
            Self::Migrate(options) => migrate::run(global, &options).await,
            Self::Config {
                command: ConfigCommand::Check(options),
            } => check::run(global, &options),
            Self::Healthcheck => healthcheck::run(global).await,
            Self::Once(options) => once::run(global, &options).await,
            Self::Order { command } => order::run(global, &command).await,
            Self::Pause(options) => brakes::pause(global, &options).await,
            Self::Resume(options) => brakes::resume(global, &options).await,
            Self::Money(options) => money::run(global, &options).await,
            Self::Shadow(options) => shadow::run(global, &options).await,
            Self::Stock { command } => stock::run(global, &command).await,
            Self::Trendyol { command } => trendyol::run(global, &command).await,
            Self::Pick(options) => pick::run(global, &options).await,
            Self::Status(options) => status::run(global, &options).await,
            Self::Top(options) => top::run(global, &options).await,
            Self::Doctor(options) => Box::pin(doctor::run(global, &options)).await,
            Self::Adopt(options) => Box::pin(adopt::run(global, &options)).await,
            Self::Completions(options) => manual::completions(&options),
            Self::Man(options) => manual::man(&options),
        }
    }
}

impl Global {
    /// Reads the configuration.
    fn load(&self) -> Result<Loaded, ConfigError> {
        let loaded = Config::load(&Sources::of_process(self.config.clone()))?;
        // Before anything is logged or printed, which may repeat one of them.
        Secrets::process().register(&loaded.config.secrets());
        Ok(loaded)
    }

    /// Reads the configuration and starts the log.
    fn begin(&self) -> anyhow::Result<(Config, telemetry::Guard)> {
        let loaded = self.load()?;
        let guard = Self::begin_log(&loaded)?;
        Ok((loaded.config, guard))
    }

    fn begin_log(loaded: &Loaded) -> anyhow::Result<telemetry::Guard> {
        let log = &loaded.config.log;
        let guard = telemetry::init(&log.level, log.format)?;
        // Several places are searched for it.
        if let Some(file) = &loaded.file {
            tracing::info!(file = %file.display(), "configuration read");
        }
        Ok(guard)
    }
}

/// The database as the configuration has it, before it is asked anything.
fn lazy_store(config: &Config) -> Result<Store, StoreError> {
    let database = &config.database;
    let store = Store::connect_lazy(
        &database.url,
        database.max_connections,
        database.acquire_timeout,
        database.pooler,
    )?;
    Ok(store
        .telling(config.notify.audience())
        .having(config.sides())
        .mirroring(config.trendyol.mirrors())
        .buying_chained(config.dispatch.buy_chained)
        .speaking(config.orders.customer_language))
}

/// The database of a command that asks it a few questions and ends.
async fn store(config: &Config) -> anyhow::Result<Store> {
    let (store, database) = (lazy_store(config)?, &config.database);
    if let Err(error) = store.now().await {
        // The pool only says that no connection came in time; a connection of its own says why.
        let cause = store.why_unreachable(database.acquire_timeout).await;
        return Err(cause.unwrap_or(error)).context("the database does not answer");
    }

    Ok(store)
}

/// The database, as above, with all migrations.
async fn migrated_store(config: &Config) -> anyhow::Result<Store> {
    let store = store(config).await?;
    let missing = store.missing_migrations().await?;
    anyhow::ensure!(
        missing == 0,
        "migrations are missing in the database ({missing}); run `orderwatch migrate` first"
    );
    Ok(store)
}

/// The database, as above, for a command about the shop's orders.
async fn shop_store(config: &Config) -> anyhow::Result<Store> {
    anyhow::ensure!(
        config.shop.enabled,
        crate::worker::jobs::NotAvailable::NoShop
    );
    migrated_store(config).await
}

/// The database's clock, for a command that ends before it could go wrong.
async fn clock(store: &Store) -> anyhow::Result<Arc<dyn Clock>> {
    let clock = DatabaseClock::new();
    let (now, round_trip) = store.now().await?;
    clock.set(now, round_trip);
    Ok(Arc::new(clock))
}
