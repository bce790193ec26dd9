//! `orderwatch doctor`: prints what keeps orders from flowing, and what to do about it.
//!
//! What is checked, and how, is in [`doctor`](crate::doctor); the API answers the same.

use std::{process::ExitCode, sync::Arc};

use clap::Args;

use super::{Global, lazy_store, out, paint, progress::Progress};
use crate::{
    clock::DatabaseClock,
    config::{Config, Loaded},
    daemon::{settings, trendyol},
    doctor::{Diagnosis, Finding, Findings, Outcome, Pace, Patient, examine},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch doctor              check everything, and say what to do
  orderwatch doctor --json       the same for scripts

It buys nothing and changes nothing; panels are asked for balance and price list only.
The exit code is 1 if something fails, and 0 with warnings alone.";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let loaded = global.load()?;
    let mut findings = Findings::default();
    configuration(&loaded, &mut findings);
    findings.append(check(&loaded.config).await?);

    let failed = findings.count(Outcome::Fail);
    if options.json {
        out::json(&serde_json::to_value(Diagnosis::from(findings))?)?;
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

async fn check(config: &Config) -> anyhow::Result<Findings> {
    let progress = Progress::begin("asking the database, the panels and the marketplace");
    // Lazily: a database that does not answer is a finding, not an error.
    let store = lazy_store(config)?;

    // No question that is asked here depends on the time.
    let seller = config.trendyol.enabled.then(|| {
        trendyol::seller(config, &store, Arc::new(DatabaseClock::new()))
            .map_err(|error| error.to_string())
    });

    let seller = seller.as_ref();
    let findings = examine(Patient {
        config,
        store: &store,
        means: settings::means(config),
        seller: seller.map(|seller| seller.as_ref().map_err(String::as_str)),
        pace: Pace::PATIENT,
    })
    .await;

    progress.end();
    store.close().await;
    Ok(findings)
}

fn print(findings: &Findings) -> anyhow::Result<()> {
    for finding in findings.as_slice() {
        print_finding(finding)?;
    }

    let (failed, warned) = (findings.count(Outcome::Fail), findings.count(Outcome::Warn));
    let summary = match (failed, warned) {
        (0, 0) => "Nothing keeps orders from flowing.".to_owned(),
        (0, 1) => "Orders can flow; 1 warning.".to_owned(),
        (0, warned) => format!("Orders can flow; {warned} warnings."),
        (failed, 1) => format!("{failed} failed, 1 warning."),
        (failed, warned) => format!("{failed} failed, {warned} warnings."),
    };
    out::line(format_args!("\n{summary}"))?;
    Ok(())
}

pub(super) fn print_finding(finding: &Finding) -> anyhow::Result<()> {
    let (word, style) = match finding.outcome {
        Outcome::Ok => ("ok", paint::GREEN),
        Outcome::Warn => ("warn", paint::YELLOW),
        Outcome::Fail => ("FAIL", paint::RED),
        Outcome::Skipped => ("skip", paint::DIM),
    };

    // The word stands in the first line alone; the others are indented below it.
    let mut word = Some(paint::in_style(style, format_args!("{word:5}")));
    let text = format!("{}: {}", finding.check, finding.sentence);
    for line in paint::wrapped(&text, paint::width() - 5) {
        let word = word.take().unwrap_or_else(|| " ".repeat(5));
        out::line(format_args!("{word}{line}"))?;
    }

    let fix = finding.fix.as_deref().unwrap_or_default();
    for line in paint::wrapped(fix, paint::width() - 7) {
        out::line(format_args!(
            "       {}",
            paint::in_style(paint::BOLD, line)
        ))?;
    }

    Ok(())
}
