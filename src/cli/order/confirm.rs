//! `orderwatch order confirm ORDER`: a person has seen that the goods reached the right account.

use std::process::ExitCode;

use clap::Args;

use super::one;
use crate::{
    cli::{Global, out, shop_store, signature::Signature},
    store::Confirmed,
};

pub(super) const EXAMPLES: &str = "\
Example:
  orderwatch order confirm 1042 --reason 'the customer has it'

Whether userIdentifier and extraField go into the right fields of a purchase (znet.player_fields,
[[barakat.param]]) is known only from a real order: one of each product. Another rule for a product needs another one.";

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
    let (now, _) = store.now().await?;
    let person = options.signature.person();

    match store.confirm_player_fields(order, &person, now).await? {
        Confirmed::Done(fields) => out::line(format_args!(
            "Confirmed by {}: the player fields of this product are right as {:?}.",
            person.who,
            fields.to_string()
        ))?,
        Confirmed::Before(fields) => out::line(format_args!(
            "It was confirmed before as {:?}; that stays.",
            fields.to_string()
        ))?,
        // Only goods that arrived show whether they went to the right account.
        Confirmed::NotDelivered(stage) => anyhow::bail!(
            "the order is {stage}: only one that was delivered tells whether its player fields are right"
        ),
        Confirmed::NotOurs => anyhow::bail!(
            "orderwatch did not send this order, so it says nothing about the player fields"
        ),
    }

    store.close().await;
    Ok(ExitCode::SUCCESS)
}
