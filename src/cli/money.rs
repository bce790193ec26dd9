//! `orderwatch money`: what a day did to the accounts at the panels.

use std::process::ExitCode;

use chrono::NaiveDate;
use chrono_tz::Tz;
use clap::Args;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Global, brakes::no_such_panel, order::number, out, shop_store, table::Table};
use crate::{
    order::{
        IntegrationId,
        money::{
            LinkKind, Money, MoneyLink, PanelMoney,
            csv::{csv, moved},
        },
    },
    worker::money::{day_of, money_of, today},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch money                         today, at all panels
  orderwatch money --day 2026-11-26        a day that is over
  orderwatch money --csv > money.csv       the whole chain, for a spreadsheet
  orderwatch money --json                  for scripts";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The day, in `http.time_zone`; today if none is given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: Option<NaiveDate>,
    /// Only this panel (`integrations.id`).
    #[arg(long, value_name = "ID")]
    integration: Option<Uuid>,
    /// Maximum number of purchases and movements to print; the sums count all. Not for --csv and --json.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    limit: u32,
    /// Print the chain as CSV, whole.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print as JSON, whole.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = shop_store(&config).await?;

    let zone = config.http.time_zone;
    let (now, _) = store.now().await?;
    let date = options.day.unwrap_or_else(|| today(now, zone));
    let Some(day) = day_of(date, zone) else {
        anyhow::bail!("--day {date}: it must lie between the years 1970 and 9999");
    };
    let only = options.integration.map(IntegrationId);
    let Some(money) = money_of(&store, day, only).await? else {
        let asked = only.map(|panel| panel.to_string()).unwrap_or_default();
        return Err(no_such_panel(&store.known_panels().await?, &asked));
    };

    if options.json {
        out::json(&money)?;
    } else if options.csv {
        out::bytes(csv(&money, zone).as_bytes())?;
    } else {
        let limit = usize::try_from(options.limit).unwrap_or(usize::MAX);
        print(&money, limit, zone)?;
    }

    store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn print(money: &Money, limit: usize, zone: Tz) -> anyhow::Result<()> {
    if money.panels.is_empty() {
        out::line(format_args!("No purchase and no balance on {}.", money.day))?;
        return Ok(());
    }

    out::line(sums(&money.panels))?;
    for panel in &money.panels {
        for remark in remarks(panel) {
            out::line(remark)?;
        }
    }

    // --limit 0 asks for the sums alone.
    let shown = money.links.len().min(limit);
    if shown > 0 {
        out::line(format_args!("\n{}", chain(&money.links[..shown], zone)))?;
    }
    let left = money.links.len() - shown;
    if left > 0 {
        out::line(format_args!(
            "{left} more: --limit {}, or --csv",
            money.links.len()
        ))?;
    }

    Ok(())
}

fn sums(panels: &[PanelMoney]) -> Table {
    let mut table = Table::new([
        "PANEL",
        "PURCHASES",
        "COST",
        "OPENED WITH",
        "REFUNDED",
        "LEFT WITHOUT US",
        "CAME IN",
        "CLOSED WITH",
    ]);
    for panel in panels {
        table.row([
            name(panel),
            panel.purchases.to_string(),
            panel.cost.to_string(),
            panel.first.map_or_else(none, shown),
            panel.refunded.to_string(),
            panel.fell.to_string(),
            panel.rose.to_string(),
            panel.last.map_or_else(none, shown),
        ]);
    }
    table
}

/// What of a panel's sums needs a word.
fn remarks(panel: &PanelMoney) -> Vec<String> {
    let name = name(panel);
    let mut remarks = Vec::new();
    let mut say = |count: u64, text: String| {
        if count > 0 {
            remarks.push(format!("{name}: {count} {text}"));
        }
    };

    say(
        panel.losses,
        format!("sold at a loss, {} TRY in all", panel.loss),
    );
    say(
        panel.price_changes,
        "charged at another price than the list's".to_owned(),
    );
    say(
        panel.at_list_price,
        "counted at the price in the list, since the panel has not named the charge".to_owned(),
    );
    say(
        panel.cost_unknown,
        "in no sum, since neither charge nor list price is known".to_owned(),
    );
    say(
        panel.price_unknown,
        "whose price in the shop is not known in TRY".to_owned(),
    );
    remarks
}

fn chain(links: &[MoneyLink], zone: Tz) -> Table {
    let mut table = Table::new([
        "TIME", "PANEL", "NUMBER", "BEFORE", "MOVED", "CHARGE", "AFTER", "SOLD FOR", "NOTE",
    ]);
    for link in links {
        table.row([
            link.at.with_timezone(&zone).format("%T").to_string(),
            link.panel
                .clone()
                .unwrap_or_else(|| link.integration.to_string()),
            what(link),
            link.before.map_or_else(none, shown),
            link.movement.map_or_else(none, shown),
            link.charge.map_or_else(none, shown),
            link.after.map_or_else(none, shown),
            link.sold_for.map_or_else(none, shown),
            note(link),
        ]);
    }
    table
}

fn what(link: &MoneyLink) -> String {
    match (link.kind, link.order) {
        (LinkKind::Purchase, Some(order)) => number(order, link.number.as_ref(), false),
        _ => "balance".to_owned(),
    }
}

fn note(link: &MoneyLink) -> String {
    let mut notes = Vec::new();
    notes.extend(link.moved.map(|it| moved(it).to_owned()));
    if let Some(change) = link.price_change {
        notes.push(format!(
            "list price {}",
            link.charge.unwrap_or_default() - change
        ));
    } else if link.kind == LinkKind::Purchase && !link.charged {
        notes.push("charge not named".to_owned());
    }
    notes.extend(link.loss.map(|loss| format!("loss {loss}")));
    notes.extend(
        link.outcome
            .clone()
            .filter(|outcome| outcome == "cancelled"),
    );
    notes.join(", ")
}

fn name(panel: &PanelMoney) -> String {
    let gone = || format!("{} (gone)", panel.integration);
    panel.panel.clone().unwrap_or_else(gone)
}

fn shown(amount: Decimal) -> String {
    amount.to_string()
}

fn none() -> String {
    "-".to_owned()
}
