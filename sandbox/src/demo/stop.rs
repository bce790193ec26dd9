//! How the demo ends: softly at first, hard the second time.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The two ways to stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop {
    /// Sell nothing more, and let what is in flight finish.
    pub(super) soft: CancellationToken,
    /// End now.
    pub(super) hard: CancellationToken,
}

impl Stop {
    /// Stops on signals, and when the terminal is closed.
    pub(super) fn on_signals() -> io::Result<Self> {
        let stop = Self::default();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;

        let wanted = stop.clone();
        tokio::spawn(async move {
            while !wanted.hard.is_cancelled() {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hang_up.recv() => {}
                }
                wanted.want();
            }
        });
        Ok(stop)
    }

    /// Somebody wants it to end: softly at first, hard the second time.
    pub(super) fn want(&self) {
        if self.soft.is_cancelled() {
            self.hard.cancel();
        }
        self.soft.cancel();
    }
}
