//! Reads the orders of the Trendyol store.

use std::{sync::Arc, time::Duration};

use super::{JobSpec, Needs};
use crate::worker::{schedule::Schedule, trendyol::PullOrders};

pub(crate) static JOB: JobSpec = JobSpec {
    name: "pull-orders",
    about: "Read the orders of the Trendyol store",
    progress: "reading Trendyol's orders",
    needs: Needs::Store,
    longest_run: Duration::from_mins(30),
    schedule: |config| {
        let orders = &config.trendyol.orders;
        let schedule = Schedule::Every {
            interval: orders.interval,
            // At once: as long as the orders are not read, stock is only lowered.
            first_after: Duration::ZERO,
        };
        orders.enabled.then_some(schedule)
    },
    build: |context, _| Ok(Arc::new(PullOrders(context.pull()?))),
};
