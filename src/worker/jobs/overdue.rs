//! Whether the jobs run when they should. A job that is switched off, or that no daemon could run, is never overdue.

use chrono::{DateTime, Utc};

use crate::{
    config::Config,
    overview::{JobView, RunView},
    worker::schedule::Schedule,
};

/// A job and when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScheduledJob {
    pub(crate) name: &'static str,
    /// `None` when it is switched off.
    pub(crate) schedule: Option<Schedule>,
}

/// The jobs of this configuration, in the order in which people see them.
#[must_use]
pub(crate) fn scheduled(config: &Config) -> Vec<ScheduledJob> {
    let jobs = super::listed(config);
    jobs.map(|job| ScheduledJob {
        name: job.name,
        schedule: job.schedule(config),
    })
    .collect()
}

impl ScheduledJob {
    /// The job with its runs, newest first. `since` is when the daemon that has run the longest was started.
    #[must_use]
    pub(crate) fn view(
        self,
        runs: Vec<RunView>,
        done_at: Option<DateTime<Utc>>,
        since: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> JobView {
        let last = runs.first().map(|run| (run.tick, run.started_at));
        // Without a daemon nothing is expected, and of a new one not what came before it.
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
