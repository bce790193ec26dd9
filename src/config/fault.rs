//! What is wrong with the configuration, and where it was written.

use std::{fmt, path::PathBuf};

/// Where a value came from. Ordered as faults are listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    File {
        /// The file as it was named or found.
        path: PathBuf,
        /// The place in it; `None` when the file as a whole is meant.
        place: Option<Place>,
    },
    Variable(String),
    Default,
    /// A required key that nobody set.
    Unset,
}

/// A place in a text; both numbers begin at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: usize,
    /// In characters, not bytes.
    pub(crate) column: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, place: None } => write!(f, "{}", path.display()),
            Self::File {
                path,
                place: Some(Place { line, column }),
            } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Default => f.write_str("default"),
            Self::Unset => f.write_str("not set"),
        }
    }
}

/// One fault, in words that say what to do. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    pub(crate) origin: Origin,
    /// The key (`dispatch.lease`), or empty when the file as a whole is meant.
    pub(crate) key: String,
    /// What is wrong and what to write instead.
    pub(crate) message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            write!(f, "{} ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// The configuration cannot be used. Shows one fault per line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.faults))]
pub struct ConfigError {
    faults: Vec<Fault>,
}

impl ConfigError {
    pub(super) fn new(mut faults: Vec<Fault>) -> Self {
        // As a reader goes through the file; the rules find them in another order.
        faults.sort();
        faults.dedup();
        Self { faults }
    }
}

fn lines(faults: &[Fault]) -> String {
    let lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
    lines.join("\n")
}
