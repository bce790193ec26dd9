//! The one loop of the streams: claim as capacity frees, sleep when there is nothing to do.
//!
//! A turn takes no hints. It is taken when capacity was given back while more waits, when a notice or
//! a due time says so, and at the latest after the scan interval, which is the safety net.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::{capacity::Capacity, pulse::Pulse, wakeup::Wakeup};
use crate::telemetry::chain;
use crate::{clock::Clock, store::StoreError};

/// After a turn that failed.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);
/// How long capacity may gather, so that orders are claimed in groups under load.
const GATHER: Duration = Duration::from_millis(1);

/// What a stream does in one turn.
#[async_trait]
pub trait Turn: Send + Sync {
    /// Claims what there is capacity for and starts it. After an error the loop tries again.
    async fn take(&self, capacity: &Capacity) -> Result<Taken, StoreError>;
}

/// What a turn found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Orders that were started.
    pub started: usize,
    /// Whether more is likely to wait for capacity.
    pub(crate) more: bool,
    /// When the next order is due, where that is known.
    pub next: Option<DateTime<Utc>>,
}

/// One stream.
pub struct Stream {
    /// For the log.
    pub name: &'static str,
    pub capacity: Capacity,
    pub wakeup: Arc<Wakeup>,
    /// The longest rest.
    pub scan_interval: Duration,
    pub pulse: Pulse,
    pub clock: Arc<dyn Clock>,
}

impl Stream {
    /// Turns until it is stopped. What was started goes on by itself.
    pub async fn run(self, turn: impl Turn, stop: CancellationToken) {
        let mut failing = false;
        while !stop.is_cancelled() {
            let result = turn.take(&self.capacity).await;
            // After an error, too: a database that is away does not make this a stalled worker.
            self.pulse.beat();

            match result {
                Ok(taken) => {
                    if std::mem::take(&mut failing) {
                        tracing::info!(stream = self.name, "the database answers again");
                    }
                    stop.run_until_cancelled(self.rest(taken)).await;
                }
                Err(error) => {
                    // Reported once, not every second.
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(
                            stream = self.name,
                            error = chain(&error),
                            "cannot look for work; trying again every second"
                        );
                    }
                    let pause = tokio::time::sleep(AFTER_TROUBLE);
                    stop.run_until_cancelled(pause).await;
                }
            }
        }
    }

    async fn rest(&self, taken: Taken) {
        if !taken.more {
            let longest = self.scan_interval;
            return self.wakeup.rest(&*self.clock, taken.next, longest).await;
        }
        if taken.started > 0 && self.capacity.free() > 0 {
            return;
        }

        // More waits, but not for this capacity: its own panel is full, or everything is in use.
        tokio::select! {
            () = self.capacity.released() => self.gather().await,
            () = tokio::time::sleep(self.scan_interval) => {}
        }
    }

    /// Waits a moment for more capacity when only a little is free.
    async fn gather(&self) {
        if self.capacity.free() < self.capacity.size() / 4 {
            tokio::time::sleep(GATHER).await;
        }
    }
}
