//! `orderwatch order retry ORDER`: sends a held order after its cause was fixed.

use std::process::ExitCode;

use clap::Args;

use super::one;
use crate::{
    cli::{Global, out, shop_store, signature::Signature},
    order::person::OperatorAction,
};

pub(super) const EXAMPLES: &str = "\
Example:
  orderwatch order retry 1042 --reason 'package mapped'

An order whose cause is still there is held again. What may have been bought is never sent again by
this: see `orderwatch order resolve`.";

#[derive(Args, Debug)]
pub(in crate::cli) struct Options {
    /// The order's id, its number in the shop, or its reference at the panel.
    order: String,
    #[command(flatten)]
    signature: Signature,
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = shop_store(&config).await?;
    let order = one::one(&store, &options.order).await?;
    let (facts, now) = one::facts(&config, &store, order).await?;
    let plan = OperatorAction::Retry.plan(order, &facts)?;

    let person = options.signature.person();
    one::carry_out(&config, &store, order, &plan, &person, now).await?;

    out::line(format_args!(
        "Released by {}: {}",
        person.who,
        plan.sentence(&facts)
    ))?;
    store.close().await;
    Ok(ExitCode::SUCCESS)
}
