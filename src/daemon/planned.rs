//! Which periodic jobs the configuration asks for, and when: the one list for those who run them
//! and for those who look whether they come.

use std::time::Duration;

use super::{Job, trendyol::StoreJob};
use crate::{
    attention::Limits,
    config::{Config, DispatchMode},
    doctor::Means,
    order::explain::Buying,
    worker::{planned::PlannedJob, schedule::Schedule, situation::Asking},
};

/// From the start to the first look at the balances.
const BALANCE_AFTER: Duration = Duration::from_secs(10);
/// Between two passes of the retention, and from the start to the first.
const RETENTION_INTERVAL: Duration = Duration::from_hours(24);
const RETENTION_AFTER: Duration = Duration::from_mins(10);
/// Passes of each job that are shown.
const RUNS: i64 = 5;

/// When a job passes; `None` when it is switched off.
pub(super) fn of_orders(config: &Config, job: Job) -> Option<Schedule> {
    let every = |interval, first_after| Schedule::Every {
        interval,
        first_after,
    };
    match job {
        Job::Sweep => {
            let interval = config.sweep.interval;
            config.sweep.enabled.then(|| every(interval, interval))
        }
        Job::Balance => {
            let interval = config.balance.interval;
            let first = BALANCE_AFTER.min(interval);
            config.balance.enabled.then(|| every(interval, first))
        }
        Job::Retention => Some(every(RETENTION_INTERVAL, RETENTION_AFTER)),
    }
}

/// The same for a job of the store.
pub(super) fn of_store(config: &Config, job: StoreJob) -> Option<Schedule> {
    let trendyol = &config.trendyol;
    let daily = |at| Schedule::Daily {
        at,
        zone: trendyol.returns.time_zone,
    };
    let (enabled, schedule) = match job {
        StoreJob::PullOrders => (
            trendyol.orders.enabled,
            Schedule::Every {
                interval: trendyol.orders.interval,
                first_after: Duration::ZERO,
            },
        ),
        StoreJob::PushStock { .. } => (
            trendyol.stock.enabled,
            Schedule::Every {
                interval: trendyol.stock.interval,
                first_after: trendyol.stock.first_run_after,
            },
        ),
        StoreJob::VerifyStock => (trendyol.stock.enabled, daily(trendyol.stock.verify_at)),
        // Returns are read for the warehouse's rows alone.
        StoreJob::PullReturns => (
            trendyol.returns.enabled && trendyol.mirrors(),
            daily(trendyol.returns.at),
        ),
    };
    (trendyol.enabled && enabled).then_some(schedule)
}

/// Every job, in the order in which people see them; those of a store that is not configured are
/// left out.
#[must_use]
pub fn jobs(config: &Config) -> Vec<PlannedJob> {
    let orders = [Job::Sweep, Job::Balance, Job::Retention]
        .into_iter()
        .filter(|job| config.shop.enabled || *job == Job::Retention)
        .map(|job| PlannedJob {
            name: job.name(),
            schedule: of_orders(config, job),
        });
    let store = StoreJob::ALL.map(|job| PlannedJob {
        name: job.name(),
        schedule: of_store(config, job),
    });
    let store = store.into_iter().filter(|_| config.trendyol.enabled);
    orders.chain(store).collect()
}

/// What is asked of the database to see the whole.
#[must_use]
pub fn asking(config: &Config) -> Asking {
    Asking {
        jobs: jobs(config),
        runs: RUNS,
        max_order_age: config.dispatch.max_order_age,
        daily_limit: config.dispatch.daily_limit,
        zone: config.http.time_zone,
        market: config.trendyol.enabled,
        shop: config.shop.enabled,
        player: config.znet.player.clone(),
    }
}

/// From when on something is worth a warning.
#[must_use]
pub fn limits(config: &Config) -> Limits {
    let trendyol = &config.trendyol;
    // A pass that is a little late is none; one that is left out is.
    let two_passes = trendyol.orders.interval * 2 + Duration::from_mins(1);
    Limits {
        warn_below: config.balance.warn_below,
        stale_after: trendyol.stock.max_order_age_for_push.max(two_passes),
        push_critical_after: trendyol.stock.interval * 3,
    }
}

/// Whether a daemon with this configuration buys.
#[must_use]
pub fn buying(config: &Config) -> Buying {
    match (config.dispatch.enabled, config.dispatch.mode) {
        (false, _) => Buying::Off,
        (true, DispatchMode::Shadow) => Buying::Shadow,
        (true, DispatchMode::Live) => Buying::On,
    }
}

/// What the settings mean to who looks for what is wrong.
#[must_use]
pub fn means(config: &Config) -> Means {
    Means {
        calls: config.znet.timeouts(),
        buying: buying(config),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::label;

    #[test]
    fn every_job_is_counted_under_its_own_name() {
        let orders = [Job::Sweep, Job::Balance, Job::Retention].map(Job::name);
        let store = StoreJob::ALL.map(StoreJob::name);
        let all: Vec<_> = orders.into_iter().chain(store).collect();
        let counted: Vec<_> = label::Job::ALL.iter().map(|job| job.as_str()).collect();
        assert_eq!(all, counted);
    }
}
