//! `orderwatch order retry`: sends held orders after their cause was fixed, one, or all of one reason.
//! All of one reason take two steps: without `--yes` it only says which.

use std::{collections::HashMap, process::ExitCode};

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};

use super::one;
use crate::{
    cli::{Global, out, shop_store, signature::Signature},
    config::Config,
    order::{
        HoldReason, OrderId, WayOut,
        money::Loss,
        person::{OperatorAction, Plan},
    },
    store::{ListedOrder, Person, Store},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch order retry 1042 --reason 'package mapped'
  orderwatch order retry --reason-code no_mapping --all --reason 'packages mapped'          says which
  orderwatch order retry --reason-code no_mapping --all --reason 'packages mapped' --yes    retries them

An order whose cause is still there is held again. What orderwatch may have bought is never sent again
by this: see `orderwatch order resolve`. What is held for foreign_reference somebody else may have bought
under the reference that `order show` names: check it at the panel, and retry each order by itself.";

#[derive(Args, Debug)]
pub(in crate::cli) struct Options {
    /// The order's id, its number in the shop, or its reference at the panel.
    #[arg(required_unless_present = "reason_code")]
    order: Option<String>,
    /// In place of one order: those that are held for this reason, as `order list --held` names it.
    #[arg(long, value_name = "HELD_FOR", value_parser = retryable(), requires = "all", conflicts_with = "order")]
    reason_code: Option<HoldReason>,
    /// With --reason-code: all of them, each with a result of its own.
    #[arg(long, requires = "reason_code")]
    all: bool,
    /// With --all: do it, for those that are held by then; otherwise only say which.
    #[arg(long, requires = "all")]
    yes: bool,
    #[command(flatten)]
    signature: Signature,
}

/// The reasons whose cause can be fixed; the others need a decision about each order.
fn retryable() -> impl TypedValueParser<Value = HoldReason> {
    let reasons = HoldReason::ALL.into_iter();
    let names = reasons.filter(|reason| reason.way_out() == WayOut::Retry);
    PossibleValuesParser::new(names.map(HoldReason::as_str))
        .try_map(|name| HoldReason::parse(&name).ok_or("no such reason"))
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = shop_store(&config).await?;
    let person = options.signature.person();

    let code = match (&options.order, options.reason_code) {
        (Some(order), _) => {
            let order = one::one(&store, order).await?;
            let sentence = retry(&config, &store, order, None, &person).await?;
            out::line(format_args!("Released by {}: {sentence}", person.who))?;
            ExitCode::SUCCESS
        }
        (None, Some(reason)) => {
            let (now, _) = store.now().await?;
            let held = store.held_for(|held| held == reason, now).await?;
            if options.yes {
                retry_each(&config, &store, &held, &person).await?
            } else {
                preview(&store, &held, reason).await?
            }
        }
        // clap asks for one of the two.
        (None, None) => anyhow::bail!("name an order, or --reason-code and --all"),
    };

    store.close().await;
    Ok(code)
}

/// Releases one order, only for that reason where one is named; returns what happens next.
async fn retry(
    config: &Config,
    store: &Store,
    order: OrderId,
    reason: Option<HoldReason>,
    person: &Person,
) -> anyhow::Result<String> {
    let (facts, now) = one::facts(config, store, order).await?;
    let plan: Plan = OperatorAction::Retry.plan(order, &facts)?;
    // Released meanwhile, it may be held for its price by now, of which nobody has decided.
    if let Some(held) = plan.from().held
        && reason.is_some_and(|reason| reason != held)
    {
        anyhow::bail!("it is held for {held} by now");
    }

    one::carry_out(config, store, order, &plan, person, now).await?;
    Ok(plan.sentence(&facts))
}

async fn preview(
    store: &Store,
    held: &[ListedOrder],
    reason: HoldReason,
) -> anyhow::Result<ExitCode> {
    if held.is_empty() {
        out::line(format_args!("No order is held for {reason}."))?;
        return Ok(ExitCode::SUCCESS);
    }

    let losses = losses(store, held).await?;
    for order in held {
        match losses.get(&order.order) {
            Some(loss) => out::line(format_args!("{}: {loss}", name(order)))?,
            None => out::line(name(order))?,
        }
    }
    out::line(format_args!(
        "Held for {reason}: {}. Nothing was done. Repeat with --yes to retry them.",
        held.len()
    ))?;
    // A script must not take the preview for the step itself.
    Ok(ExitCode::FAILURE)
}

/// What those lose that are held for it.
async fn losses(store: &Store, held: &[ListedOrder]) -> anyhow::Result<HashMap<OrderId, Loss>> {
    let at_a_loss = held
        .iter()
        .filter(|order| order.held == Some(HoldReason::SoldAtALoss));
    let orders: Vec<OrderId> = at_a_loss.map(|order| order.order).collect();
    Ok(store.losses(&orders).await?)
}

/// Retries each on its own: what one of them is refused says nothing about the others.
async fn retry_each(
    config: &Config,
    store: &Store,
    held: &[ListedOrder],
    person: &Person,
) -> anyhow::Result<ExitCode> {
    let mut released = 0;
    for order in held {
        match retry(config, store, order.order, order.held, person).await {
            Ok(sentence) => {
                released += 1;
                out::line(format_args!("{}: {sentence}", name(order)))?;
            }
            Err(error) => out::line(format_args!("{}: not released: {error:#}", name(order)))?,
        }
    }

    out::line(format_args!(
        "Released by {}: {released} of {}.",
        person.who,
        held.len()
    ))?;
    Ok(if released == held.len() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Its number in the shop, where it has one, and its id.
fn name(order: &ListedOrder) -> String {
    match &order.number {
        Some(number) => format!("{number} ({})", order.order),
        None => order.order.to_string(),
    }
}
