//! Printing, in one place. A reader that goes away (`… | head`) is not an error.

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

use crate::telemetry::{Secrets, chain};

/// Usage or configuration.
const MISCONFIGURED: u8 = 2;

/// Prints a line on standard output; colours only where it is a terminal and wants them.
pub(super) fn line(text: impl fmt::Display) -> io::Result<()> {
    print(&mut anstream::stdout().lock(), text)
}

/// Prints what is no text for people as it is.
pub(super) fn bytes(bytes: &[u8]) -> io::Result<()> {
    // Not through anstream, which would take out whatever looks like a colour.
    match io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints a value as JSON on standard output.
pub(super) fn json(value: &impl serde::Serialize) -> io::Result<()> {
    let value = serde_json::to_value(value)?;
    line(format_args!("{value:#}"))
}

/// Prints an error with its causes.
pub(super) fn failed(error: &anyhow::Error) -> ExitCode {
    complain(format_args!("error: {}", chain(error.as_ref())));
    ExitCode::FAILURE
}

/// Prints what is wrong with the configuration.
pub(super) fn misconfigured(error: &anyhow::Error) -> ExitCode {
    complain(format_args!(
        "error: the configuration cannot be used\n{error}"
    ));
    ExitCode::from(MISCONFIGURED)
}

/// An error with its causes in one line, without secrets.
pub(super) fn masked_chain(error: &anyhow::Error) -> String {
    Secrets::process().mask(&chain(error.as_ref())).into_owned()
}

pub(super) fn complain(text: impl fmt::Display) {
    // Errors of drivers and panels may repeat an address with its password.
    let masked = Secrets::process().mask(&text.to_string()).into_owned();
    if print(&mut io::stderr().lock(), masked).is_err() {
        // There is nowhere else to print it.
    }
}

fn print(to: &mut impl Write, text: impl fmt::Display) -> io::Result<()> {
    match writeln!(to, "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
