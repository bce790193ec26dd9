//! What a pass of the stock costs in a large warehouse: `scripts/with-postgres cargo bench --bench
//! stock`.
//!
//! 100,000 bar codes, 10,000 open packages, and before each pass one product in a hundred has changed.
//! Two measurements:
//!
//! * `pass`: the time without the network. The pass is the product's own, from the first question to
//!   the row in `stock_push_log`, with the database behind it; only the marketplace is one that
//!   answers in memory at once, and a pause takes no time. So there is no network in it, and nothing
//!   has to be taken off.
//! * `binary`: the release binary runs `once push-stock` against the practice store behind a socket.
//!   What it needs most of memory is read from the kernel; its time has the network and the product's
//!   pauses in it.
//!
//! `cargo bench --bench stock -- rules` needs no database: it simulates what the rule of the stock, and
//! those that were tried before it, sell without having it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench reports to the terminal"
)]

#[path = "stock/binary.rs"]
mod binary;
#[path = "stock/instant.rs"]
mod instant;
#[path = "stock/pass.rs"]
mod pass;
#[path = "stock/rules.rs"]
mod rules;
mod support;
#[path = "stock/warehouse.rs"]
mod warehouse;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use support::{database::Database, targets::Targets};
use warehouse::Size;

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Part {
    /// The rules by which figures are sent, in a simulated shop.
    Rules,
}

#[derive(Parser, Debug)]
struct Options {
    /// What is measured, if not a pass.
    part: Option<Part>,
    /// Products in the warehouse.
    #[arg(long, default_value_t = 100_000)]
    products: u32,
    /// Packages that are open; one piece each.
    #[arg(long, default_value_t = 10_000)]
    packages: u32,
    /// Passes that are measured.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
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
        if let Some(Part::Rules) = options.part {
            rules::measure(&mut targets);
            return Ok(targets.print() || !options.strict);
        }
        let size = Size {
            products: options.products,
            packages: options.packages,
        };
        println!(
            "{}",
            Database::with(async |database| database.describe().await).await?
        );
        pass::measure(&mut targets, size, options.rounds).await?;
        binary::measure(&mut targets, size).await?;
        Ok(targets.print() || !options.strict)
    })
}
