//! The daemon's log: what is written, in which form, and what never leaves the process.
//!
//! What must stay true:
//!
//! * a log that nobody reads (a full pipe, a stuck journal) never holds up an order: lines are
//!   handed to a thread of their own, and lines that it cannot take are counted and reported,
//! * every line passes the redaction in [`redact`] as the last line of defence,
//! * a panic is one event like any other, so it reaches whoever reads the log.

mod filter;
mod output;
mod panics;
pub(crate) mod redact;
#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal};

use serde::Deserialize;
use tracing::Subscriber;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    Layer, Registry,
    fmt::MakeWriter,
    layer::SubscriberExt,
    registry::LookupSpan,
    util::{SubscriberInitExt, TryInitError},
};

pub(crate) use filter::Filter;
pub(crate) use redact::Secrets;

use output::{DroppedLines, Output, Terminal};

/// Lines that wait for a slow reader, a few MiB at most; more are dropped and counted.
const BUFFERED_LINES: usize = 8 * 1024;

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For people on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object per line.
    Json,
}

impl Format {
    fn is_json(self, terminal: bool) -> bool {
        match self {
            Self::Auto => !terminal,
            Self::Pretty => false,
            Self::Json => true,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum TelemetryError {
    #[error("the log is set up already")]
    Twice(#[from] TryInitError),
}

/// Keeps the log going. Dropping it writes what is waiting, for about a second at most.
#[must_use = "the log ends when this is dropped"]
#[derive(Debug)]
pub(crate) struct Guard {
    output: Output<tracing_appender::non_blocking::NonBlocking>,
    _worker: WorkerGuard,
}

impl Drop for Guard {
    fn drop(&mut self) {
        // While the worker still writes: it ends with the guard.
        self.output.report_dropped();
    }
}

/// Sends all events of this process to standard error, and panics with them.
pub(crate) fn init(filter: &Filter, format: Format) -> Result<Guard, TelemetryError> {
    let terminal = io::stderr().is_terminal();
    let json = format.is_json(terminal);
    if terminal && understands_escapes() {
        begin(filter, json, true, Terminal(io::stderr()))
    } else {
        begin(filter, json, false, io::stderr())
    }
}

/// Whether a terminal has colours and a cursor that can be moved: a dumb one prints what is meant for
/// them.
pub(crate) fn understands_escapes() -> bool {
    let term = std::env::var_os("TERM");
    term.is_none_or(|term| term != "dumb" && !term.is_empty())
}

fn begin(
    filter: &Filter,
    json: bool,
    terminal: bool,
    to: impl io::Write + Send + 'static,
) -> Result<Guard, TelemetryError> {
    let (writer, worker) = NonBlockingBuilder::default()
        // A log that nobody reads must not hold up an order.
        .lossy(true)
        .buffered_lines_limit(BUFFERED_LINES)
        .thread_name("log")
        .finish(to);

    let dropped = DroppedLines::new(writer.error_counter());
    let output = Output::new(writer, Secrets::process(), json, Some(dropped));
    subscriber(filter.to_env_filter(), json, terminal, output.clone()).try_init()?;
    // After it: a second log is refused and must not take the panics of the first.
    panics::log();

    Ok(Guard {
        output,
        _worker: worker,
    })
}

/// Everything between an event and the writer.
fn subscriber<F, W>(
    filter: F,
    json: bool,
    color: bool,
    writer: W,
) -> impl Subscriber + Send + Sync + use<F, W>
where
    F: Layer<Registry> + Send + Sync,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::registry()
        .with(filter)
        .with(lines(json, color, writer))
}

fn lines<S, W>(json: bool, color: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    if json {
        let lines = lines.json().flatten_event(true).with_current_span(false);
        lines.boxed()
    } else if color {
        // Colour unless $NO_COLOR says otherwise.
        lines.boxed()
    } else {
        lines.with_ansi(false).boxed()
    }
}

/// An error and its causes in one line, as logs say it: lines of JSON would leave out the causes of a recorded error.
/// A cause that the text before it ends with is not repeated.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }

    text
}
