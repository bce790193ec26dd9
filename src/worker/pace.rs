//! How fast one panel is asked: over all replicas, since the panel sees their sum.
//!
//! Purchases take their turn before questions. Within this process a limiter spaces the turns;
//! between replicas the next free turn is a time in the database. Should the database not answer,
//! this process keeps its own pace.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock as _};
use tokio::sync::{Mutex, Notify};

use crate::telemetry::chain;
use crate::{
    clock::Clock,
    order::IntegrationId,
    store::{Store, horizon},
    worker::after,
};

/// Turns are reserved for about this long at once, so that a fast pace does not ask the database
/// for every one.
const RESERVED: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) struct Pace {
    limiter: DefaultDirectRateLimiter,
    buys_waiting: AtomicUsize,
    buys_done: Notify,
    shared: Option<Shared>,
}

/// The turns that this process has reserved among the replicas.
#[derive(Debug)]
struct Shared {
    store: Store,
    clock: Arc<dyn Clock>,
    panel: IntegrationId,
    period: Duration,
    at_once: u32,
    reserved: Mutex<Reserved>,
}

#[derive(Debug)]
struct Reserved {
    next: DateTime<Utc>,
    left: u32,
}

impl Pace {
    /// `per_second` requests in a second, in this process alone; 0 or less means no limit.
    #[cfg(test)]
    fn alone(per_second: f64) -> Option<Self> {
        Self::new(per_second).map(|(pace, _)| pace)
    }

    /// `per_second` requests in a second over all replicas; 0 or less means no limit.
    #[must_use]
    pub(crate) fn shared(
        per_second: f64,
        panel: IntegrationId,
        store: Store,
        clock: Arc<dyn Clock>,
    ) -> Option<Self> {
        let (mut pace, period) = Self::new(per_second)?;
        let at_once = RESERVED.div_duration_f64(period);
        pace.shared = Some(Shared {
            at_once: turns(at_once),
            reserved: Mutex::new(Reserved {
                next: clock.now(),
                left: 0,
            }),
            store,
            clock,
            panel,
            period,
        });
        Some(pace)
    }

    fn new(per_second: f64) -> Option<(Self, Duration)> {
        if per_second <= 0.0 {
            return None;
        }

        let period = Duration::try_from_secs_f64(per_second.recip()).ok()?;
        // No bursts: panels answer them by blocking the address.
        let quota = Quota::with_period(period)?.allow_burst(NonZeroU32::MIN);
        let pace = Self {
            limiter: RateLimiter::direct(quota),
            buys_waiting: AtomicUsize::new(0),
            buys_done: Notify::new(),
            shared: None,
        };
        Some((pace, period))
    }

    /// Waits for the turn of a purchase.
    pub(super) async fn buy(&self) {
        // From now on no question takes a turn before it.
        let _waiting = Waiting::begin(self);
        while let Err(wait) = self.take() {
            tokio::time::sleep(wait).await;
        }
        self.among_replicas().await;
    }

    /// Waits for the turn of a question; purchases go first.
    pub(super) async fn ask(&self) {
        loop {
            // Before the check, so that a purchase that gets its turn in between is noticed.
            let buys_done = self.buys_done.notified();
            if self.buys_waiting.load(Ordering::Acquire) > 0 {
                buys_done.await;
                continue;
            }

            match self.take() {
                Ok(()) => return self.among_replicas().await,
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    /// Takes the next turn of this process, or says how long it is until there is one.
    fn take(&self) -> Result<(), Duration> {
        self.limiter
            .check()
            .map_err(|not_yet| not_yet.wait_time_from(self.limiter.clock().now()))
    }

    async fn among_replicas(&self) {
        let Some(shared) = &self.shared else { return };
        if let Some(at) = shared.turn().await {
            let left = (at - shared.clock.now()).to_std().unwrap_or_default();
            tokio::time::sleep(left).await;
        }
    }
}

impl Shared {
    /// The time of the next turn; `None` when the database cannot tell.
    async fn turn(&self) -> Option<DateTime<Utc>> {
        // Kept during the query: whoever waits here takes one of the turns that it reserves.
        let mut reserved = self.reserved.lock().await;
        let now = self.clock.now();
        if reserved.left == 0 || reserved.next > after(now, horizon(self.period)) {
            let first = self
                .store
                .reserve_turns(self.panel, self.at_once, self.period, now)
                .await
                .inspect_err(|error| {
                    tracing::debug!(
                        error = chain(error),
                        "the pace among the replicas is not known; keeping our own"
                    );
                })
                .ok()?;
            *reserved = Reserved {
                next: first,
                left: self.at_once,
            };
        }

        reserved.left -= 1;
        let turn = reserved.next;
        let period = TimeDelta::from_std(self.period).unwrap_or_default();
        reserved.next = turn.checked_add_signed(period).unwrap_or(turn);
        Some(turn)
    }
}

/// A whole number of turns, at least one.
fn turns(turns: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to a small positive number"
    )]
    let turns = turns.clamp(1.0, 1000.0) as u32;
    turns
}

/// A purchase that waits for its turn, also when it is given up.
struct Waiting<'a>(&'a Pace);

impl<'a> Waiting<'a> {
    fn begin(pace: &'a Pace) -> Self {
        pace.buys_waiting.fetch_add(1, Ordering::AcqRel);
        Self(pace)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.0.buys_waiting.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.buys_done.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_waits_while_a_purchase_does() {
        let pace = Pace::alone(1000.0).unwrap();
        let waiting = Waiting::begin(&pace);
        let ask = pace.ask();
        tokio::pin!(ask);
        assert!(futures::poll!(&mut ask).is_pending());
        drop(waiting);
        ask.await;
    }

    #[test]
    fn turns_are_reserved_in_small_numbers() {
        for (per_second, at_once) in [(0.5, 1), (10.0, 1), (20.0, 1), (100.0, 5), (1e9, 1000)] {
            let period = Duration::from_secs_f64(1.0_f64 / per_second);
            assert_eq!(
                turns(RESERVED.div_duration_f64(period)),
                at_once,
                "{per_second}"
            );
        }
        assert!(Pace::alone(0.0).is_none());
    }
}
