//! When a stream looks again, and what makes it look sooner.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::clock::Clock;

/// Due times this close together share one look.
const TOGETHER: Duration = Duration::from_millis(5);

/// The next look of one stream.
#[derive(Debug, Default)]
pub struct Wakeup {
    next: Mutex<Option<DateTime<Utc>>>,
    sooner: Notify,
}

impl Wakeup {
    /// Makes the stream look now.
    pub fn wake(&self) {
        self.sooner.notify_one();
    }

    /// Says that something will be due; makes the stream look again at what it waits for when
    /// that is sooner than it had planned.
    pub fn due(&self, at: DateTime<Utc>) {
        let planned = *self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if planned.is_none_or(|planned| at < planned) {
            self.sooner.notify_one();
        }
    }

    /// Waits until `next`, at most `longest`, or until something makes it sooner.
    pub async fn rest(&self, clock: &dyn Clock, next: Option<DateTime<Utc>>, longest: Duration) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = next;
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
