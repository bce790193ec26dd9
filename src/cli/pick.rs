//! `orderwatch pick ORDER`: takes an order's pieces from the shelves, once.

use std::{fmt::Write as _, process::ExitCode, sync::Arc};

use clap::Args;

use super::{Global, clock, migrated_store, out};
use crate::{
    daemon,
    stock::place::Place,
    store::{PickAsk, Picked, PickedLine},
    worker::trendyol::{needed, tell},
};

/// What stands in `picked_by` when nobody is named.
const NOBODY: &str = "orderwatch";

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch pick 10654411111 --dry-run         what would be taken from which shelf
  orderwatch pick 10654411111 --by ayse
  orderwatch pick 10654411111 --shelf A-12      from this shelf first";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The order's number.
    order: String,
    /// The shelf to take from first; otherwise the fullest.
    #[arg(long, value_name = "CODE")]
    shelf: Option<String>,
    /// Who picks.
    #[arg(long, value_name = "NAME", default_value = NOBODY)]
    by: String,
    /// Only show what would be taken.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = migrated_store(&config).await?;
    let clock = clock(&store).await?;
    let ask = PickAsk {
        order: options.order.trim(),
        shelf: options.shelf.as_deref(),
        by: &options.by,
        dry_run: options.dry_run,
        now: clock.now(),
    };
    let picked = store.pick(ask, needed).await?;
    let (text, code) = said(ask, &picked);
    out::line(text)?;
    if let Picked::Taken { told: 1.., .. } = picked
        && !options.dry_run
        && config.trendyol.enabled
    {
        // What Trendyol does not hear now, the daemon tells it.
        let seller = daemon::trendyol::seller(&config, &store, Arc::clone(&clock))?;
        let told = tell(&seller).await?;
        out::line(if told.later + told.given_up == 0 {
            "Trendyol knows that it is being picked."
        } else {
            "Trendyol could not be told; the daemon tries again."
        })?;
    }
    store.close().await;
    Ok(code)
}

fn said(ask: PickAsk<'_>, picked: &Picked) -> (String, ExitCode) {
    let order = ask.order;
    let failed = |text: String| (text, ExitCode::FAILURE);
    match picked {
        Picked::Taken { lines, .. } => taken(ask, lines),
        Picked::Already(Some(Place::Preparing)) => (
            format!(
                "Order {order} was picked before: the application has collected it (it is in \
                 orders_hazirlaniyor); nothing was taken."
            ),
            ExitCode::SUCCESS,
        ),
        Picked::Already(Some(place)) if *place != Place::Elsewhere => (
            format!(
                "Order {order} was picked before (it is in orders_{}); nothing was taken.",
                place.as_str()
            ),
            ExitCode::SUCCESS,
        ),
        Picked::Already(_) => (
            format!("Order {order} was picked before; nothing was taken."),
            ExitCode::SUCCESS,
        ),
        Picked::Cancelled => failed(format!("Order {order} was cancelled; nothing was taken.")),
        Picked::NotReady => failed(format!(
            "Order {order} is not to be picked: its payment is pending, or it is in none of the \
             warehouse's tables of open orders. Nothing was taken."
        )),
        Picked::NoLines => failed(format!(
            "Order {order} has no line that can be read; nothing was taken. \
             `orderwatch stock plan` names what is wrong with it."
        )),
        Picked::Unknown => failed(format!("There is no order {order}.")),
    }
}

fn taken(ask: PickAsk<'_>, lines: &[PickedLine]) -> (String, ExitCode) {
    let verb = if ask.dry_run { "Would take" } else { "Took" };
    let mut text = format!("{verb} for order {}:", ask.order);
    let mut short = false;
    // Writing into a String cannot fail.
    let mut add = |line: String| {
        let _: std::fmt::Result = write!(text, "\n  {line}");
    };
    for PickedLine {
        line,
        takes,
        from_stock,
        qty,
    } in lines
    {
        let shelves: Vec<String> = takes
            .iter()
            .map(|take| format!("{} from {}", take.units, take.shelf))
            .collect();
        let shelves = if shelves.is_empty() {
            "from no shelf".to_owned()
        } else {
            shelves.join(", ")
        };
        let left = qty.map_or("not in central_stock".to_owned(), |qty| {
            format!("{qty} left")
        });
        add(format!(
            "{} × {}: {shelves}; {left}",
            line.units, line.barcode
        ));
        let on_shelves: i32 = takes.iter().map(|take| take.units).sum();
        if on_shelves < line.units {
            short = true;
            add(format!(
                "  short: the shelves hold {on_shelves} of {}",
                line.units
            ));
        }
        if *from_stock < line.units {
            short = true;
            add(format!(
                "  short: central_stock had {from_stock} of {}",
                line.units
            ));
        }
    }
    let code = if short {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    };
    (text, code)
}
