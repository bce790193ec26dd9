//! When a stream takes its next turn, and what makes it sooner.

use std::time::Duration;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::clock::Clock;

/// Due times this close together share one turn.
const TOGETHER: Duration = Duration::from_millis(5);

/// The next turn of one stream.
#[derive(Debug, Default)]
pub struct Wakeup {
    next: Mutex<Option<DateTime<Utc>>>,
    sooner: Notify,
}

impl Wakeup {
    /// Makes the stream take a turn now.
    pub(crate) fn wake(&self) {
        self.sooner.notify_one();
    }

    /// Says that something will be due.
    pub(crate) fn due(&self, at: DateTime<Utc>) {
        let planned = *self.next.lock();
        // What is due later than planned is found by the planned turn.
        if planned.is_none_or(|planned| at < planned) {
            self.sooner.notify_one();
        }
    }

    /// Waits until `next`, at most `longest`, or until something makes it sooner.
    pub(crate) async fn rest(
        &self,
        clock: &dyn Clock,
        next: Option<DateTime<Utc>>,
        longest: Duration,
    ) {
        *self.next.lock() = next;
        let until = next.map_or(longest, |next| {
            let left = (next - clock.now()).to_std().unwrap_or_default();
            left.max(TOGETHER).min(longest)
        });

        tokio::select! {
            () = self.sooner.notified() => {}
            () = tokio::time::sleep(until) => {}
        }
    }
}
