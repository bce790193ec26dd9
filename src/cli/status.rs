//! `orderwatch status`: everything on one screen, the most important first.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{Global, figures, migrated_store, out, paint, table::Table};
use crate::{
    attention::{Severity, Warning, assess},
    config::Config,
    daemon::settings,
    overview::Situation,
    store::Store,
    text::{Lang, format::Format},
    worker::overview::{Asking, situation},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch status              daemons, orders, panels, jobs, and what needs attention
  orderwatch status --json       the same for scripts
  orderwatch status --check      for monitoring: exit code 1 while something is critical

The daemon need not run; the figures are read from the database.";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    /// End with exit code 1 if there is a critical warning.
    #[arg(long)]
    check: bool,
}

/// Columns of a title before a text.
const TITLE: usize = 9;

/// What `status` and `top` show.
#[derive(Serialize)]
pub(super) struct Seen {
    #[serde(flatten)]
    pub(super) all: Situation,
    pub(super) warnings: Vec<Warning>,
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let config = global.load()?.config;
    let store = migrated_store(&config).await?;
    let seen = look(&store, &settings::asking(&config), &config).await?;
    store.close().await;

    if options.json {
        out::json(&seen)?;
    } else {
        print(&seen, &config)?;
    }

    let critical = seen
        .warnings
        .iter()
        .any(|warning| warning.severity == Severity::Critical);

    // Without --check the command did what it was asked for, whatever it found.
    Ok(if options.check && critical {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Reads and judges.
pub(super) async fn look(store: &Store, asking: &Asking, config: &Config) -> anyhow::Result<Seen> {
    let (now, _) = store.now().await?;
    let all = situation(store, asking, now).await?;
    let warnings = assess(&all, &settings::limits(config), now);
    Ok(Seen { all, warnings })
}

fn print(seen: &Seen, config: &Config) -> anyhow::Result<()> {
    let all = &seen.all;

    heading("Daemon", &figures::daemon(all))?;
    if all.shop {
        heading("Orders", &figures::orders(all))?;
        heading("", &figures::due(all))?;
        let today = figures::done(all.orders.ended_today, all.orders.bought_today);
        heading("Today", &today)?;
    }
    if let Some(market) = &all.market {
        heading("Trendyol", &figures::market(market, all.at))?;
        heading("", &figures::order_delay(market))?;
    }
    if let Some(notices) = figures::notices(&all.notices) {
        heading("Notices", &notices)?;
    }
    heading("As of", &figures::clock(all.at, config.http.time_zone))?;
    tables(all)?;

    out::line("")?;
    if seen.warnings.is_empty() {
        out::line(paint::in_style(
            paint::GREEN,
            "All is well: nothing needs attention.",
        ))?;
    }
    for warning in &seen.warnings {
        print_warning(warning, all)?;
    }
    Ok(())
}

fn heading(name: &str, text: &str) -> anyhow::Result<()> {
    let name = paint::in_style(paint::BOLD, format_args!("{name:TITLE$}"));
    titled(name, text)
}

/// A title, and beside it a text in as many lines as it takes.
fn titled(title: String, text: &str) -> anyhow::Result<()> {
    let mut title = Some(title);
    for line in paint::wrapped(text, paint::width() - TITLE) {
        let title = title.take().unwrap_or_else(|| " ".repeat(TITLE));
        out::line(format_args!("{title}{line}"))?;
    }
    Ok(())
}

fn tables(all: &Situation) -> anyhow::Result<()> {
    if all.shop && all.panels.is_empty() {
        out::line(
            "\nNo panels: there is no row in integrations whose provider orderwatch talks to.",
        )?;
    } else if all.shop {
        let mut panels = Table::new(figures::PANEL_TITLES);
        for panel in &all.panels {
            panels.row(figures::panel(panel));
        }
        out::line(format_args!("\n{panels}"))?;
    }

    let mut jobs = Table::new(figures::JOB_TITLES);
    for job in &all.jobs {
        jobs.row(figures::job(job, all.at));
    }
    out::line(format_args!("\n{jobs}"))?;
    Ok(())
}

fn print_warning(warning: &Warning, all: &Situation) -> anyhow::Result<()> {
    let since = warning.since.map_or_else(String::new, |since| {
        format!(" (for {})", figures::ago(since, all.at))
    });
    let text = format!("{}{since}", warning.condition.sentence(&Format::PLAIN));
    let word = figures::severity(warning.severity);
    let style = paint::of(warning.severity);
    titled(paint::in_style(style, format_args!("{word:TITLE$}")), &text)?;

    for line in paint::wrapped(warning.condition.fix(Lang::En), paint::width() - 11) {
        let line = paint::in_style(paint::DIM, line);
        out::line(format_args!("           {line}"))?;
    }
    Ok(())
}
