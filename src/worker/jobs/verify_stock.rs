//! Compares everything that is on sale with what should be, once a day.

use std::{sync::Arc, time::Duration};

use super::{JobSpec, Needs, push_stock::reconciler};
use crate::worker::{schedule::Schedule, trendyol::VerifyStock};

pub(crate) static JOB: JobSpec = JobSpec {
    name: "verify-stock",
    about: "Compare everything that is on sale with what should be, and put it right",
    progress: "comparing what is on sale with what should be",
    needs: Needs::Store,
    longest_run: Duration::from_mins(30),
    schedule: |config| {
        let trendyol = &config.trendyol;
        let schedule = Schedule::Daily {
            at: trendyol.stock.verify_at,
            zone: trendyol.returns.time_zone,
        };
        trendyol.stock.enabled.then_some(schedule)
    },
    build: |context, _| {
        let reconciler = reconciler(&context.shop.config, context.seller()?, false);
        Ok(Arc::new(VerifyStock(reconciler)))
    },
};
