//! `orderwatch order list`: the tracked orders, a page at a time.

use std::{process::ExitCode, time::Duration};

use chrono::{DateTime, Utc};
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use serde_json::json;
use uuid::Uuid;

use super::number;
use crate::{
    cli::{Global, out, shop_store, table::Table},
    order::{Stage, TenantId},
    store::{Direction, ListedOrder, OrderCursor, OrderFilter, cut_page},
    text::format::Format,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch order list --held                  what needs review
  orderwatch order list --late                  what should have been checked and was not
  orderwatch order list --unsettled             what is finished, and neither approved nor rejected in the shop
  orderwatch order list --stage submitted       what is with a panel
  orderwatch order list --limit 500 --json      for scripts";

#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(in crate::cli) struct Options {
    /// Only orders of this stage.
    #[arg(long, value_name = "STAGE", value_parser = stages())]
    stage: Option<Stage>,
    /// Only held orders.
    #[arg(long, conflicts_with = "stage")]
    held: bool,
    /// Only orders that are due for more than a minute, or past their time limit.
    #[arg(long, conflicts_with = "held")]
    late: bool,
    /// Only finished orders that the shop has not settled: neither approved nor rejected.
    #[arg(long, conflicts_with_all = ["held", "late"])]
    unsettled: bool,
    /// Only orders of this tenant.
    #[arg(long, value_name = "ID")]
    tenant: Option<Uuid>,
    /// Maximum number of orders.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Go on where the page before ended.
    #[arg(long, value_name = "CURSOR")]
    after: Option<OrderCursor>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

fn stages() -> impl TypedValueParser<Value = Stage> {
    PossibleValuesParser::new(Stage::ALL.map(Stage::as_str))
        .try_map(|name| Stage::parse(&name).ok_or("no such stage"))
}

impl Options {
    fn filter(&self) -> OrderFilter {
        OrderFilter {
            stage: self.held.then_some(Stage::Held).or(self.stage),
            held: None,
            late: self.late,
            unsettled: self.unsettled,
            tenant: self.tenant.map(TenantId),
        }
    }

    fn direction(&self) -> Direction {
        // What waits is worked off: the one that has waited longest comes first.
        if self.held || self.late || self.unsettled {
            Direction::Oldest
        } else {
            Direction::Newest
        }
    }
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = shop_store(&config).await?;

    let (now, _) = store.now().await?;
    // One more tells whether there is another page.
    let limit = i64::from(options.limit) + 1;
    let mut orders = store
        .list_orders(
            options.filter(),
            options.direction(),
            now,
            options.after,
            limit,
        )
        .await?;
    let more = cut_page(&mut orders, usize::try_from(options.limit)?);
    let next = orders.last().filter(|_| more).map(ListedOrder::cursor);

    if options.json {
        out::json(&json!({ "orders": orders, "next": next }))?;
    } else {
        print(&orders, now, next)?;
    }

    store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn print(
    orders: &[ListedOrder],
    now: DateTime<Utc>,
    next: Option<OrderCursor>,
) -> anyhow::Result<()> {
    if orders.is_empty() {
        out::line("No orders.")?;
        return Ok(());
    }

    let mut table = Table::new(["NUMBER", "STAGE", "NEXT", "SINCE", "SHOP", "PANEL", "ORDER"]);
    for order in orders {
        let gone = order.shop_status.is_none();
        table.row([
            number(order.order, order.number.as_ref(), gone),
            stage(order),
            next_check(order, now),
            ago(order.tracked_at, now),
            order.shop_status.as_deref().unwrap_or("gone").to_owned(),
            order.panel.as_deref().unwrap_or("-").to_owned(),
            order.order.to_string(),
        ]);
    }
    out::line(table)?;

    if let Some(next) = next {
        out::line(format_args!("\nThere are more: --after {next}"))?;
    }
    Ok(())
}

fn stage(order: &ListedOrder) -> String {
    match order.held {
        Some(reason) => format!("{}: {reason}", order.stage),
        None => order.stage.to_string(),
    }
}

fn next_check(order: &ListedOrder, now: DateTime<Utc>) -> String {
    if let Some(at) = order.finished_at {
        return format!("final {} ago", ago(at, now));
    }
    if order.late {
        // Late by whichever came first: the check that was due, or the time limit.
        let since = order.due_at.into_iter().chain(order.give_up_at).min();
        return format!("late by {}", ago(since.unwrap_or(now), now));
    }
    match order.due_at {
        Some(due) if due > now => format!("in {}", ago(now, due)),
        Some(_) => "now".to_owned(),
        None if order.stage == Stage::Held => "a person".to_owned(),
        // Its attempts ran out: the sweep makes it due again.
        None => "the sweep".to_owned(),
    }
}

/// How long before `now` a time was.
fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let length = now.signed_duration_since(at).to_std();
    Format::PLAIN.span(length.unwrap_or(Duration::ZERO))
}
