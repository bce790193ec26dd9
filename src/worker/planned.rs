//! The periodic jobs that the configuration asks for, and whether they come when they should.

use chrono::{DateTime, Utc};

use super::schedule::Schedule;
use crate::overview::{JobView, RunView};

/// A job and when it passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedJob {
    /// Its name, as in `orderwatch once NAME`.
    pub name: &'static str,
    /// When it passes; `None` when it is switched off.
    pub schedule: Option<Schedule>,
}

impl PlannedJob {
    /// The job with its passes, newest first. `since` is when the daemon that has run the longest
    /// was started: what should have come before is nobody's omission.
    #[must_use]
    pub fn view(
        self,
        runs: Vec<RunView>,
        done_at: Option<DateTime<Utc>>,
        since: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> JobView {
        let last = runs.first().map(|run| (run.tick, run.started_at));
        let expected = self
            .schedule
            .zip(since)
            .map(|(schedule, since)| (schedule.expected(last, since), schedule.patience()));
        let missing = expected.filter(|(next, patience)| now - *next > *patience);
        JobView {
            name: self.name,
            enabled: self.schedule.is_some(),
            schedule: self.schedule.map(|schedule| schedule.to_string()),
            runs,
            done_at,
            next_at: expected.map(|(next, _)| next),
            missing_since: missing.map(|(next, _)| next),
        }
    }
}
