//! `orderwatch migrate [revert]`: the only command that creates or removes tables.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Global, out, progress::Progress, store};
use crate::store::{MigrateError, Revert, Store};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch migrate                 create or adopt the tables; safe on a live database
  orderwatch migrate revert          take everything back that it made
  orderwatch migrate revert --force  … and forget orders that are not settled";

#[derive(Args, Debug)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Option<Direction>,
}

#[derive(Debug, Subcommand)]
enum Direction {
    /// Take back everything that the migrations made. The shop's rows stay as they were.
    #[command(after_help = EXAMPLES)]
    Revert {
        /// Also when orders are not settled yet; what is known about them is lost.
        #[arg(long)]
        force: bool,
    },
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    // Not the store of the other commands, which refuses a database that lacks migrations.
    let store = store(&config).await?;

    match options.command {
        None => match migrated(&store).await? {
            0 => out::line("The database is up to date.")?,
            applied => out::line(format_args!("Applied {applied} migrations."))?,
        },
        Some(Direction::Revert { force }) => {
            let how = if force {
                Revert::Forced
            } else {
                Revert::Careful
            };
            let reverted = store.revert(how).await?;
            out::line(format_args!("Reverted {reverted} migrations."))?;
        }
    }

    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn migrated(store: &Store) -> Result<usize, MigrateError> {
    // An index of a large table takes minutes, in which people should see that it goes on.
    let progress = Progress::begin("migrating; the shop can go on working");
    let applied = store.migrate().await;
    progress.end();
    applied
}
