//! The instant panel, in a process of its own: the bench starts itself again with a variable set.
//!
//! The two talk by lines: the panel prints its addresses, then answers each question it reads.
//! It ends when its input ends, so also when the bench is killed.

use std::{env, io, process::Stdio, time::Duration};

use anyhow::{Context, bail};
use rust_decimal::Decimal;
use sandbox::panel::{Account, Endpoint, Panel, PanelPlan, Readiness, Recording, StatusMode};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::process;

const VARIABLE: &str = "ORDERWATCH_BENCH_PANEL";
/// Account at every panel of the benches.
pub(crate) const ACCOUNT: (&str, &str) = ("bench-account", "bench-password");

/// How a panel answers questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// Every purchase is waiting.
    Waiting,
    /// Every purchase is done, with a PIN.
    Done,
    /// It sells, and what it sold is never ready.
    Sells,
    /// It sells, and delivers with the third question.
    Delivers,
}

const ALL: [Answers; 4] = [
    Answers::Waiting,
    Answers::Done,
    Answers::Sells,
    Answers::Delivers,
];

/// A purchase as the panel saw it.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// `oyuncu_bilgi`.
    pub(crate) player: String,
    /// When it came, by [`process::monotonic`].
    pub(crate) at: Duration,
}

/// The panels' process.
pub(crate) struct Panels {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    addresses: Vec<String>,
}

impl Panels {
    /// Starts them.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .env(VARIABLE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = child.stdin.take().context("the panel's input")?;
        let output = child.stdout.take().context("the panel's output")?;
        let mut panels = Self {
            child,
            input,
            output: BufReader::new(output).lines(),
            addresses: Vec::new(),
        };
        for _ in ALL {
            let address = panels.line().await?;
            panels.addresses.push(address);
        }
        Ok(panels)
    }

    /// Where such a panel is.
    pub(crate) fn address(&self, answers: Answers) -> &str {
        &self.addresses[answers as usize]
    }

    /// Its process.
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("the panel has ended")
    }

    /// Questions that the panel has answered or is answering.
    pub(crate) async fn questions(&mut self, answers: Answers) -> anyhow::Result<u64> {
        self.say(&format!("questions {}\n", answers as usize))
            .await?;
        Ok(self.line().await?.parse()?)
    }

    /// What it sold so far.
    pub(crate) async fn purchases(&mut self) -> anyhow::Result<Vec<Arrival>> {
        self.say("purchases\n").await?;
        let count: usize = self.line().await?.parse()?;
        let mut arrivals = Vec::with_capacity(count);
        for _ in 0..count {
            let line = self.line().await?;
            let (at, player) = line.split_once(' ').context("a purchase")?;
            arrivals.push(Arrival {
                player: player.to_owned(),
                at: Duration::from_nanos(at.parse()?),
            });
        }
        Ok(arrivals)
    }

    async fn say(&mut self, line: &str) -> anyhow::Result<()> {
        self.input.write_all(line.as_bytes()).await?;
        Ok(self.input.flush().await?)
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        self.output
            .next_line()
            .await?
            .context("the panel has ended")
    }
}

/// Whether this process was started as the panel.
pub(crate) fn is_asked_for() -> bool {
    env::var_os(VARIABLE).is_some()
}

/// Is the panel until nobody asks any more.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let mut panels = Vec::new();
    for answers in ALL {
        let panel = Panel::start(plan(answers)).await?;
        println!("{}", panel.base_url());
        panels.push(panel);
    }
    // Blocks this thread alone: the panels are served by the runtime's own.
    for line in io::stdin().lines() {
        let line = line?;
        match line.split_once(' ') {
            Some(("questions", which)) => {
                let panel = panels
                    .get(which.parse::<usize>()?)
                    .context("no such panel")?;
                println!("{}", panel.ledger().count(Endpoint::Status));
            }
            None if line == "purchases" => print_purchases(&panels),
            _ => bail!("the panel does not understand {line:?}"),
        }
    }
    Ok(())
}

fn print_purchases(panels: &[Panel]) {
    let sales: Vec<_> = panels
        .iter()
        .flat_map(|panel| panel.ledger().sales())
        .collect();
    println!("{}", sales.len());
    let now = process::monotonic();
    for sale in sales {
        let at = now.saturating_sub(sale.at.elapsed());
        println!("{} {}", at.as_nanos(), sale.player);
    }
}

fn plan(answers: Answers) -> PanelPlan {
    let mut plan = PanelPlan::sample(1);
    plan.accounts = vec![Account::new(
        ACCOUNT.0,
        ACCOUNT.1,
        Decimal::from(1_000_000_000),
    )];
    plan.readiness = Readiness::NEVER;
    plan.recording = Recording::Counters;
    plan.status = match answers {
        Answers::Waiting => StatusMode::AlwaysWaiting,
        Answers::Done => StatusMode::AlwaysDone,
        Answers::Sells | Answers::Delivers => StatusMode::Tracked,
    };
    if answers == Answers::Delivers {
        plan.readiness = Readiness::after_waits(2);
    }
    plan
}
