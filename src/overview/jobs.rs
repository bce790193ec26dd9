//! The periodic jobs as people see them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct JobView {
    /// Its name, as in `orderwatch once NAME`.
    pub(crate) name: &'static str,
    /// Whether the configuration asks for it.
    pub(crate) enabled: bool,
    /// When it passes, in words; `None` when it is switched off.
    pub(crate) schedule: Option<String>,
    /// Its last passes, the newest first.
    pub(crate) runs: Vec<RunView>,
    /// When the last one that was done ended.
    pub(crate) done_at: Option<DateTime<Utc>>,
    /// When the next one is expected; `None` when it is switched off or no daemon runs.
    pub(crate) next_at: Option<DateTime<Utc>>,
    /// Since when one is overdue: it was expected then.
    pub(crate) missing_since: Option<DateTime<Utc>>,
}

/// One pass.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RunView {
    /// The scheduled time.
    pub(crate) tick: DateTime<Utc>,
    /// When it began.
    pub(crate) started_at: DateTime<Utc>,
    /// When it ended.
    pub(crate) finished_at: Option<DateTime<Utc>>,
    /// `done` or `failed`; `None` while it runs, or when its process died.
    pub(crate) outcome: Option<String>,
    /// Its figures, or the error.
    pub(crate) report: Option<Value>,
}

impl JobView {
    /// Its last pass that ended, if it has failed.
    #[must_use]
    pub(crate) fn failed(&self) -> Option<&RunView> {
        // One that is still running says nothing yet.
        let mut ended = self.runs.iter().filter(|run| run.outcome.is_some());
        ended
            .next()
            .filter(|run| run.outcome.as_deref() == Some("failed"))
    }
}

impl RunView {
    #[must_use]
    pub(crate) fn error(&self) -> Option<&str> {
        self.report.as_ref()?.get("error")?.as_str()
    }
}
