//! Deletes what is old and done, page by page.
//!
//! It never touches an order that is open or held, nor purchases, nor what people did.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{JobSpec, Needs};
use crate::{
    clock::Clock,
    config,
    order::OrderId,
    store::{FinishedOrder, Store, StoreError},
    worker::{
        before,
        job::{Job, JobError},
        schedule::Schedule,
    },
};

/// Rows, or orders whose events go, in one statement.
const PAGE: u64 = 500;

pub(crate) static JOB: JobSpec = JobSpec {
    name: "retention",
    about: "Delete what is older than `[retention]` says: events of finished orders, runs of jobs",
    progress: "deleting what is old",
    needs: Needs::Nothing,
    longest_run: Duration::from_mins(15),
    schedule: |_| {
        Some(Schedule::Every {
            interval: Duration::from_hours(24),
            first_after: Duration::from_mins(10),
        })
    },
    build: |context, _| {
        Ok(Arc::new(Retention {
            store: context.shop.store.clone(),
            clock: Arc::clone(&context.shop.clock),
            keep: context.shop.config.retention,
        }))
    },
};

/// What a run deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RetentionReport {
    /// Events of finished orders.
    pub events: u64,
    /// Runs of periodic jobs.
    pub job_runs: u64,
    /// Rows of the statistics over time.
    pub stats: u64,
    /// Notices.
    pub notices: u64,
    /// Rows of shadow mode.
    pub shadow: u64,
    /// Balances that were asked for.
    pub readings: u64,
    /// Notices that wait for an endpoint which is no longer configured; they were left.
    pub stranded: i64,
}

#[derive(Debug)]
pub struct Retention {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub keep: config::Retention,
}

impl Retention {
    pub async fn prune(&self) -> Result<RetentionReport, StoreError> {
        let now = self.clock.now();
        let (old, old_runs, old_stats) = (
            before(now, self.keep.events),
            before(now, self.keep.job_runs),
            before(now, self.keep.stats),
        );

        let (store, page) = (&self.store, i64::try_from(PAGE).unwrap_or(i64::MAX));
        Ok(RetentionReport {
            events: self.events(old, page).await?,
            job_runs: pages(|| store.prune_job_runs(old_runs, page)).await?,
            stats: pages(|| store.prune_stats(old_stats, page)).await?,
            notices: pages(|| store.prune_notices(old, page)).await?,
            shadow: pages(|| store.prune_shadow(old, page)).await?,
            readings: pages(|| store.prune_readings(old, page)).await?,
            stranded: self.stranded().await?,
        })
    }

    /// Deletes the events of the orders that have grown old since the last run.
    async fn events(&self, old: DateTime<Utc>, page: i64) -> Result<u64, StoreError> {
        // From there on, so that no event is read in two runs.
        let done = self.store.events_pruned_until().await?;
        let mut last = FinishedOrder {
            at: done.unwrap_or(DateTime::UNIX_EPOCH),
            order: OrderId(Uuid::nil()),
        };

        let mut events = 0;
        while let Some(page) = self.store.prune_events(last, old, page).await? {
            events += page.events;
            last = page.last;
            // After each page: a run that is stopped half-way is continued, not repeated.
            self.store.set_events_pruned_until(page.last.at).await?;
        }

        // No order is left up to here, also where none was found.
        self.store.set_events_pruned_until(old).await?;
        Ok(events)
    }

    async fn stranded(&self) -> Result<i64, StoreError> {
        let stranded = self.store.stranded_notices().await?;
        for lost in &stranded {
            tracing::warn!(
                endpoint = %lost.endpoint,
                notices = lost.notices,
                "notices wait for an address that is not in the configuration"
            );
        }

        Ok(stranded.iter().map(|lost| lost.notices).sum())
    }
}

/// Takes pages until one is not full.
async fn pages<F, P>(take: F) -> Result<u64, StoreError>
where
    F: Fn() -> P + Send,
    P: Future<Output = Result<u64, StoreError>> + Send,
{
    let mut all = 0;
    loop {
        let gone = take().await?;
        all += gone;
        if gone < PAGE {
            return Ok(all);
        }
    }
}

#[async_trait]
impl Job for Retention {
    fn name(&self) -> &'static str {
        JOB.name
    }

    async fn run(&self) -> Result<Value, JobError> {
        Ok(serde_json::to_value(self.prune().await?)?)
    }
}
