//! `orderwatch pick ORDER`: takes an order's pieces from the shelves, once.

use std::{fmt::Write as _, process::ExitCode, sync::Arc};

use clap::Args;

use super::{Global, clock, migrated_store, out};
use crate::{
    clock::Clock,
    config::Config,
    daemon,
    stock::order_table::OrderTable,
    store::{PickAsk, PickLine, Picked, Store},
    worker::trendyol::{PickingReports, report_picking},
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
    let picked = store.pick(ask).await?;
    let (text, code) = said(ask, &picked);
    out::line(text)?;

    if let Picked::Taken { to_report: 1.., .. } = picked
        && !options.dry_run
        && config.trendyol.enabled
    {
        out::line(if is_reported(&config, &store, clock).await {
            "Trendyol knows that it is being picked."
        } else {
            "It could not be reported to Trendyol; the daemon tries again."
        })?;
    }

    store.close().await;
    Ok(code)
}

/// Whether Trendyol knows that everything is being picked that is.
async fn is_reported(config: &Config, store: &Store, clock: Arc<dyn Clock>) -> bool {
    match report(config, store, clock).await {
        Ok(reports) => reports.later + reports.given_up == 0,
        // The units are taken all the same, and a script must not take this for a pick that failed.
        Err(error) => {
            tracing::warn!(
                error = format!("{error:#}"),
                "picking could not be reported now; the daemon reports it"
            );
            false
        }
    }
}

async fn report(
    config: &Config,
    store: &Store,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<PickingReports> {
    let seller = daemon::trendyol::seller(config, store, clock)?;
    Ok(report_picking(&seller).await?)
}

fn said(ask: PickAsk<'_>, picked: &Picked) -> (String, ExitCode) {
    let order = ask.order;
    let failed = |text: String| (text, ExitCode::FAILURE);

    match picked {
        Picked::Taken { lines, .. } => taken(ask, lines),
        Picked::Already(Some(OrderTable::Preparing)) => (
            format!(
                "Order {order} was picked before: the application has collected it (it is in \
                 orders_hazirlaniyor); nothing was taken."
            ),
            ExitCode::SUCCESS,
        ),
        Picked::Already(Some(place)) if *place != OrderTable::Elsewhere => (
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

fn taken(ask: PickAsk<'_>, lines: &[PickLine]) -> (String, ExitCode) {
    let verb = if ask.dry_run { "Would take" } else { "Took" };
    let mut text = format!("{verb} for order {}:", ask.order);
    // Writing into a String cannot fail.
    let mut add = |line: String| {
        let _: std::fmt::Result = write!(text, "\n  {line}");
    };

    for line in lines {
        let shelves: Vec<String> = line
            .shelves
            .iter()
            .map(|shelf| format!("{} from {}", shelf.units, shelf.shelf))
            .collect();
        let shelves = if shelves.is_empty() {
            "from no shelf".to_owned()
        } else {
            shelves.join(", ")
        };
        let left = line.left.map_or("not in central_stock".to_owned(), |left| {
            format!("{left} left")
        });
        let (units, barcode) = (line.units, &line.barcode);
        add(format!("{units} × {barcode}: {shelves}; {left}"));

        let (on_shelves, from_stock) = (line.on_shelves(), line.from_stock);
        if on_shelves < units {
            add(format!("  short: the shelves hold {on_shelves} of {units}"));
        }
        if from_stock < units {
            add(format!(
                "  short: central_stock had {from_stock} of {units}"
            ));
        }
    }

    // Short is still taken; the exit code lets a script notice.
    let code = if lines.iter().any(PickLine::is_short) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    };
    (text, code)
}
