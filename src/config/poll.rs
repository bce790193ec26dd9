//! `[poll]` and `[sweep]`

use std::time::Duration;

use serde::Deserialize;

use super::{
    MAX_IN_FLIGHT,
    faults::Faults,
    fields::{self, human},
};
use crate::{
    backoff::{Backoff, InvalidBackoff},
    order::schedule::{Schedule, ScheduleRule},
};

const MAX_ATTEMPTS: u32 = 100_000;
const MAX_BATCH: u32 = 10_000;
const MAX_CHECKS: u32 = 100;

/// How bought orders are watched.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    pub(crate) enabled: bool,
    schedule: ScheduleRule,
    /// Checks of an order on average, by the learned schedule.
    #[serde(deserialize_with = "fields::whole::<2, MAX_CHECKS, _>")]
    checks_per_order: u32,
    /// From sending to the first check.
    #[serde(deserialize_with = "fields::duration")]
    pub(crate) first_check_after: Duration,
    #[serde(deserialize_with = "fields::duration")]
    backoff_initial: Duration,
    #[serde(deserialize_with = "fields::duration")]
    backoff_max: Duration,
    #[serde(deserialize_with = "fields::number::<1, _>")]
    jitter: f64,
    /// Checks without progress before an order is left to the sweep.
    #[serde(deserialize_with = "fields::whole::<1, MAX_ATTEMPTS, _>")]
    pub(crate) max_attempts: u32,
    /// From sending to giving up.
    #[serde(deserialize_with = "fields::duration")]
    pub(crate) give_up_after: Duration,
    /// Checks under way at once, over all panels.
    #[serde(deserialize_with = "fields::whole::<1, MAX_IN_FLIGHT, _>")]
    pub max_in_flight: u32,
    /// How long a claim lasts; longer than the longest call.
    #[serde(deserialize_with = "fields::duration")]
    pub(crate) lease: Duration,
}

impl Poll {
    /// Growth of the delay between checks.
    #[must_use]
    pub(crate) fn backoff(&self) -> Backoff {
        // Validated settings always fit; a mistake here must not ask the panels without pause.
        Backoff::new(self.backoff_initial, self.backoff_max, self.jitter)
            .unwrap_or_else(|_| Backoff::fixed(self.backoff_max))
    }

    #[must_use]
    pub(crate) const fn learns(&self) -> bool {
        matches!(self.schedule, ScheduleRule::Learned)
    }

    /// When an order is asked about.
    #[must_use]
    pub(crate) fn schedule(&self) -> Schedule {
        Schedule {
            rule: self.schedule,
            checks_per_order: f64::from(self.checks_per_order),
            first_check_after: self.first_check_after,
            backoff: self.backoff(),
        }
    }

    pub(super) fn validate(&self, faults: &mut Faults<'_>) {
        let backoff = Backoff::new(self.backoff_initial, self.backoff_max, self.jitter);
        let Err(invalid) = backoff else {
            return;
        };

        match invalid {
            InvalidBackoff::JitterOutOfRange => faults.contradiction(
                &["poll.jitter"],
                format!("does not fit: {invalid} (poll.jitter = {})", self.jitter),
            ),
            InvalidBackoff::ZeroInitial | InvalidBackoff::MaxBelowInitial => faults.contradiction(
                &["poll.backoff_max", "poll.backoff_initial"],
                format!(
                    "does not fit: {invalid} (poll.backoff_max = {}, poll.backoff_initial = {})",
                    human(self.backoff_max),
                    human(self.backoff_initial)
                ),
            ),
        }
    }
}

/// How orders that nobody watches are found.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sweep {
    pub(crate) enabled: bool,
    /// From one pass to the next.
    #[serde(deserialize_with = "fields::duration")]
    pub(crate) interval: Duration,
    /// Orders per page.
    #[serde(deserialize_with = "fields::whole::<1, MAX_BATCH, _>")]
    pub(crate) batch_size: u32,
    /// Orders sent more recently are not swept; shorter than [`Poll::give_up_after`].
    #[serde(deserialize_with = "fields::duration")]
    pub(crate) min_age: Duration,
    /// The orders of a page become due spread over this time; may be zero.
    #[serde(deserialize_with = "fields::at_least::<0, _>")]
    pub(crate) spread: Duration,
}
