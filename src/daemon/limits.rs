//! The numbers of the workers, as the configuration has them.

use chrono::{DateTime, Utc};

use crate::{
    config::{Config, DispatchMode},
    provider::znet::HttpSettings,
    worker::{dispatch::DispatchLimits, panels::PanelLimits, sweep::SweepLimits},
};

/// Of the calls to panels.
#[must_use]
pub fn http(config: &Config) -> HttpSettings {
    HttpSettings {
        connect_timeout: config.znet.connect_timeout,
        request_timeout: config.znet.request_timeout,
    }
}

/// Of each panel.
#[must_use]
pub fn panels(config: &Config) -> PanelLimits {
    PanelLimits {
        max_in_flight: config.znet.max_in_flight.map_or(0, |max| size(max.get())),
        requests_per_second: config.znet.requests_per_second.unwrap_or(0.0),
        catalogue_ttl: config.znet.catalog_ttl,
        breaker: config.znet.breaker,
    }
}

/// Of the dispatcher.
#[must_use]
pub fn dispatch(config: &Config) -> DispatchLimits {
    DispatchLimits {
        max_order_age: config.dispatch.max_order_age,
        lease: config.dispatch.lease,
        longest_call: config.znet.connect_timeout + config.znet.request_timeout,
        scan_interval: config.dispatch.scan_interval,
        ask_first: config.dispatch.ask_first,
        on_second: config.dispatch.on_second_dispatcher,
        daily_limit: config.dispatch.daily_limit,
        shadow: is_shadow(config),
    }
}

/// Of the sweeper of a daemon that starts now.
#[must_use]
pub fn sweep(config: &Config, now: DateTime<Utc>) -> SweepLimits {
    let sends = config.dispatch.enabled && !is_shadow(config);
    SweepLimits {
        batch_size: config.sweep.batch_size,
        min_age: config.sweep.min_age,
        spread: config.sweep.spread,
        lease: config.poll.lease,
        max_order_age: config.dispatch.max_order_age,
        sending_since: sends.then_some(now),
        leave_to_shop: is_shadow(config),
        on_second: config.dispatch.on_second_dispatcher,
    }
}

/// A count as a size in memory.
#[must_use]
pub fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn is_shadow(config: &Config) -> bool {
    config.dispatch.mode == DispatchMode::Shadow
}
