//! That something is being done, for people who wait: on standard error, and on terminals only.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Between two turns of the wheel.
const TURN: Duration = Duration::from_millis(120);

/// A line that turns while work is done; gone when this is dropped.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn begin(what: &'static str) -> Self {
        // Standard output stays free for what a script reads.
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);

        // A wheel of the default kind is better than no command.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(TURN);
        Self(bar)
    }

    pub(super) fn say(&self, what: String) {
        self.0.set_message(what);
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}
