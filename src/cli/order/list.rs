//! `orderwatch order list`

use std::{process::ExitCode, str::FromStr, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, builder::PossibleValuesParser};
use serde_json::{Value, json};
use uuid::Uuid;

use super::number;
use crate::{
    cli::{Global, out, shop_store, table::Table},
    order::{HoldReason, OrderId, Stage, TenantId, explain::is_late},
    store::{Direction, ListedOrder, OrderFilter, Place},
    text::format::Format,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch order list --held                  what waits for a person
  orderwatch order list --late                  what should have been looked at and was not
  orderwatch order list --stage submitted       what is with a panel
  orderwatch order list --limit 500 --json      for scripts";

#[derive(Args, Debug)]
pub(in crate::cli) struct Options {
    /// Only orders of this stage.
    #[arg(long, value_name = "STAGE", value_parser = stages())]
    stage: Option<String>,
    /// Only held orders.
    #[arg(long, conflicts_with = "stage")]
    held: bool,
    /// Only orders that are due for more than a minute, or past their time limit.
    #[arg(long, conflicts_with = "held")]
    late: bool,
    /// Only orders of this tenant.
    #[arg(long, value_name = "ID")]
    tenant: Option<Uuid>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Go on where the page before ended.
    #[arg(long, value_name = "PLACE")]
    after: Option<Cursor>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// A place in the list, as people hand it back.
#[derive(Clone, Copy, Debug)]
struct Cursor(Place);

fn stages() -> PossibleValuesParser {
    Stage::ALL.map(Stage::as_str).into()
}

impl Options {
    fn filter(&self, now: DateTime<Utc>) -> OrderFilter {
        OrderFilter {
            stage: match (self.held, &self.stage) {
                (true, _) => Some(Stage::Held),
                (false, stage) => stage.as_deref().and_then(Stage::parse),
            },
            late_at: self.late.then_some(now),
            tenant: self.tenant.map(TenantId),
        }
    }

    /// What waits is read from its end: who has waited longest comes first.
    fn direction(&self) -> Direction {
        if self.held || self.late {
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
    let after = options.after.map(|cursor| cursor.0);
    let limit = usize::try_from(options.limit)?;
    let mut orders = store
        .list_orders(
            options.filter(now),
            options.direction(),
            after,
            // One more tells whether there is another page.
            i64::from(options.limit) + 1,
        )
        .await?;
    let more = orders.len() > limit;
    orders.truncate(limit);
    let next = orders.last().filter(|_| more).map(Cursor::behind);
    if options.json {
        let orders: Vec<Value> = orders.iter().map(|order| value(order, now)).collect();
        let next = next.map(|cursor| cursor.to_string());
        out::json(&json!({ "orders": orders, "next": next }))?;
    } else {
        print(&orders, now, next)?;
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn print(orders: &[ListedOrder], now: DateTime<Utc>, next: Option<Cursor>) -> anyhow::Result<()> {
    if orders.is_empty() {
        out::line("No orders.")?;
        return Ok(());
    }
    let mut table = Table::new(["NUMBER", "STAGE", "NEXT", "SINCE", "SHOP", "PANEL", "ORDER"]);
    for order in orders {
        table.row([
            number(order.order, order.order_no, order.shop_status.is_none()),
            stage(order),
            next_look(order, now),
            ago(order.tracked_at, now),
            order
                .shop_status
                .clone()
                .unwrap_or_else(|| "gone".to_owned()),
            order.panel.clone().unwrap_or_else(|| "-".to_owned()),
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

fn next_look(order: &ListedOrder, now: DateTime<Utc>) -> String {
    if let Some(at) = order.finished_at {
        return format!("final {} ago", ago(at, now));
    }
    if is_late(order.stage, order.due_at, order.give_up_at, now) {
        let since = order.due_at.into_iter().chain(order.give_up_at).min();
        return format!("late by {}", ago(since.unwrap_or(now), now));
    }
    match order.due_at {
        Some(due) if due > now => format!("in {}", ago(now, due)),
        Some(_) => "now".to_owned(),
        None if order.stage == Stage::Held => "a person".to_owned(),
        None => "the sweep".to_owned(),
    }
}

/// How long before `now` a time was.
fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let length = now.signed_duration_since(at).to_std();
    Format::PLAIN.span(length.unwrap_or(Duration::ZERO))
}

fn value(order: &ListedOrder, now: DateTime<Utc>) -> Value {
    json!({
        "order": order.order,
        "number": order.order_no.map(|number| number.to_string()),
        "tenant": order.tenant,
        "stage": order.stage.as_str(),
        "held": order.held.map(HoldReason::as_str),
        "late": is_late(order.stage, order.due_at, order.give_up_at, now),
        "panel": order.panel,
        "reference": order.reference,
        "shop_status": order.shop_status,
        "tracked_at": order.tracked_at,
        "due_at": order.due_at,
        "give_up_at": order.give_up_at,
        "finished_at": order.finished_at,
    })
}

impl Cursor {
    fn behind(order: &ListedOrder) -> Self {
        Self(Place {
            at: order.tracked_at,
            order: order.order,
        })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = self.0.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        write!(f, "{at}/{}", self.0.order)
    }
}

/// Not a place in the list.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not a place that an earlier page named")]
struct InvalidCursor;

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (at, order) = text.split_once('/').ok_or(InvalidCursor)?;
        let at = DateTime::parse_from_rfc3339(at).map_err(|_| InvalidCursor)?;
        let order = Uuid::parse_str(order).map_err(|_| InvalidCursor)?;
        Ok(Self(Place {
            at: at.to_utc(),
            order: OrderId(order),
        }))
    }
}
