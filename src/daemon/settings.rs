//! What the configuration means to those who show the state of things and warn of it.

use std::time::Duration;

use crate::{
    attention::Limits,
    config::Config,
    doctor::Means,
    worker::{jobs::overdue, overview::Asking, shop::buying},
};

/// Runs of each job that are shown.
const RUNS: i64 = 5;

/// What is asked of the database to see the whole.
#[must_use]
pub(crate) fn asking(config: &Config) -> Asking {
    Asking {
        jobs: overdue::scheduled(config),
        runs: RUNS,
        max_order_age: config.dispatch.max_order_age,
        daily_limit: config.dispatch.daily_limit,
        plain_http: config.znet.allow_plain_http.clone(),
        zone: config.http.time_zone,
        market: config.trendyol.enabled,
        shop: config.shop.enabled,
        player: config.player.clone(),
    }
}

/// From when on something is worth a warning.
#[must_use]
pub(crate) fn limits(config: &Config) -> Limits {
    let trendyol = &config.trendyol;
    // A run that is a little late is no reason; one that is left out is.
    let two_runs = trendyol.orders.interval * 2 + Duration::from_mins(1);

    Limits {
        warn_below: config.balance.warn_below,
        stale_after: trendyol.stock.max_order_age_for_push.max(two_runs),
        push_critical_after: trendyol.stock.interval * 3,
    }
}

/// What the settings mean to the doctor.
#[must_use]
pub(crate) fn means(config: &Config) -> Means {
    Means {
        calls: config.znet.timeouts(),
        buying: buying(config),
    }
}
