//! The workers, in a process of their own, so that nothing of the bench's is counted as theirs.
//!
//! The two talk by lines: "work" starts the workers, "rest" ends them and is answered. The process ends with its
//! input, so also when the bench is killed.

use std::{env, io, process::Stdio, thread};

use anyhow::{Context, bail, ensure};
use clap::Args;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::{mpsc, oneshot},
};

use crate::{
    check::Tools,
    panel,
    queue::Queue,
    shop::{self, WORKER},
};

/// Not an argument: those are shown to everybody.
const URL: &str = "PEER_DATABASE_URL";

#[derive(Args, Clone, Copy)]
pub(crate) struct Options {
    #[arg(long)]
    pub(crate) queue: Queue,
    #[arg(long)]
    pub(crate) concurrency: usize,
    #[arg(long)]
    pub(crate) connections: u32,
}

/// Is the workers until the input ends.
pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let tools = Tools {
        pool: shop::pool(&env::var(URL)?, options.connections, WORKER)?,
        client: panel::client()?,
    };
    let mut lines = input();
    while let Some(line) = lines.recv().await {
        ensure!(line == "work", "the workers do not understand {line:?}");
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let work = options
            .queue
            .work(tools.clone(), options.concurrency, stopped);
        let rest = async {
            let line = lines.recv().await;
            drop(stop);
            Ok(line)
        };

        let ((), line) = tokio::try_join!(work, rest)?;
        match line.as_deref() {
            Some("rest") => println!("resting"),
            None => return Ok(()),
            Some(line) => bail!("the workers do not understand {line:?}"),
        }
    }
    Ok(())
}

/// What is said to this process, until nobody is left to say anything.
fn input() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    // A thread of its own: reading waits for as long as nobody speaks.
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

pub(crate) struct Workers {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Workers {
    pub(crate) fn start(database: &str, options: Options) -> anyhow::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args(["work", "--queue", options.queue.word()])
            .args(["--concurrency", &options.concurrency.to_string()])
            .args(["--connections", &options.connections.to_string()])
            .env(URL, database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = child.stdin.take().context("the workers' input")?;
        let output = child.stdout.take().context("the workers' output")?;
        Ok(Self {
            child,
            input,
            output: BufReader::new(output).lines(),
        })
    }

    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("the workers have ended")
    }

    pub(crate) async fn work(&mut self) -> anyhow::Result<()> {
        Ok(self.input.write_all(b"work\n").await?)
    }

    pub(crate) async fn rest(&mut self) -> anyhow::Result<()> {
        self.input.write_all(b"rest\n").await?;
        let line = self.output.next_line().await?;
        line.map(drop).context("the workers have ended")
    }

    pub(crate) fn ensure_running(&mut self) -> anyhow::Result<()> {
        ensure!(self.child.try_wait()?.is_none(), "the workers have ended");
        Ok(())
    }
}
