//! Reads the returns of the Trendyol store, for the warehouse's rows alone.

use std::{sync::Arc, time::Duration};

use super::{JobSpec, Needs};
use crate::worker::{schedule::Schedule, trendyol::PullReturns};

pub(crate) static JOB: JobSpec = JobSpec {
    name: "pull-returns",
    about: "Read the returns of the Trendyol store",
    progress: "reading Trendyol's returns",
    needs: Needs::Mirror,
    longest_run: Duration::from_mins(30),
    schedule: |config| {
        let returns = &config.trendyol.returns;
        let schedule = Schedule::Daily {
            at: returns.at,
            zone: returns.time_zone,
        };
        returns.enabled.then_some(schedule)
    },
    build: |context, _| {
        let window = context.shop.config.trendyol.returns.window;
        Ok(Arc::new(PullReturns::new(
            context.seller()?.clone(),
            window,
        )))
    },
};
