//! `sandbox demo`: orderwatch at work, beside the practice panels and the practice store; `sandbox panel`: one of the
//! panels alone.

mod demo;
mod single;

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
    /// Serve one practice panel (znet; account `bayi`, password `gizli`) until the input ends. Prints its address, and
    /// for each line of input the number of status questions so far.
    Panel(single::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(options) => demo::run(&options).await,
        Command::Panel(options) => single::run(&options).await.map(|()| true),
    };

    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            demo::complain(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
