//! How soon an order is on its way, and what the daemon costs while nothing happens:
//! `scripts/with-postgres cargo bench --bench latency`.
//!
//! * `quiet`: orders come one at a time, at random, and nothing else is to be done,
//! * `busy`: the same while a million bought orders wait to be asked about, a million new ones wait
//!   at a panel where buying is paused, and another panel works off a hundred thousand at its own
//!   pace; all of them came after the daemon was started,
//! * `idle`: memory, processor and queries of the daemon with nothing to do.
//!
//! Each ends with the targets and whether they were reached; with `--strict` a target that was
//! missed is a failure.
//!
//! Latency counts from the moment before the shop commits its order to the arrival of the purchase
//! at the panel, which another process notes by the same clock. Orders come when they come: one
//! that is slow does not keep the next one waiting.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench reports to the terminal"
)]

#[path = "latency/idle.rs"]
mod idle;
#[path = "latency/orders.rs"]
mod orders;
mod support;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};

use orders::Crowd;
use support::{database::Database, targets::Targets};

#[derive(Parser, Debug)]
struct Options {
    /// What to measure; everything when nothing is named.
    what: Vec<What>,
    /// Orders whose latency is measured.
    #[arg(long, default_value_t = 300)]
    orders: u64,
    /// Bought orders that wait meanwhile, in `busy`.
    #[arg(long, default_value_t = 1_000_000)]
    waiting: u64,
    /// New orders of another panel, in `busy`.
    #[arg(long, default_value_t = 100_000)]
    others: u64,
    /// New orders at a panel where buying is paused, in `busy`.
    #[arg(long, default_value_t = 1_000_000)]
    paused: u64,
    /// Seconds that the daemon is watched, in `idle`.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Fail when a target is missed.
    #[arg(long)]
    strict: bool,
    /// What `cargo bench` says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    Quiet,
    Busy,
    Idle,
}

fn main() -> ExitCode {
    support::main(async || {
        let options = Options::parse();
        println!(
            "{}",
            Database::with(async |database| database.describe().await).await?
        );
        let mut targets = Targets::default();
        if options.asks_for(What::Quiet) {
            orders::quiet(&mut targets, options.orders).await?;
        }
        if options.asks_for(What::Busy) {
            let crowd = Crowd {
                bought: options.waiting,
                others: options.others,
                paused: options.paused,
            };
            orders::busy(&mut targets, options.orders, crowd).await?;
        }
        if options.asks_for(What::Idle) {
            idle::measure(&mut targets, Duration::from_secs(options.seconds)).await?;
        }
        Ok(targets.print() || !options.strict)
    })
}

impl Options {
    fn asks_for(&self, what: What) -> bool {
        self.what.is_empty() || self.what.contains(&what)
    }
}
