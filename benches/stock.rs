//! What keeping a store's stock right costs, and how soon it is right: `scripts/with-postgres cargo bench
//! --bench stock`, or one part of it by its name.
//!
//! * `pass`: 3,071 products at Trendyol's real pace. The binary runs passes against the practice store with
//!   its limits on, and the client's own as they are shipped.
//! * `size`: 100,000 products and 10,000 open packages, without the network: the pass is the product's own,
//!   with the database behind it, but the marketplace answers in memory and a pause takes no time. What it
//!   costs are the processor time and the memory of this process.
//! * `react`: the daemon beside a quiet store: from a change in the warehouse to the request that sends it,
//!   and from a sale to its reservation.
//! * `rules` needs no database: it simulates what the rule of the stock, and those that were tried before
//!   it, sell without having it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench reports to the terminal"
)]

#[path = "stock/instant.rs"]
mod instant;
#[path = "stock/pass.rs"]
mod pass;
#[path = "stock/react.rs"]
mod react;
#[path = "stock/rules.rs"]
mod rules;
#[path = "stock/seller.rs"]
mod seller;
#[path = "stock/size.rs"]
mod size;
mod support;
#[path = "stock/warehouse.rs"]
mod warehouse;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use support::{database::Database, targets::Targets};

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Passes over a catalogue of the usual size, at the real pace.
    Pass,
    /// Passes over a large catalogue, without the network.
    Size,
    /// From a change to what is done about it.
    React,
    /// The rules by which figures are sent, in a simulated shop.
    Rules,
}

#[derive(Parser, Debug)]
struct Options {
    /// What is measured; all that needs a database if it is not said.
    part: Option<Part>,
    /// Fail when a target is missed.
    #[arg(long)]
    strict: bool,
    /// What `cargo bench` says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    support::main(async || {
        let options = Options::parse();
        let mut targets = Targets::default();
        if options.part == Some(Part::Rules) {
            rules::measure(&mut targets);
            return Ok(targets.print() || !options.strict);
        }

        println!(
            "{}",
            Database::with(async |database| database.describe().await).await?
        );
        let asked = |part| options.part.is_none_or(|asked| asked == part);
        if asked(Part::Pass) {
            pass::measure(&mut targets).await?;
        }
        if asked(Part::Size) {
            size::measure(&mut targets).await?;
        }
        if asked(Part::React) {
            react::measure(&mut targets).await?;
        }
        Ok(targets.print() || !options.strict)
    })
}
