//! `orderwatch order explain ORDER`

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::one;
use crate::{
    cli::{Global, out, shop_store},
    order::{
        HoldReason, OrderId,
        explain::{Explanation, Facts, explain},
    },
    text::Lang,
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
    let found = one::found(&store, &options.order).await?;
    let several = found.len() > 1;
    let mut all = Vec::new();
    for order in found {
        let (facts, _) = one::facts(&config, &store, order).await?;
        let explanation = explain(&facts);
        if options.json {
            all.push(value(order, &facts, &explanation));
            continue;
        }
        if several {
            out::line(format_args!("{order}:"))?;
        }
        out::line(&explanation)?;
        if let Some(fix) = explanation.why.fix(Lang::En) {
            out::line(format_args!("What to do: {fix}"))?;
        }
    }
    if options.json {
        out::json(&Value::Array(all))?;
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn value(order: OrderId, facts: &Facts, explanation: &Explanation) -> Value {
    let tracked = facts.tracked.as_ref();
    json!({
        "order": order,
        "stage": tracked.map(|known| known.watched.stage.as_str()),
        "held": tracked.and_then(|known| known.held).map(HoldReason::as_str),
        "why": explanation.why.as_str(),
        "sentence": explanation.to_string(),
        "fix": explanation.why.fix(Lang::En),
        "next_look": explanation.next_look(),
    })
}
