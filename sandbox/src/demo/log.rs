//! Where orderwatch's log goes. While a screen is drawn nothing else may write to the terminal, so
//! warnings go to a file then, which is named at the end.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, IsTerminal as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use serde_json::{Map, Value};

use super::{complain, line, view::View};

/// Fields of a line of JSON that are not printed, or stand before the message.
const HEAD: [&str; 5] = ["timestamp", "level", "message", "target", "spans"];

/// The log; clones write to the same place.
#[derive(Clone, Debug)]
pub(super) struct Log {
    /// Whether only warnings and errors are written.
    terse: bool,
    /// Where it goes, if not to standard error.
    file: Option<Arc<(PathBuf, Mutex<File>)>>,
}

/// A line of orderwatch's log.
pub(super) struct Entry(Map<String, Value>);

impl Log {
    pub(super) fn begin(view: View) -> anyhow::Result<Self> {
        let mut log = Self {
            terse: view != View::Log,
            file: None,
        };

        // Redirected, it is in nobody's way.
        if view == View::Screen && io::stderr().is_terminal() {
            let name = format!("orderwatch-demo-{}.log", std::process::id());
            let path = std::env::temp_dir().join(name);
            // Nobody else's file: whatever has this name already is not written to.
            let mut options = OpenOptions::new();
            let file = options.write(true).create_new(true).mode(0o600).open(&path);
            let file =
                file.with_context(|| format!("the log cannot be written to {}", path.display()))?;
            log.file = Some(Arc::new((path, Mutex::new(file))));
        }

        Ok(log)
    }

    /// A line as orderwatch wrote it, where it is of interest.
    pub(super) fn entry(&self, entry: &Entry) {
        if !self.terse || matches!(entry.text("level"), "WARN" | "ERROR") {
            self.write(entry);
        }
    }

    /// Something that the demo itself has to say.
    pub(super) fn warn(&self, text: impl fmt::Display) {
        self.write(format_args!("WARN {text}"));
    }

    pub(super) fn write(&self, text: impl fmt::Display) {
        match &self.file {
            None => complain(text),
            Some(file) => {
                let mut file = file.1.lock().unwrap_or_else(PoisonError::into_inner);
                // The figures are on the screen all the same.
                drop(writeln!(file, "{text}"));
            }
        }
    }

    /// Ends it, and says where it is if there is anything in it.
    pub(super) fn end(self) -> anyhow::Result<()> {
        let Some(file) = self.file else {
            return Ok(());
        };
        let path = &file.0;

        if path.metadata().is_ok_and(|file| file.len() == 0) {
            return std::fs::remove_file(path)
                .with_context(|| format!("{} cannot be removed", path.display()));
        }

        line(format_args!(
            "Warnings and errors are in {}",
            path.display()
        ))?;

        Ok(())
    }
}

impl Entry {
    /// Reads a line; `None` when it is not of the log.
    pub(super) fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok().map(Self)
    }

    /// A field that is a text; otherwise empty.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [time, level, message] = ["timestamp", "level", "message"].map(|name| self.text(name));
        write!(f, "{time} {level:>5} {message}")?;
        for (name, value) in &self.0 {
            match value {
                _ if HEAD.contains(&name.as_str()) => {}
                Value::String(text) => write!(f, " {name}={text:?}")?,
                other => write!(f, " {name}={other}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_is_printed_for_people() {
        let line = r#"{"timestamp":"2030-03-17T11:03:00Z","level":"WARN","target":"orderwatch",
            "message":"the panel does not answer","panel":"101 A","tries":3}"#;
        assert_eq!(
            Entry::read(line).unwrap().to_string(),
            r#"2030-03-17T11:03:00Z  WARN the panel does not answer panel="101 A" tries=3"#
        );
        assert!(Entry::read("error: no database").is_none());
    }
}
