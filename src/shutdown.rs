//! How the process ends: softly at first, hard at last.
//!
//! The first signal stops the claiming of work and lets what is in flight finish; a second signal,
//! or [`GRACE`], ends the process wherever it is. Nothing is lost by the hard way: a purchase whose
//! answer was not recorded is asked about after the next start.

use std::{io, time::Duration};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long what is in flight may take to finish.
pub const GRACE: Duration = Duration::from_secs(30);

/// The two ways to stop.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Claim nothing more, and finish.
    pub soft: CancellationToken,
    /// End now.
    pub hard: CancellationToken,
}

impl Stop {
    /// Stops on SIGINT and SIGTERM: the first softly, the second hard.
    ///
    /// # Errors
    /// When the system does not let this process have its signals.
    pub fn on_signals() -> io::Result<Self> {
        let stop = Self::default();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (soft, hard) = (stop.soft.clone(), stop.hard.clone());
        tokio::spawn(async move {
            for token in [soft, hard] {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if !token.is_cancelled() {
                    tracing::info!("asked to stop");
                    token.cancel();
                }
            }
        });
        Ok(stop)
    }

    /// Ends when stopping has taken too long, or was asked for twice.
    pub async fn out_of_patience(&self) {
        self.soft.cancelled().await;
        tokio::select! {
            () = self.hard.cancelled() => {}
            () = tokio::time::sleep(GRACE) => {}
        }
    }
}
