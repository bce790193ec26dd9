//! `sandbox panel`: one znet panel by itself, for whatever client wants to ask it.
//!
//! It talks by lines, so that any program can start it and be sure of its end: its address comes
//! first, each line that it reads is answered with the number of status questions so far, and it
//! ends when its input does, so also when who started it is killed.

use std::io::{self, Write};

use anyhow::Context;
use clap::{Args, ValueEnum};
use sandbox::panel::{Endpoint, Panel, PanelPlan, Readiness, Recording, StatusMode};

/// Options of `sandbox panel`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// How questions about purchases are answered.
    #[arg(long, value_enum, default_value_t = Answers::Tracked)]
    answers: Answers,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Answers {
    /// As the purchase stands; each is ready at once.
    Tracked,
    /// Every purchase is waiting, whether it was made here or not.
    Waiting,
    /// Every purchase is done, with a PIN.
    Done,
}

/// Is the panel until the input ends.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let panel = Panel::start(plan(options.answers)).await?;
    say(&panel.base_url())?;

    // Blocks this thread alone: the panel is served by the runtime's others.
    for line in io::stdin().lines() {
        line.context("the input")?;
        say(&panel.ledger().count(Endpoint::Status).to_string())?;
    }

    Ok(panel.stop().await?)
}

fn plan(answers: Answers) -> PanelPlan {
    let mut plan = PanelPlan::sample(1);
    plan.readiness = Readiness::after_waits(0);
    plan.recording = Recording::Counters;

    plan.status = match answers {
        Answers::Tracked => StatusMode::Tracked,
        Answers::Waiting => StatusMode::AlwaysWaiting,
        Answers::Done => StatusMode::AlwaysDone,
    };

    plan
}

fn say(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}
