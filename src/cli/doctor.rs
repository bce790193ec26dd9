//! `orderwatch doctor`: what would keep orders from flowing, each with what to do about it.
//!
//! It only asks: nothing is bought, nothing is written. Every question has a deadline, and one that
//! fails keeps none of the others from being asked.

mod database;
mod finding;
mod market;
mod panels;
mod routes;
mod world;

use std::{collections::HashMap, process::ExitCode, time::Duration};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use self::finding::{Finding, Findings, Outcome};
use super::{Global, out, paint, progress::Progress};
use crate::{
    config::{Config, Loaded},
    order::IntegrationId,
    provider::Catalogue,
    store::Store,
    telemetry::Secrets,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch doctor              look at everything, and say what to do
  orderwatch doctor --json       the same for scripts

It buys nothing and changes nothing; panels are asked for balance and price list only.
The exit code is 1 if something fails, and 0 with warnings alone.";

/// Columns of a line of words.
const WIDTH: usize = 78;
/// The longest wait for one part; the calls in it have shorter ones.
const DEADLINE: Duration = Duration::from_mins(1);

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// The price lists that could be read.
type Lists = HashMap<IntegrationId, Catalogue>;

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let loaded = global.load()?;
    let mut findings = Findings::default();
    configuration(&loaded, &mut findings);
    examine(&loaded.config, &mut findings).await?;
    let failed = findings.count(Outcome::Fail);
    if options.json {
        let list: Vec<_> = findings.0.iter().map(Finding::masked).collect();
        out::json(&json!({
            "findings": serde_json::to_value(list)?,
            "failed": failed,
            "warnings": findings.count(Outcome::Warn),
        }))?;
    } else {
        print(&findings)?;
    }
    Ok(if failed > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn configuration(loaded: &Loaded, findings: &mut Findings) {
    let text = loaded.file.as_ref().map_or_else(
        || "No file was found; defaults and environment are in force.".to_owned(),
        |file| format!("{} is sound.", file.display()),
    );
    findings.ok("config", text);
}

async fn examine(config: &Config, findings: &mut Findings) -> anyhow::Result<()> {
    let progress = Progress::begin("asking the database");
    let database = &config.database;
    let store = Store::connect_lazy(
        &database.url,
        database.max_connections,
        database.acquire_timeout,
    )?
    .telling(config.notify.audience());
    if !database::basics(&store, findings).await {
        findings.skip(
            "everything else",
            "It rests on a database that answers and is up to date.",
        );
        return Ok(());
    }
    progress.say("asking the database, the panels and the marketplace");
    let (now, _) = store.now().await.context("the database is gone again")?;
    // The panels are asked meanwhile; what they sell is compared with the mappings afterwards.
    let (schema, world, panels, market) = tokio::join!(
        within("database", database::details(&store, config)),
        within("daemon", world::look(&store, config, now)),
        panels::look(&store, config),
        within("trendyol", market::look(&store, config, now)),
    );
    findings.append(schema);
    let (accounts, lists) = panels;
    findings.append(accounts);
    findings.append(within("routing", routes::look(&store, &lists)).await);
    findings.append(market);
    findings.append(world);
    progress.end();
    store.close().await;
    Ok(())
}

/// A part that does not end in time is a finding, and so is one that the database ends.
async fn within<E: std::error::Error + Send + Sync + 'static>(
    part: &'static str,
    look: impl Future<Output = Result<Findings, E>>,
) -> Findings {
    let mut findings = Findings::default();
    match tokio::time::timeout(DEADLINE, look).await {
        Ok(Ok(found)) => return found,
        Ok(Err(error)) => {
            findings.fail(
                part,
                out::chain(&anyhow::Error::new(error)),
                "See what the database says; rights that are missing have findings of their own.",
            );
        }
        Err(_) => {
            findings.fail(
                part,
                "No answer came in time.",
                "Look whether the database is overloaded, or a connection to it hangs.",
            );
        }
    }
    findings
}

fn print(findings: &Findings) -> anyhow::Result<()> {
    for finding in &findings.0 {
        let finding = finding.masked();
        let (word, style) = match finding.outcome {
            Outcome::Ok => ("ok", paint::GREEN),
            Outcome::Warn => ("warn", paint::YELLOW),
            Outcome::Fail => ("FAIL", paint::RED),
            Outcome::Skipped => ("skip", paint::DIM),
        };
        let mut word = Some(paint::in_style(style, format_args!("{word:5}")));
        let text = format!("{}: {}", finding.check, finding.sentence);
        for line in paint::wrapped(&text, WIDTH - 5) {
            let word = word.take().unwrap_or_else(|| " ".repeat(5));
            out::line(format_args!("{word}{line}"))?;
        }
        let remedy = finding.remedy.unwrap_or_default();
        for line in paint::wrapped(&remedy, WIDTH - 7) {
            out::line(format_args!(
                "       {}",
                paint::in_style(paint::BOLD, line)
            ))?;
        }
    }
    let (failed, warned) = (findings.count(Outcome::Fail), findings.count(Outcome::Warn));
    let summary = match (failed, warned) {
        (0, 0) => "Nothing keeps orders from flowing.".to_owned(),
        (0, warned) => format!("Orders can flow; {warned} warnings."),
        (failed, warned) => format!("{failed} failed, {warned} warnings."),
    };
    out::line(format_args!("\n{summary}"))?;
    Ok(())
}

impl Finding {
    /// Without any secret, whatever a panel or a database said.
    fn masked(&self) -> Self {
        let mask = |text: &str| Secrets::process().mask(text).into_owned();
        Self {
            check: self.check,
            subject: self.subject.as_deref().map(mask),
            outcome: self.outcome,
            sentence: mask(&self.sentence),
            remedy: self.remedy.as_deref().map(mask),
        }
    }
}
