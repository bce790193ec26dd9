//! The periodic jobs, in a running daemon and by hand.

use std::{sync::Arc, time::Duration};

use super::{Job, Parts, build::Shared, limits, planned};
use crate::{
    config::Config,
    order::explain::Buying,
    worker::{
        balance::BalanceJob,
        job::{Job as PeriodicJob, Periodic},
        retention::{Retention, RetentionLimits},
        sweep::Sweep,
    },
};

/// The periodic jobs that are enabled.
pub(super) fn all(config: &Config, shared: &Shared, parts: &mut Parts) {
    for job in [Job::Sweep, Job::Balance, Job::Retention] {
        let Some(schedule) = planned::of_orders(config, job) else {
            continue;
        };
        let pass = pass(config, shared, job);
        let name = pass.name();
        let periodic = Periodic {
            pass,
            schedule,
            store: shared.store.clone(),
            clock: Arc::clone(&shared.clock),
            pulse: parts.pulses.add(name, LONGEST_PASS),
            meter: Arc::clone(&shared.meter),
        };
        parts.spawn(name, periodic.run(parts.stop.clone()));
    }
}

/// What a job does.
pub(super) fn pass(config: &Config, shared: &Shared, job: Job) -> Arc<dyn PeriodicJob> {
    match job {
        Job::Sweep => Arc::new(sweep(config, shared)),
        Job::Balance => {
            let (panels, clock) = (Arc::clone(&shared.panels), Arc::clone(&shared.clock));
            let job = BalanceJob::new(panels, clock, shared.balances.clone());
            // While another system buys, what leaves the accounts is its money.
            Arc::new(job.accounting(planned::buying(config) == Buying::On))
        }
        Job::Retention => Arc::new(Retention::new(
            shared.store.clone(),
            Arc::clone(&shared.clock),
            RetentionLimits {
                events: config.retention.events,
                job_runs: config.retention.job_runs,
                stats: config.retention.stats,
            },
        )),
    }
}

/// The longest that a pass may take before its loop counts as stuck.
const LONGEST_PASS: Duration = Duration::from_mins(15);

/// The sweeper.
fn sweep(config: &Config, shared: &Shared) -> Sweep {
    Sweep::new(
        shared.sources(),
        Arc::clone(&shared.rules),
        limits::sweep(config, shared.clock.now()),
        shared.results.clone(),
        Arc::clone(&shared.checks),
    )
}
