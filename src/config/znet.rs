//! `[znet]`

use std::{num::NonZeroU32, time::Duration};

use super::{MAX_IN_FLIGHT, read::Section};
use crate::breaker::BreakerLimits;

/// Slower is a mistake: use the time-outs and brakes instead.
const LOWEST_RATE: f64 = 0.001;
const HIGHEST_RATE: f64 = 10_000.0;

/// How panels are called. Rates and limits are per integration.
#[derive(Clone, Copy, Debug)]
pub struct Znet {
    /// To open a connection.
    pub connect_timeout: Duration,
    /// From the request to the end of the answer.
    pub request_timeout: Duration,
    /// Requests per second, above zero; `None` for no limit.
    pub requests_per_second: Option<f64>,
    /// Calls under way at once; `None` for no limit.
    pub max_in_flight: Option<NonZeroU32>,
    /// How long a price list is used.
    pub catalog_ttl: Duration,
    /// When a panel is left alone, and for how long.
    pub breaker: BreakerLimits,
}

impl Znet {
    pub(super) fn read(mut section: Section<'_, '_>) -> Self {
        Self {
            connect_timeout: section.duration("connect_timeout"),
            request_timeout: section.duration("request_timeout"),
            requests_per_second: read_rate(&mut section),
            max_in_flight: NonZeroU32::new(section.count("max_in_flight", 0..=MAX_IN_FLIGHT)),
            catalog_ttl: section.duration("catalog_ttl"),
            breaker: BreakerLimits {
                failures: section.count("breaker_failures", 0..=1000),
                cooldown: section.duration("breaker_cooldown"),
            },
        }
    }
}

fn read_rate(section: &mut Section<'_, '_>) -> Option<f64> {
    let rate = section.float("requests_per_second", 0.0..=HIGHEST_RATE);
    if rate > 0.0 && rate < LOWEST_RATE {
        section.fault(
            "requests_per_second",
            format!("must be at least {LOWEST_RATE}, or 0 for no limit"),
        );
    }
    (rate > 0.0).then_some(rate)
}
