//! `orderwatch order …`: what orders show, and what people may decide about them.

mod confirm;
mod explain;
mod list;
mod one;
mod resolve;
mod retry;
mod show;

use std::process::ExitCode;

use clap::Subcommand;

use super::Global;
use crate::order::OrderId;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show an order with its timeline.
    #[command(after_help = show::EXAMPLES)]
    Show(show::Options),
    /// Say in one sentence why an order waits, or how it ended, and when it is checked next.
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::Options),
    /// List the orders that orderwatch tracks: newest first; held and late ones oldest first.
    #[command(after_help = list::EXAMPLES)]
    List(list::Options),
    /// Send a held order after its cause was fixed.
    #[command(after_help = retry::EXAMPLES)]
    Retry(retry::Options),
    /// Say what became of an order that the panel does not tell about.
    #[command(after_help = resolve::EXAMPLES)]
    Resolve(resolve::Options),
    /// Say that a delivered order reached the right account: the player fields of its product are right.
    #[command(after_help = confirm::EXAMPLES)]
    Confirm(confirm::Options),
}

pub(super) async fn run(global: &Global, command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Show(options) => show::run(global, options).await,
        Command::Explain(options) => explain::run(global, options).await,
        Command::List(options) => list::run(global, options).await,
        Command::Retry(options) => retry::run(global, options).await,
        Command::Resolve(options) => resolve::run(global, options).await,
        Command::Confirm(options) => confirm::run(global, options).await,
    }
}

/// What an order is called: its number in the shop, otherwise the beginning of its id.
pub(super) fn number(order: OrderId, number: Option<impl ToString>, gone: bool) -> String {
    match (number, gone) {
        (Some(number), _) => number.to_string(),
        (None, true) => "gone".to_owned(),
        // The Django shop gives its orders no numbers.
        (None, false) => order.to_string().chars().take(8).collect(),
    }
}
