//! `orderwatch order explain ORDER`: why an order waits or how it ended, in one sentence.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::one;
use crate::{
    cli::{Global, out, shop_store},
    order::explain::ExplainedOrder,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch order explain 1042                 by the shop's order number
  orderwatch order explain 3254111450256053     by the reference at the panel
  orderwatch order explain 1042 --json          for scripts";

#[derive(Args, Debug)]
pub(in crate::cli) struct Options {
    /// The order's id, its number in the shop, or its reference at the panel.
    order: String,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = shop_store(&config).await?;
    // All that the text may mean: an explanation changes nothing, so it need not be one.
    let found = one::found(&store, &options.order).await?;
    let mut all = Vec::new();
    for order in found {
        let (facts, _) = one::facts(&config, &store, order).await?;
        all.push(ExplainedOrder::of(order, &facts));
    }

    if options.json {
        out::json(&json!(all))?;
    } else {
        print(&all)?;
    }

    store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn print(all: &[ExplainedOrder]) -> anyhow::Result<()> {
    for explained in all {
        if all.len() > 1 {
            out::line(format_args!("{}:", explained.order))?;
        }
        out::line(&explained.sentence)?;
        if let Some(fix) = &explained.fix {
            out::line(format_args!("What to do: {fix}"))?;
        }
    }
    Ok(())
}
