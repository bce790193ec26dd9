//! Stock as people read it: a line for each product or pass, and under it what does not fit there.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;

use crate::{
    cli::{figures::ago, out, table::Table},
    overview::StockPause,
    stock::{Barcode, listing::MADE_TO_ORDER, plan::PlannedItem, rule::Verdict},
    store::StockPush,
    text::format::Format,
    worker::trendyol::Forecast,
};

/// What is available of each product and what happens with it, and who holds units of it.
pub(super) fn products(shown: &[PlannedItem], now: DateTime<Utc>) -> anyhow::Result<()> {
    if shown.is_empty() {
        return Ok(());
    }

    let mut table = Table::new([
        "BARCODE", "SHELF", "RESERVED", "BUFFER", "DESIRED", "ON SALE", "SENT", "NEXT",
    ]);

    for product in shown {
        let entry = &product.entry;
        table.row([
            product.barcode.clone(),
            entry
                .qty
                .map_or_else(|| "gone".to_owned(), |qty| qty.to_string()),
            entry.reserved.to_string(),
            product.safety.to_string(),
            entry.desired.to_string(),
            seen(entry.on_sale, product.observed_at, "never checked", now),
            seen(product.sent, product.sent_at, "-", now),
            next(product),
        ]);
    }

    out::line(table)?;
    holders(shown)?;
    notes(shown)
}

/// The products that were asked for, each in sentences.
pub(super) fn named(
    wanted: &[Barcode],
    found: &[PlannedItem],
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    for product in found {
        out::line(in_words(product, now))?;
    }

    for name in wanted {
        if !found.iter().any(|product| product.barcode == name.as_str()) {
            out::line(format_args!("{name}: neither in central_stock nor on sale"))?;
        }
    }
    Ok(())
}

/// Records that could not be read, and what was shipped without being taken.
pub(super) fn data_warnings(forecast: &Forecast) -> anyhow::Result<()> {
    for warning in forecast.data_warnings() {
        out::line(format_args!("not as it should be: {warning}"))?;
    }
    for (barcode, holder) in forecast.shipped_untaken() {
        let (units, order) = (holder.units, &holder.order);
        out::line(format_args!(
            "shipped, but never taken from the shelves: {units} × {barcode} of order {order}; \
             `orderwatch pick {order}` or `orderwatch stock release {order}`"
        ))?;
    }
    Ok(())
}

/// One product in sentences: what is there, what is held, what should be on sale, what is, what happens next.
pub(super) fn in_words(product: &PlannedItem, now: DateTime<Utc>) -> String {
    let entry = &product.entry;
    let shelf = entry.qty.map_or_else(
        || "central_stock does not have it any more".to_owned(),
        |qty| format!("{qty} in central_stock"),
    );

    let mut lines = vec![product.barcode.clone(), format!("  shelf:     {shelf}")];
    if let Some(there) = entry.shelved {
        lines.push(format!(
            "             {there} on the shelves; the others are not sold"
        ));
    }

    if entry.made_to_order {
        lines.push(format!(
            "             made to order: always {MADE_TO_ORDER} on sale"
        ));
    }

    lines.push(format!("  reserved:  {}", entry.reserved));
    for holder in &product.holders {
        let (units, order, status) = (holder.units, &holder.order, &holder.status);
        let never = if holder.shipped {
            ", but never taken from the shelves"
        } else {
            ""
        };
        lines.push(format!(
            "             {units} for order {order} ({status}{never})"
        ));
    }

    lines.push(format!("  buffer:    {}", product.safety));
    lines.push(format!("  desired:   {}", entry.desired));
    lines.push(format!("  on sale:   {}", on_sale(product, now)));
    if let Some(since) = product.deficit_since {
        let units = entry.desired.saturating_sub(entry.on_sale.unwrap_or(0));
        lines.push(format!(
            "             {units} too few for {}",
            ago(since, now)
        ));
    }

    lines.push(format!(
        "  last sent: {}",
        seen(product.sent, product.sent_at, "nothing", now)
    ));
    lines.push(format!("  next:      {}", next(product)));
    if let Some(words) = &product.refused {
        lines.push(format!("  refused:   {words}"));
    }
    lines.join("\n")
}

fn on_sale(product: &PlannedItem, now: DateTime<Utc>) -> String {
    match (product.entry.on_sale, product.observed_at) {
        (Some(units), Some(at)) => format!("{units}, checked {} ago", ago(at, now)),
        (None, Some(at)) => format!("no figure, checked {} ago", ago(at, now)),
        _ => "never checked".to_owned(),
    }
}

/// A figure and how old it is.
fn seen(
    units: Option<i32>,
    at: Option<DateTime<Utc>>,
    otherwise: &str,
    now: DateTime<Utc>,
) -> String {
    match (units, at) {
        (Some(units), Some(at)) => format!("{units}, {} ago", ago(at, now)),
        _ => otherwise.to_owned(),
    }
}

fn next(product: &PlannedItem) -> String {
    product.entry.verdict.sentence(&Format::PLAIN)
}

fn holders(shown: &[PlannedItem]) -> anyhow::Result<()> {
    let mut table = Table::new(["RESERVED OF", "UNITS", "FOR ORDER", "PACKAGE", "STATUS"]);
    for product in shown {
        for holder in &product.holders {
            let package = holder.package.map(|id| (id.to_string(), &*holder.status));
            let status = match (&package, holder.shipped) {
                (Some((_, status)), true) => format!("{status}, but never taken from the shelves"),
                (Some((_, status)), false) => (*status).to_owned(),
                // No package backs it: the warehouse wrote the row itself.
                (None, _) => format!("row of {}", holder.status),
            };
            table.row([
                product.barcode.clone(),
                holder.units.to_string(),
                holder.order.clone(),
                package.map_or_else(|| "-".to_owned(), |(id, _)| id),
                status,
            ]);
        }
    }

    if shown.iter().any(|product| !product.holders.is_empty()) {
        out::line(format_args!("\n{table}"))?;
    }
    Ok(())
}

/// What Trendyol says of single products.
fn notes(shown: &[PlannedItem]) -> anyhow::Result<()> {
    let mut notes = Vec::new();
    for product in shown {
        let barcode = &product.barcode;
        let extra = product.entry.extra_buffer;
        if extra > 0 {
            notes.push(format!(
                "{barcode}: the warehouse keeps {extra} back besides those of every product (stock_listing_policy)."
            ));
        }
        if let Some(there) = product.entry.shelved {
            notes.push(format!(
                "{barcode}: its shelves hold {there}; what else central_stock counts is not sold."
            ));
        }
        if product.entry.made_to_order {
            notes.push(format!(
                "{barcode}: made to order, so always {MADE_TO_ORDER} on sale, whatever the shelves hold."
            ));
        }
        if let Some(words) = &product.refused {
            notes.push(format!("{barcode}: Trendyol says: {words}"));
        }
    }

    if !notes.is_empty() {
        out::line(format_args!("\n{}", notes.join("\n")))?;
    }
    Ok(())
}

pub(super) fn paused(pause: Option<&StockPause>) -> anyhow::Result<()> {
    let Some(pause) = pause else {
        out::line("Stock is sent.")?;
        return Ok(());
    };

    let what = if pause.lets_lower() {
        "Stock is only lowered"
    } else {
        "No stock is sent"
    };
    out::line(format_args!(
        "{what}: paused since {} by {}: {}",
        pause.at.to_rfc3339_opts(SecondsFormat::Secs, true),
        pause.who,
        pause.why
    ))?;
    Ok(())
}

/// How many products are to be sent or wait, and what keeps all of them back.
pub(super) fn summary(forecast: &Forecast, below_table: bool) -> anyhow::Result<()> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in forecast.entries().values() {
        let kind = match entry.verdict {
            Verdict::InSync => "in sync",
            Verdict::Send { .. } => "to be sent",
            Verdict::Wait(_) => "waiting",
        };
        *counts.entry(kind).or_default() += 1;
    }

    let counts: Vec<String> = counts
        .iter()
        .map(|(kind, n)| format!("{n} {kind}"))
        .collect();

    if counts.is_empty() {
        out::line("No products: central_stock is empty, and nothing is on sale.")?;
    } else {
        let gap = if below_table { "\n" } else { "" };
        out::line(format_args!("{gap}Products: {}.", counts.join(", ")))?;
    }

    // A sale that is not read yet would be overwritten by a raise, and its piece sold twice.
    if forecast.is_stale() {
        out::line("The orders were not read lately: stock is only lowered until they are.")?;
    }

    // An empty central_stock is a broken import, not a sold-out shop.
    if let Err(zeroing) = forecast.guard() {
        out::line(format_args!("Nothing will be sent: {zeroing}."))?;
    }
    Ok(())
}

/// What a push would do: how many products it sends, and what else it finds.
pub(super) fn rehearsal(forecast: &Forecast, sends: usize, stale: bool) -> anyhow::Result<()> {
    if sends > 0 {
        out::line("")?;
    }

    out::line(format_args!("{sends} products differ; nothing was sent."))?;
    let entries = forecast.entries().values();
    let waits = entries
        .filter(|entry| matches!(entry.verdict, Verdict::Wait(_)))
        .count();

    if waits > 0 {
        out::line(format_args!(
            "{waits} wait; `orderwatch stock plan` says why."
        ))?;
    }

    if stale {
        out::line("The orders were not read lately; a pass reads them first.")?;
    }
    Ok(())
}

/// A line for each pass, newest first; times are the warehouse's.
pub(super) fn pushes(pushes: &[StockPush], zone: Tz) -> anyhow::Result<()> {
    if pushes.is_empty() {
        out::line("No pass yet.")?;
        return Ok(());
    }

    let mut table = Table::new([
        "ENDED", "PRODUCTS", "PIECES", "REQUESTS", "RESERVED", "TOOK", "OUTCOME",
    ]);
    for push in pushes {
        let took = push.seconds.map(|seconds| format!("{seconds:.1} s"));
        let error = push.error.as_deref().unwrap_or("no reason");
        table.row([
            push.at.with_timezone(&zone).format("%F %T").to_string(),
            push.items.to_string(),
            push.units.to_string(),
            push.requests.to_string(),
            push.reserved.to_string(),
            took.unwrap_or_else(|| "-".to_owned()),
            if push.success {
                "done".to_owned()
            } else {
                format!("failed: {error}")
            },
        ]);
    }
    out::line(table)?;
    Ok(())
}
