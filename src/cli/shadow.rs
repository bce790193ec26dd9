//! `orderwatch shadow`: what would have been bought or held, had `dispatch.mode` been "live".

use std::process::ExitCode;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::Args;
use serde_json::json;

use super::{Global, order::number, out, shop_store, table::Table};
use crate::{
    order::Player,
    store::{Forwarded, SentByShop, ShadowEntry, ShadowSum},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch shadow                  everything that was written down
  orderwatch shadow --since 24h      the last day
  orderwatch shadow --json           for scripts";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Only what was found in this time, such as 24h.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    since: Option<std::time::Duration>,
    /// Maximum number of orders to print; the sums count all.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    limit: u32,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = shop_store(&config).await?;

    let (now, _) = store.now().await?;
    let since = options.since.map(|length| back(now, length));
    let sums = store.shadow_sums(since).await?;
    let orders = store
        .shadow_before(since, None, i64::from(options.limit), &config.player)
        .await?;
    // They are written down nowhere: the shop sends them, also when orderwatch is live.
    let chained = store
        .forwarded(since.unwrap_or_else(|| now - TimeDelta::days(7)), now)
        .await?;

    if options.json {
        out::json(&json!({
            "since": since, "panels": sums, "orders": orders, "forwarded": chained.orders,
        }))?;
    } else {
        print(&sums, &orders)?;
        print_forwarded(chained)?;
    }

    store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn back(now: DateTime<Utc>, length: std::time::Duration) -> DateTime<Utc> {
    // Longer ago than the calendar reaches means everything.
    TimeDelta::from_std(length)
        .ok()
        .and_then(|length| now.checked_sub_signed(length))
        .unwrap_or(DateTime::<Utc>::MIN_UTC)
}

fn print(sums: &[ShadowSum], orders: &[ShadowEntry]) -> anyhow::Result<()> {
    if sums.is_empty() {
        out::line("Nothing was written down. Shadow mode is dispatch.mode = \"shadow\".")?;
        return Ok(());
    }

    out::line(by_panel(sums))?;
    // --limit 0 asks for the sums alone.
    if orders.is_empty() {
        return Ok(());
    }

    let mut table = Table::new([
        "FOUND",
        "NUMBER",
        "PANEL",
        "WHAT",
        "PLAYER FIELDS",
        "TRY",
        "REFERENCE",
        "SHOP",
        "ORDER",
    ]);
    for order in orders {
        table.row([
            order.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            number(order.order, order.number.as_ref(), order.row_gone),
            order.panel.clone().unwrap_or_else(none),
            what(order),
            order.player.as_ref().map_or_else(none, Player::to_string),
            order.expected.clone().unwrap_or_else(none),
            order.reference.clone().unwrap_or_else(none),
            order.sent_by_shop.as_ref().map_or_else(none, sent_by_shop),
            order.order.to_string(),
        ]);
    }
    out::line(format_args!("\n{table}"))?;
    Ok(())
}

/// What is bought and held at each panel.
pub(super) fn by_panel(sums: &[ShadowSum]) -> Table {
    let mut table = Table::new([
        "PANEL",
        "WOULD BUY",
        "FOR TRY",
        "PRICE UNKNOWN",
        "WOULD HOLD",
    ]);
    for sum in sums {
        table.row([
            panel(sum),
            sum.would_buy.to_string(),
            sum.expected.clone(),
            sum.price_unknown.to_string(),
            sum.would_hold.to_string(),
        ]);
    }
    table
}

fn print_forwarded(chained: Forwarded) -> anyhow::Result<()> {
    if chained.orders > 0 {
        let orders = chained.orders;
        out::line(format_args!(
            "\n{orders} orders were forwarded between tenants; the shop sends and follows these."
        ))?;
    }
    Ok(())
}

fn panel(sum: &ShadowSum) -> String {
    match (&sum.panel, sum.integration) {
        (Some(name), _) => name.clone(),
        (None, Some(id)) => format!("{id} (gone)"),
        (None, None) => "none".to_owned(),
    }
}

fn what(order: &ShadowEntry) -> String {
    if let Some(reason) = &order.would_hold {
        return format!("hold: {reason}");
    }

    let words = order.product.iter().flat_map(|(name, value)| {
        let value = value.as_str().unwrap_or_default();
        [&**name, value]
    });
    let words: Vec<&str> = std::iter::once("buy").chain(words).collect();
    words.join(" ")
}

/// The shop's own sending, beside what orderwatch would have done.
fn sent_by_shop(did: &SentByShop) -> String {
    let before = if did.before_it_was_seen { " first" } else { "" };
    match &did.panel {
        _ if did.same_panel => format!("sent{before}"),
        Some(panel) => format!("sent{before} to {panel}"),
        None => format!("sent{before}, panel not named"),
    }
}

fn none() -> String {
    "-".to_owned()
}
