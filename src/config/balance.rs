//! `[balance]` and `[retention]`

use std::time::Duration;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::fields;

/// Less would take away what somebody is still looking for.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How the panels' balances are watched.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Balance {
    pub(crate) enabled: bool,
    /// From one pass to the next.
    #[serde(deserialize_with = "fields::duration")]
    pub(crate) interval: Duration,
    /// In TRY; below it a warning is logged. `None` for never.
    #[serde(deserialize_with = "fields::money")]
    pub(crate) warn_below: Option<Decimal>,
}

/// How long things are kept.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Events of finished orders, notices that are done, rows of shadow mode.
    #[serde(deserialize_with = "fields::at_least::<DAY_MS, _>")]
    pub events: Duration,
    /// Passes of periodic jobs.
    #[serde(deserialize_with = "fields::at_least::<DAY_MS, _>")]
    pub job_runs: Duration,
    /// Statistics over time.
    #[serde(deserialize_with = "fields::at_least::<DAY_MS, _>")]
    pub stats: Duration,
}
