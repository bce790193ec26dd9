//! The periodic jobs of a running daemon, and those that a person asks for.

use std::sync::Arc;

use super::Parts;
use crate::worker::{
    job::Periodic,
    jobs::{
        self, JobContext, NotAvailable,
        runner::{Runner, runner},
    },
};

/// Starts the jobs that are enabled, and whoever runs one on request.
pub(super) fn start(context: &JobContext, parts: &mut Parts) -> Result<Runner, NotAvailable> {
    let shop = &context.shop;
    for spec in jobs::ALL {
        let Some(schedule) = spec.schedule(&shop.config) else {
            continue;
        };
        let periodic = Periodic {
            // Unforced: only a person may set most of the stock to zero.
            job: spec.build(context, false)?,
            schedule,
            store: shop.store.clone(),
            clock: Arc::clone(&shop.clock),
            pulse: parts.pulses.add(spec.name, spec.longest_run),
        };
        parts.spawn(spec.name, periodic.run(parts.stop.clone()));
    }

    // Whatever is switched off above: a person may still ask for one run.
    let (runner, on_demand) = runner(context.clone());
    parts.spawn("the requested jobs", on_demand.serve(parts.stop.clone()));
    Ok(runner)
}
