//! What orderwatch is compared with beside Celery: two job queues on Postgres written in Rust, and the limits of any
//! design. `scripts/bench-peers` builds and starts it.

mod check;
mod drain;
mod limits;
mod panel;
mod processes;
mod queue;
mod shop;
mod worker;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use queue::Queue;

#[derive(Parser)]
#[command(bin_name = "scripts/bench-peers")]
struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Orders that are all due at once, checked by the workers of a job queue.
    Queues {
        #[command(flatten)]
        load: Load,
        /// Job queues.
        #[arg(long, value_enum, num_args = 1.., default_values = ["graphile", "apalis"])]
        queue: Vec<Queue>,
    },
    /// The panel asked by a client with nothing around it, and one order updated in each transaction.
    Limits {
        #[command(flatten)]
        load: Load,
        /// The program of that name.
        #[arg(long, default_value = "pgbench", hide = true)]
        pgbench: PathBuf,
    },
    /// The workers, in a process of their own.
    #[command(hide = true)]
    Work(worker::Options),
}

#[derive(Args, Clone)]
struct Load {
    /// Orders that are due at once.
    #[arg(long, default_value_t = 2000)]
    orders: u32,
    /// How often to repeat each drain.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Jobs under way at once.
    #[arg(long, num_args = 1.., default_values_t = [64])]
    concurrency: Vec<usize>,
    /// Connections of the workers to Postgres.
    #[arg(long, default_value_t = 20)]
    connections: u32,
    /// The `sandbox` program.
    #[arg(long, default_value = "sandbox", hide = true)]
    panel: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Options::parse().what {
        What::Queues { load, queue } => drain::measure(&load, &queue).await,
        What::Limits { load, pgbench } => limits::measure(&load, &pgbench).await,
        What::Work(options) => worker::run(options).await,
    }
}
