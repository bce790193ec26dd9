//! How fast due orders are checked, and what a check costs: `scripts/with-postgres cargo bench
//! --bench drain`.
//!
//! Four measurements, each against a database of its own:
//!
//! * `drain`: orders that are all due at once, asked about at an instant panel that says "waiting"
//!   (they are put off) or "done" (code, note and settlement go into the shop's row), beside a bare
//!   HTTP client that asks the same panel the same way, in turns,
//! * `claims`: what a claim costs with more and more orders in the table,
//! * `grown`: whether a session that began with an empty table still plans well when it is full,
//! * `million`: the drain and the daemon's memory with a million other orders waiting.
//!
//! Each ends with the targets and whether they were reached; with `--strict` a target that was
//! missed is a failure.
//!
//! Times of a machine that does other things as well mean little; the ratios within a round do.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench reports to the terminal"
)]

#[path = "drain/bare.rs"]
mod bare;
#[path = "drain/checks.rs"]
mod checks;
#[path = "drain/claims.rs"]
mod claims;
#[path = "drain/grown.rs"]
mod grown;
mod support;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use support::{database::Database, panel::Panels, targets::Targets};

/// The way of working that orderwatch replaces: Celery with Redis, prefork, one worker process per
/// core, its own task for each check, measured with an instant panel on two cores. One check cost
/// it 4 ms of processor time. `scripts/bench-peers` measures it again.
const CELERY_PER_SECOND: f64 = 370.0;

#[derive(Parser, Debug)]
struct Options {
    /// What to measure; everything when nothing is named.
    what: Vec<What>,
    /// Orders that are due at once.
    #[arg(long, default_value_t = 20_000)]
    orders: u64,
    /// How often to repeat the drain.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Orders in the table when the cost of a claim is measured.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000])]
    rows: Vec<u64>,
    /// Print how the server carries out a claim.
    #[arg(long)]
    explain: bool,
    /// Fail when a target is missed.
    #[arg(long)]
    strict: bool,
    /// What `cargo bench` says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    Drain,
    Claims,
    Grown,
    Million,
}

fn main() -> ExitCode {
    support::main(async || {
        let options = Options::parse();
        println!(
            "{}",
            Database::with(async |database| database.describe().await).await?
        );
        let mut targets = Targets::default();
        if options.asks_for(What::Drain) {
            let mut panels = Panels::start().await?;
            checks::rounds(&mut targets, &mut panels, options.orders, options.rounds).await?;
        }
        if options.asks_for(What::Claims) {
            claims::measure(&mut targets, &options.rows, options.explain).await?;
        }
        if options.asks_for(What::Grown) {
            grown::measure(&mut targets).await?;
        }
        if options.asks_for(What::Million) {
            let mut panels = Panels::start().await?;
            checks::with_others(&mut targets, &mut panels, options.orders, 1_000_000).await?;
        }
        Ok(targets.print() || !options.strict)
    })
}

impl Options {
    fn asks_for(&self, what: What) -> bool {
        self.what.is_empty() || self.what.contains(&what)
    }
}
