//! How the process ends: softly at first, hard at last.
//!
//! The first signal stops the claiming of work and lets what is in flight finish; a second signal,
//! or [`GRACE`], ends the process wherever it is. Nothing is lost by the hard way: a purchase whose
//! answer was not recorded is asked about after the next start.

use std::{io, time::Duration};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::systemd;

/// How long what is in flight may take to finish.
pub(crate) const GRACE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Claim nothing more, and finish.
    pub soft: CancellationToken,
    /// End now.
    pub(crate) hard: CancellationToken,
    /// The process is to end: a reload, which begins with `soft`, does not go on to its start.
    pub(crate) terminate: CancellationToken,
}

impl Stop {
    /// Stops on SIGINT and SIGTERM: the first softly, the second hard.
    pub(crate) fn on_signals() -> io::Result<Self> {
        let stop = Self::default();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;

        let asked = stop.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                asked.by_signal();
            }
        });

        Ok(stop)
    }

    fn by_signal(&self) {
        tracing::info!("asked to stop");
        if self.terminate.is_cancelled() {
            self.hard.cancel();
        } else {
            systemd::stopping();
            // Before `soft`: whoever sees that one end has to see this one, too.
            self.terminate.cancel();
            self.soft.cancel();
        }
    }

    /// Ends when stopping has taken too long, or was asked for twice.
    pub(crate) async fn out_of_patience(&self) {
        self.soft.cancelled().await;
        tokio::select! {
            () = self.hard.cancelled() => {}
            () = tokio::time::sleep(GRACE) => {}
        }
    }
}
