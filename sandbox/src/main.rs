//! `sandbox demo`: orderwatch at work, beside the practice panels and the practice store.

mod demo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Practice servers for orderwatch.
#[derive(Debug, Parser)]
#[command(name = "sandbox", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show orderwatch working: a small shop with two practice panels, a warehouse with a practice store
    /// on Trendyol, and the daemon, all on this machine.
    #[command(after_help = demo::EXAMPLES)]
    Demo(demo::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Demo(options) = Cli::parse().command;
    match demo::run(&options).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            demo::complain(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
