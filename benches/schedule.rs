//! How long a customer waits after the panel is done, and how many questions that costs, in simulated
//! time: `cargo bench --bench schedule`.
//!
//! The fixed rule and the learned one side by side, over three panels. The learned one learns from nothing
//! but the answers to its own questions, and is measured once it has seen 2,000 orders. Then many orders at
//! once at a panel that takes ten requests a second. Medians of five runs, each with its seed. With
//! `--strict` a target that was missed is a failure.

#![expect(clippy::print_stdout, reason = "a bench reports to the terminal")]

#[path = "schedule/crowd.rs"]
mod crowd;
#[path = "support/targets.rs"]
mod targets;
#[path = "schedule/waits.rs"]
mod waits;

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use orderwatch::{
    backoff::Backoff,
    order::schedule::{Schedule, ScheduleRule},
};
use targets::Targets;
use waits::{PANELS, Panel, Waits};

const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

#[derive(Parser, Debug)]
struct Options {
    /// Orders that are measured, in each run.
    #[arg(long, default_value_t = 10_000)]
    orders: u32,
    /// Fail when a target is missed.
    #[arg(long)]
    strict: bool,
    /// What `cargo bench` says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut targets = Targets::default();
    println!("seconds from the panel's completion to the question that finds it\n");
    println!("panel                      rule      median      p95   questions an order");

    for panel in PANELS {
        let fixed = run(panel, ScheduleRule::Fixed, options.orders);
        let learned = run(panel, ScheduleRule::Learned, options.orders);
        for (rule, waits) in [("fixed", fixed), ("learned", learned)] {
            println!(
                "{:<26} {rule:<8} {:>7.1} {:>8.1}   {:>6.2}",
                panel.name, waits.median, waits.p95, waits.checks
            );
        }
        judge(panel, fixed, learned, &mut targets);
    }

    println!();
    crowd::measure(&schedule(ScheduleRule::Learned), &mut targets);
    let reached = targets.print();
    if options.strict && !reached {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn judge(panel: Panel, fixed: Waits, learned: Waits, targets: &mut Targets) {
    let median = (panel.median() * 0.15).max(2.0);
    targets.at_most(
        &format!("{}: median", panel.name),
        learned.median,
        median,
        "s",
    );
    targets.at_least(
        &format!("{}: p95 sooner than by the fixed rule", panel.name),
        fixed.p95 / learned.p95,
        4.0,
        "times",
    );
    targets.at_most(
        &format!("{}: questions", panel.name),
        learned.checks,
        6.0,
        "an order",
    );
}

/// The medians of five runs.
fn run(panel: Panel, rule: ScheduleRule, orders: u32) -> Waits {
    let runs = SEEDS.map(|seed| waits::measure(panel, &schedule(rule), orders, seed));
    let middle = |of: fn(&Waits) -> f64| {
        let mut all = runs.map(|run| of(&run));
        all.sort_by(f64::total_cmp);
        all[SEEDS.len() / 2]
    };
    Waits {
        median: middle(|run| run.median),
        p95: middle(|run| run.p95),
        checks: middle(|run| run.checks),
    }
}

/// As the shipped configuration has it.
fn schedule(rule: ScheduleRule) -> Schedule {
    let backoff = Backoff::new(Duration::from_secs(30), Duration::from_mins(10), 0.1);
    Schedule {
        rule,
        checks_per_order: 6.0,
        first_check_after: Duration::from_mins(1),
        backoff: backoff.unwrap_or_else(|error| unreachable!("{error}")),
    }
}
