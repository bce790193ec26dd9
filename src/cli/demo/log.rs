//! Where the log goes. While a screen is drawn nothing else may write to the terminal, so warnings
//! go to a file then, which is named at the end.

use std::{
    fs::{File, OpenOptions},
    io::{self, IsTerminal as _},
    os::unix::fs::OpenOptionsExt as _,
    panic,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use super::view::View;
use crate::{
    cli::out,
    config::Config,
    telemetry::{self, Guard},
};

/// The log of the demo.
pub(super) struct Log {
    guard: Guard,
    /// Where it is, if not on standard error.
    file: Option<PathBuf>,
}

impl Log {
    pub(super) fn begin(config: &Config, view: View) -> anyhow::Result<Self> {
        let (level, format) = (&config.log.level, config.log.format);
        // Redirected, it is in nobody's way.
        if view != View::Screen || !io::stderr().is_terminal() {
            let guard = telemetry::init(level, format)?;
            return Ok(Self { guard, file: None });
        }

        let path = std::env::temp_dir().join(format!("orderwatch-demo-{}.log", std::process::id()));
        let file = create(&path)
            .with_context(|| format!("the log cannot be written to {}", path.display()))?;
        let guard = telemetry::init_file(level, format, file)?;
        name_in_panics(&path);
        Ok(Self {
            guard,
            file: Some(path),
        })
    }

    /// Ends it, and says where it is if there is anything in it.
    pub(super) fn end(self) -> anyhow::Result<()> {
        // Writes what is waiting.
        drop(self.guard);
        let Some(path) = self.file else {
            return Ok(());
        };
        let size = path.metadata().map(|file| file.len());
        if size.is_ok_and(|size| size == 0) {
            std::fs::remove_file(&path)
                .with_context(|| format!("{} cannot be removed", path.display()))?;
            return Ok(());
        }
        out::line(format_args!(
            "Warnings and errors are in {}",
            path.display()
        ))?;
        Ok(())
    }
}

/// Nobody else's file: whatever has this name already is not written to.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}

/// A panic is in the log like any other event, where nobody would look for it.
fn name_in_panics(path: &Path) {
    let (logs, path) = (panic::take_hook(), path.to_owned());
    panic::set_hook(Box::new(move |info| {
        logs(info);
        out::complain(format_args!(
            "orderwatch panicked, which is a bug in it; see {}",
            path.display()
        ));
    }));
}
