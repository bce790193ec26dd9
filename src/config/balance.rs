//! `[balance]` and `[retention]`

use std::time::Duration;

use rust_decimal::Decimal;

use super::read::Section;

/// Less would take away what somebody is still looking for.
const SHORTEST_KEPT: Duration = Duration::from_hours(24);

/// How the panels' balances are watched.
#[derive(Clone, Copy, Debug)]
pub struct Balance {
    /// Whether panels are asked.
    pub enabled: bool,
    /// From one pass to the next.
    pub interval: Duration,
    /// In TRY; below it a warning is logged. `None` for never.
    pub warn_below: Option<Decimal>,
}

impl Balance {
    pub(super) fn read(mut section: Section<'_, '_>) -> Self {
        Self {
            enabled: section.bool("enabled"),
            interval: section.duration("interval"),
            warn_below: section.money("warn_below"),
        }
    }
}

/// How long things are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Events of finished orders, notices that are done, rows of shadow mode.
    pub events: Duration,
    /// Passes of periodic jobs.
    pub job_runs: Duration,
    /// Statistics over time.
    pub stats: Duration,
}

impl Retention {
    pub(super) fn read(mut section: Section<'_, '_>) -> Self {
        Self {
            events: section.duration_from("events", SHORTEST_KEPT),
            job_runs: section.duration_from("job_runs", SHORTEST_KEPT),
            stats: section.duration_from("stats", SHORTEST_KEPT),
        }
    }
}
