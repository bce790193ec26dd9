//! `orderwatch once JOB`: one run of a periodic job by hand, as the daemon would run it.

use std::process::ExitCode;

use anyhow::Context;
use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};

use super::{Global, clock, migrated_store, out, progress::Progress};
use crate::{
    daemon,
    worker::{
        job::Ran,
        jobs::{self, JobSpec},
    },
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch once sweep          find forgotten orders now
  orderwatch once balance        ask every panel for its balance
  orderwatch once pull-orders    read Trendyol's orders

What the run did is printed as JSON. The exit code is 1 when it failed, or when another process runs
the job right now.";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The job.
    #[arg(value_parser = job_parser())]
    job: &'static JobSpec,
}

/// A name of a job, with what the job does as its help.
fn job_parser() -> impl TypedValueParser<Value = &'static JobSpec> {
    let names = jobs::ALL.map(|job| PossibleValue::new(job.name).help(job.about));
    PossibleValuesParser::new(names)
        .try_map(|name| jobs::named(&name).ok_or("there is no such job"))
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = migrated_store(&config).await?;
    let clock = clock(&store).await?;

    let progress = Progress::begin(options.job.progress);
    // Unforced: only `stock push` can be forced.
    let ran = daemon::once(&config, &store, clock, options.job, false).await;
    progress.end();

    let code = report(&ran.context("the job failed")?)?;
    store.close().await;
    Ok(code)
}

/// Prints the outcome of a run.
pub(super) fn report(ran: &Ran) -> anyhow::Result<ExitCode> {
    Ok(match ran {
        Ran::Here(figures) => {
            out::json(figures)?;
            ExitCode::SUCCESS
        }
        Ran::Elsewhere => {
            out::line("Another process is running this job right now.")?;
            ExitCode::FAILURE
        }
    })
}
