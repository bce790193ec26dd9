//! `orderwatch trendyol webhook register|list|remove`: whom Trendyol calls when an order changes.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    cli::{clock, migrated_store, out, table::Table},
    config::Config,
    daemon::trendyol,
    marketplace::{Registration, Webhook, Webhooks},
};

const REGISTER_EXAMPLES: &str = "\
Examples:
  orderwatch trendyol webhook register           once, after trendyol.webhook was set; again after it was changed
  orderwatch trendyol webhook register --json    the same for scripts

A webhook that is registered at this address already gets the login of the configuration, and is called again
where Trendyol had given it up.";

const LIST_EXAMPLES: &str = "\
Examples:
  orderwatch trendyol webhook list           all of the seller's webhooks, and which one is ours
  orderwatch trendyol webhook list --json    the same for scripts";

const REMOVE_EXAMPLES: &str = "\
Examples:
  orderwatch trendyol webhook remove       the one at the configured address
  orderwatch trendyol webhook remove ID    another one, as the list names it

Orders are then read by the regular pull alone.";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Register the configured address.
    #[command(after_help = REGISTER_EXAMPLES)]
    Register(Options),
    /// Show whom Trendyol calls.
    #[command(after_help = LIST_EXAMPLES)]
    List(Options),
    /// Remove a webhook.
    #[command(after_help = REMOVE_EXAMPLES)]
    Remove(RemoveOptions),
}

#[derive(Args, Debug)]
pub(in crate::cli) struct Options {
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct RemoveOptions {
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    /// Its id; otherwise the one at the configured address.
    id: Option<String>,
}

pub(super) async fn run(config: &Config, command: &Command) -> anyhow::Result<ExitCode> {
    let store = migrated_store(config).await?;
    let seller = trendyol::seller(config, &store, clock(&store).await?)?;
    let hooks = seller
        .market
        .hooks()
        .context("this marketplace calls nobody")?;

    let code = match command {
        Command::Register(options) => register(config, hooks, options.json).await?,
        Command::List(options) => list(config, hooks, options.json).await?,
        Command::Remove(options) => remove(config, hooks, options).await?,
    };

    store.close().await;
    Ok(code)
}

async fn register(
    config: &Config,
    hooks: &dyn Webhooks,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        config.trendyol.webhook.enabled,
        "calls would be refused: set trendyol.webhook.enabled first, and reload the daemon"
    );

    let registration = Registration {
        url: ours(config)?,
        user: config.trendyol.webhook.user.clone(),
        password: config.trendyol.webhook.password.clone(),
    };

    // One that stands at this address is updated: Trendyol takes 15 at most, and would call each of them.
    let before = find(hooks, &registration.url).await?;
    let id = before.as_ref().map(|hook| hook.id.as_str());
    let id = hooks.register(id, &registration).await?;
    // Trendyol sets a webhook passive that did not answer for an hour, and calls it no more.
    if before.as_ref().is_some_and(|hook| !hook.active) {
        hooks.activate(&id).await?;
    }

    let (url, outcome) = (&registration.url, outcome(before.as_ref()));
    if as_json {
        out::json(&json!({ "id": id, "url": url, "outcome": outcome }))?;
        return Ok(ExitCode::SUCCESS);
    }

    out::line(match outcome {
        "registered" => format!("Trendyol calls {url} from now on (webhook {id})."),
        "activated" => format!("Trendyol had given up {url} and calls it again (webhook {id})."),
        _ => format!(
            "{url} was registered already (webhook {id}); it has the login of the configuration now."
        ),
    })?;
    Ok(ExitCode::SUCCESS)
}

const fn outcome(before: Option<&Webhook>) -> &'static str {
    match before {
        None => "registered",
        Some(hook) if hook.active => "updated",
        Some(_) => "activated",
    }
}

async fn list(config: &Config, hooks: &dyn Webhooks, as_json: bool) -> anyhow::Result<ExitCode> {
    // Without an address none is ours, and the list is shown all the same.
    let ours = ours(config).ok();
    let is_ours = |hook: &Webhook| Some(&hook.url) == ours.as_ref();
    let all = hooks.webhooks().await?;

    if as_json {
        let all = all.iter().map(|hook| {
            json!({ "id": hook.id, "url": hook.url, "active": hook.active, "ours": is_ours(hook) })
        });
        out::json(&all.collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    if all.is_empty() {
        out::line("Trendyol calls nobody.")?;
        return Ok(ExitCode::SUCCESS);
    }

    let mut table = Table::new(["ID", "STATUS", "OURS", "ADDRESS"]);
    for hook in &all {
        table.row([
            hook.id.clone(),
            if hook.active { "active" } else { "passive" }.to_owned(),
            if is_ours(hook) { "yes" } else { "no" }.to_owned(),
            hook.url.clone(),
        ]);
    }
    out::line(table)?;
    Ok(ExitCode::SUCCESS)
}

async fn remove(
    config: &Config,
    hooks: &dyn Webhooks,
    options: &RemoveOptions,
) -> anyhow::Result<ExitCode> {
    let id = if let Some(id) = &options.id {
        id.trim().to_owned()
    } else {
        let url = ours(config)?;
        let hook = find(hooks, &url).await?;
        hook.with_context(|| format!("{url} is not registered; nothing was removed"))?
            .id
    };

    anyhow::ensure!(
        // An empty id would be the path of the list itself.
        !id.is_empty() && hooks.remove(&id).await?,
        "Trendyol has no webhook {id:?}; nothing was removed"
    );

    if options.json {
        out::json(&json!({ "id": id, "removed": true }))?;
    } else {
        out::line(format_args!("Webhook {id} is removed."))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(hooks: &dyn Webhooks, url: &str) -> anyhow::Result<Option<Webhook>> {
    let all = hooks.webhooks().await?;
    Ok(all.into_iter().find(|hook| hook.url == url))
}

fn ours(config: &Config) -> anyhow::Result<String> {
    let trendyol = &config.trendyol;
    let address = trendyol.webhook.address(&trendyol.seller_id);
    address.context("trendyol.webhook.public_url is not set")
}
