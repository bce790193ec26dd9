//! `orderwatch adopt`: what happens at the switch-over, before it happens. Nothing is written and nothing bought.
//!
//! What is examined, and how, is in [`adopt`](crate::doctor::adopt).

use std::process::ExitCode;

use clap::Args;

use super::{
    Global, doctor::print_finding, lazy_store, order::number, out, paint, progress::Progress,
    shadow::by_panel, table::Table,
};
use crate::{
    config::Config,
    daemon::settings,
    doctor::{
        Finding, Pace, Patient,
        adopt::{
            Fate, ForeseenOrder, ForeseenOrders, ShopSide, Step, StepState, StockForecast,
            SwitchOver, Wanted, WarehouseSide, foresee,
        },
    },
    store::OrderKind,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch adopt                 what will be bought, adopted, held and left, and what to switch off
  orderwatch adopt --list          each order and product besides
  orderwatch adopt --ask-panels    with the panels' price lists and balances
  orderwatch adopt --json          the same for scripts

Nothing is written and nothing is bought; without --ask-panels no panel is asked anything. It also
works before `orderwatch migrate`, from the application's tables alone.
The exit code is 1 if something stands in the way.";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// List each order and product.
    #[arg(long)]
    list: bool,
    /// Ask the panels for balance and price list: by these it is exact what is bought, and for how much.
    #[arg(long)]
    ask_panels: bool,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let loaded = global.load()?;
    let found = look(&loaded.config, options).await?;

    if options.json {
        out::json(&found)?;
    } else {
        print(&found)?;
    }
    Ok(if found.in_the_way > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn look(config: &Config, options: &Options) -> anyhow::Result<SwitchOver> {
    let progress = Progress::begin("looking at the database");
    // A database that does not answer is a finding, not an error.
    let store = lazy_store(config)?.reading_only();
    let patient = Patient {
        config,
        store: &store,
        means: settings::means(config),
        // What the marketplace says does not matter before stock is sent; `doctor` asks it.
        seller: None,
        pace: Pace::PATIENT,
    };

    let wanted = Wanted {
        list: options.list,
        ask_panels: options.ask_panels,
    };
    let found = foresee(patient, wanted).await;
    progress.end();
    store.close().await;
    Ok(found)
}

fn print(found: &SwitchOver) -> anyhow::Result<()> {
    findings(&found.findings)?;
    if let Some(side) = &found.shop {
        shop(side)?;
    }
    if let Some(side) = &found.warehouse {
        warehouse(side)?;
    }

    out::line(match found.in_the_way {
        0 => "\nNothing stands in the way.".to_owned(),
        1 => "\n1 thing stands in the way.".to_owned(),
        more => format!("\n{more} things stand in the way."),
    })?;
    Ok(())
}

fn title(text: &str) -> anyhow::Result<()> {
    out::line(format_args!("\n{}", paint::in_style(paint::BOLD, text)))?;
    Ok(())
}

fn findings(findings: &[Finding]) -> anyhow::Result<()> {
    for finding in findings {
        print_finding(finding)?;
    }
    Ok(())
}

fn shop(side: &ShopSide) -> anyhow::Result<()> {
    title("THE SHOP")?;
    findings(&side.findings)?;

    kinds(side.kinds.as_deref())?;
    match &side.orders {
        Some(found) => orders(found)?,
        None => out::line(
            "\nWhat would become of each order is known once `orderwatch migrate` was run, which buys nothing, and where nothing above failed.",
        )?,
    }

    steps("Switch over, in this order", &side.switch_off)?;
    steps("The way back, in this order", &side.way_back)
}

fn kinds(kinds: Option<&[OrderKind]>) -> anyhow::Result<()> {
    title("Orders of the last 7 days that are not decided")?;
    let Some(kinds) = kinds else {
        out::line("They could not be read; the findings above say why.")?;
        return Ok(());
    };
    if kinds.is_empty() {
        out::line("None.")?;
        return Ok(());
    }

    let mut table = Table::new([
        "STATUS", "EXTERNAL", "SENT", "ROUTE", "PANEL", "KIND", "ORDERS",
    ]);
    for kind in kinds {
        table.row([
            kind.status.clone(),
            kind.external_status.clone(),
            if kind.sent { "yes" } else { "no" }.to_owned(),
            kind.route.clone().unwrap_or_else(none),
            kind.panel.clone().unwrap_or_else(none),
            kind.provider.clone().unwrap_or_else(none),
            kind.orders.to_string(),
        ]);
    }
    out::line(table)?;
    Ok(())
}

fn orders(found: &ForeseenOrders) -> anyhow::Result<()> {
    title("What becomes of them when dispatch.mode is \"live\"")?;
    if found.sums.is_empty() {
        out::line("Nothing: no order is open that orderwatch does not track.")?;
    } else {
        let mut table = Table::new(["WHAT", "WHY", "ORDERS"]);
        for sum in &found.sums {
            let (what, why) = (fate(sum.fate).to_owned(), sum.why.to_owned());
            table.row([what, why, sum.orders.to_string()]);
        }
        out::line(table)?;
    }
    if !found.panels.is_empty() {
        out::line(format_args!("\n{}", by_panel(&found.panels)))?;
    }
    if let Some(list) = found.orders.as_deref().filter(|list| !list.is_empty()) {
        out::line(format_args!("\n{}", listed(list)))?;
    }

    if found.more {
        out::line("\nThere are more than were examined.")?;
    }
    if found.older > 0 {
        out::line(format_args!(
            "\n{} open orders are older than all that is examined; they stay as they are.",
            found.older
        ))?;
    }
    Ok(())
}

fn listed(list: &[ForeseenOrder]) -> Table {
    let mut table = Table::new(["WHAT", "NUMBER", "PRODUCT", "PANEL", "TRY", "ORDER", "WHY"]);
    for order in list {
        table.row([
            fate(order.fate).to_owned(),
            number(order.order, order.number.as_ref(), false),
            order.product.clone().unwrap_or_else(none),
            order.panel.clone().unwrap_or_else(none),
            order.expected.clone().unwrap_or_else(none),
            order.order.to_string(),
            order.sentence.clone(),
        ]);
    }
    table
}

const fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Bought => "bought",
        Fate::Adopted => "adopted",
        Fate::Held => "held",
        Fate::Waits => "waits",
        Fate::LeftToShop => "left to the shop",
        Fate::TooOld => "too old",
    }
}

fn warehouse(side: &WarehouseSide) -> anyhow::Result<()> {
    title("THE WAREHOUSE")?;
    findings(&side.findings)?;

    title("What would be on sale")?;
    if let Some((products, in_stock)) = side.products.zip(side.in_stock) {
        out::line(format_args!(
            "{products} products in central_stock, {in_stock} of them in stock."
        ))?;
    }
    match &side.stock {
        Some(found) => stock(found)?,
        None => {
            out::line(
                "What would be sent of each is known once `orderwatch migrate` was run, and where nothing above failed.",
            )?;
        }
    }

    steps("Switch over, in this order", &side.switch_off)?;
    steps("The way back, in this order", &side.way_back)
}

fn stock(found: &StockForecast) -> anyhow::Result<()> {
    let mut table = Table::new(["BESIDE central_stock", "PRODUCTS"]);
    for (what, products) in [
        ("as many", found.same),
        ("fewer", found.fewer),
        ("set to 0", found.zero),
        ("more", found.more),
    ] {
        table.row([what.to_owned(), products.to_string()]);
    }
    out::line(format_args!("\n{table}"))?;
    out::line(format_args!(
        "\n{} units are held for orders.",
        found.reserved
    ))?;

    for warning in &found.data_warnings {
        out::line(format_args!("{}", paint::in_style(paint::YELLOW, warning)))?;
    }
    let Some(list) = found.list.as_deref().filter(|list| !list.is_empty()) else {
        return Ok(());
    };
    let mut table = Table::new(["BARCODE", "COUNTED", "HELD", "KEPT BACK", "ON SALE"]);
    for product in list {
        table.row([
            product.barcode.clone(),
            product.entry.qty.map_or_else(none, |qty| qty.to_string()),
            product.entry.reserved.to_string(),
            product.safety.to_string(),
            product.entry.desired.to_string(),
        ]);
    }
    out::line(format_args!("\n{table}"))?;
    Ok(())
}

fn steps(name: &str, steps: &[Step]) -> anyhow::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    title(name)?;
    for (place, step) in (1_u32..).zip(steps) {
        let (word, style) = match step.state {
            StepState::Done => ("[done]", paint::GREEN),
            StepState::Open if step.first => ("[OPEN]", paint::RED),
            StepState::Open => ("[open]", paint::YELLOW),
            StepState::Unseen if step.first => ("[????]", paint::RED),
            StepState::Unseen => ("[    ]", paint::DIM),
        };

        // Number and word stand in the first line alone.
        let mut head = Some(format!("{place:2} {} ", paint::in_style(style, word)));
        let see = step
            .see
            .map(|page| format!(" ({page})"))
            .unwrap_or_default();
        let what = format!("{}{see}", step.what);
        for line in paint::wrapped(&what, paint::width() - 10) {
            let head = head.take().unwrap_or_else(|| " ".repeat(10));
            out::line(format_args!("{head}{line}"))?;
        }
        let evidence = step.evidence.as_deref().unwrap_or_default();
        for line in paint::wrapped(evidence, paint::width() - 12) {
            out::line(format_args!(
                "            {}",
                paint::in_style(paint::DIM, line)
            ))?;
        }
    }
    Ok(())
}

fn none() -> String {
    "-".to_owned()
}
