//! `orderwatch once JOB`

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::{Global, migrated_store, out, progress::Progress};
use crate::{
    clock::{Clock, DatabaseClock},
    daemon::{self, trendyol::StoreJob},
    worker::job::Ran,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch once sweep          find forgotten orders now
  orderwatch once balance        ask every panel for its balance
  orderwatch once pull-orders    read Trendyol's orders

What the pass did is printed as JSON. The exit code is 1 when it failed, or when another process runs
the job right now.";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The job.
    #[arg(value_enum)]
    job: Job,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Job {
    /// Make due what nobody watches: orders that the shop sent itself, orders whose checks ran out.
    Sweep,
    /// Ask every panel for its balance.
    Balance,
    /// Delete what is older than `[retention]` says: events of finished orders, passes of jobs.
    Retention,
    /// Read the orders of the Trendyol store.
    PullOrders,
    /// Send stock to the Trendyol store.
    PushStock,
    /// Read the returns of the Trendyol store.
    PullReturns,
    /// Compare everything that is on sale with what should be, and put it right.
    VerifyStock,
}

impl Job {
    /// What is said while it runs.
    const fn doing(self) -> &'static str {
        match self {
            Self::Sweep => "looking for forgotten orders",
            Self::Balance => "asking the panels for their balances",
            Self::Retention => "deleting what is old",
            Self::PullOrders => "reading Trendyol's orders",
            Self::PushStock => "reading orders and sending stock",
            Self::PullReturns => "reading Trendyol's returns",
            Self::VerifyStock => "comparing what is on sale with what should be",
        }
    }
}

/// Whose job it is.
enum Work {
    Orders(daemon::Job),
    Store(StoreJob),
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = migrated_store(&config).await?;
    let clock = Arc::new(DatabaseClock::new());
    let (now, round_trip) = store.now().await?;
    clock.set(now, round_trip);
    let clock = clock as Arc<dyn Clock>;
    let job = match options.job {
        Job::Sweep => Work::Orders(daemon::Job::Sweep),
        Job::Balance => Work::Orders(daemon::Job::Balance),
        Job::Retention => Work::Orders(daemon::Job::Retention),
        Job::PullOrders => Work::Store(StoreJob::PullOrders),
        Job::PushStock => Work::Store(StoreJob::PushStock { force: false }),
        Job::PullReturns => Work::Store(StoreJob::PullReturns),
        Job::VerifyStock => Work::Store(StoreJob::VerifyStock),
    };
    let progress = Progress::begin(options.job.doing());
    let ran = match job {
        Work::Orders(job) => daemon::once(&config, &store, clock, job).await,
        Work::Store(job) => daemon::trendyol::store_once(&config, &store, clock, job).await,
    };
    progress.end();
    let code = report(&ran.context("the pass failed")?)?;
    store.close().await;
    Ok(code)
}

/// Prints what came of a pass.
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
