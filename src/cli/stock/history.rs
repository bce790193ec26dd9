//! `orderwatch stock history`: why is this product not on sale?

use std::process::ExitCode;

use clap::Args;

use super::{parse, print};
use crate::{
    cli::{clock, out, table::Table},
    config::Config,
    store::{SentFigure, Store},
    worker::trendyol::ProductHistory,
};

pub(super) const EXAMPLES: &str = "\
Example:
  orderwatch stock history 8690000000017";

#[derive(Args, Debug)]
pub(in crate::cli) struct Options {
    /// Which product.
    barcode: String,
    /// Maximum number of pushes.
    #[arg(short, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=1000))]
    n: i64,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    config: &Config,
    store: &Store,
    options: &Options,
) -> anyhow::Result<ExitCode> {
    let barcode = parse(&options.barcode)?;
    let (rules, now) = (config.trendyol.stock, clock(store).await?.now());
    let history = ProductHistory::read(store, &barcode, rules, options.n, now).await?;
    if options.json {
        out::json(&history)?;
        return Ok(ExitCode::SUCCESS);
    }

    match &history.now {
        Some(product) => out::line(print::in_words(product, now))?,
        None => out::line(format_args!(
            "{barcode}: neither in central_stock nor on sale"
        ))?,
    }

    let zone = config.trendyol.returns.time_zone;
    let mut table = Table::new(["SENT AT", "SENT", "SHOULD BE", "WAS", "WHY", "CAME BACK"]);
    for figure in &history.sent {
        table.row([
            figure
                .sent_at
                .with_timezone(&zone)
                .format("%F %T")
                .to_string(),
            figure.quantity.to_string(),
            number(figure.desired),
            number(figure.observed),
            why(figure).to_owned(),
            came_back(figure),
        ]);
    }
    if history.sent.is_empty() {
        out::line("\nNothing was sent of it within the last days.")?;
    } else {
        out::line(format_args!("\n{table}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn number(units: Option<i32>) -> String {
    units.map_or_else(|| "-".to_owned(), |units| units.to_string())
}

fn why(figure: &SentFigure) -> &'static str {
    match figure.reason.as_deref() {
        Some("lower") => "too many on sale",
        Some("raise") => "too few, without what may be sold already",
        Some("raise_settled") => "too few for long enough",
        _ => "-",
    }
}

fn came_back(figure: &SentFigure) -> String {
    let words = figure.refused.as_deref().unwrap_or("no reason given");
    match (figure.result.as_deref(), figure.state.as_str()) {
        (Some("success"), _) => "on sale".to_owned(),
        (Some("failed"), _) => format!("refused: {words}"),
        // Trendyol refuses the same figure within 15 minutes, which says nothing against the figure.
        (Some("repeated"), _) => "the same was sent within 15 minutes".to_owned(),
        (_, "refused") => format!("the request was refused: {words}"),
        // The answer was lost, so the figure may be in force or not.
        (_, "unknown") => "perhaps accepted; the next check tells".to_owned(),
        (_, "expired") => "no result came; the next check tells".to_owned(),
        _ => "no result yet".to_owned(),
    }
}
