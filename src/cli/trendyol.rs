//! `orderwatch trendyol webhook|forget-account`: what belongs to the account itself.

mod webhook;

use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};

use super::{Global, migrated_store, out};
use crate::store::Store;

const FORGET_EXAMPLES: &str = "\
Example:
  orderwatch trendyol forget-account --seller 2738 --yes

For a database that was used with the test environment, or with another seller: the daemon refuses to go on
there with the new one. Forgotten are the packages, the figures of the stock, what was sent, and how far the
orders were read. The warehouse's own tables stay as they are; look there for rows of the old seller's orders.
With the roles of config/roles.sql it takes a member of orderwatch_migrator in database.url.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Have Trendyol call when an order changes.
    Webhook {
        #[command(subcommand)]
        command: webhook::Command,
    },
    /// Forget what the database knows of a seller, so that another one can use it.
    #[command(after_help = FORGET_EXAMPLES)]
    ForgetAccount(ForgetOptions),
}

#[derive(Args, Debug)]
pub(super) struct ForgetOptions {
    /// The seller that is to be forgotten.
    #[arg(long, value_name = "NUMBER")]
    seller: String,
    /// Really do it; there is no way back.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(global: &Global, command: &Command) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    match command {
        Command::Webhook { command } => webhook::run(&config, command).await,
        Command::ForgetAccount(options) => {
            let store = migrated_store(&config).await?;
            forget(&store, options).await?;
            store.close().await;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn forget(store: &Store, options: &ForgetOptions) -> anyhow::Result<()> {
    let seller = options.seller.trim();
    let Some(known) = store.market_account().await? else {
        anyhow::bail!("this database knows of no seller; nothing was forgotten");
    };

    let (theirs, place) = (&known.seller_id, &known.environment);
    ensure!(
        theirs == seller,
        "this database knows of seller {theirs} at {place}, not of {seller}; nothing was forgotten"
    );

    let (now, _) = store.now().await?;
    // A daemon has its account since its start, and would write what was just forgotten.
    let running = store.daemons(now).await?.iter().any(|daemon| daemon.alive);
    ensure!(
        !running,
        "a daemon is running and would go on with what is forgotten; stop it first"
    );

    // Asked last: whoever says --yes by habit is still stopped by the checks above.
    ensure!(
        options.yes,
        "everything that is known of seller {seller} at {place} would be forgotten; say --yes to do it"
    );

    let forgotten = match store.forget_market_account(seller).await {
        // The daemon's role cannot: what keeps it from selling twice is deleted by the owner alone.
        Err(error) if error.lacks_a_right() => Err(error).context(
            "nothing was forgotten: this takes the owner of schema orderwatch, a member of orderwatch_migrator (config/roles.sql)",
        ),
        done => done.map_err(anyhow::Error::from),
    };
    ensure!(
        forgotten?,
        "somebody else has changed the account meanwhile; nothing was forgotten"
    );

    out::line(format_args!(
        "Seller {seller} at {place} is forgotten; the next start begins anew with the configured one."
    ))?;

    Ok(())
}
