//! The retention job: takes away what is old and done, page by page.
//!
//! It never touches an order that is open or held, nor purchases, nor what people did.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    before,
    job::{Job, JobError},
};
use crate::{
    clock::Clock,
    order::OrderId,
    store::{FinishedOrder, Store, StoreError},
};

/// Rows, or orders whose events go, in one statement.
const PAGE: u64 = 500;

/// How long things are kept.
#[derive(Clone, Copy, Debug)]
pub struct RetentionLimits {
    /// Events of finished orders, notices that are done, and what shadow mode wrote down.
    pub events: Duration,
    /// Passes of periodic jobs.
    pub job_runs: Duration,
    /// Statistics over time.
    pub stats: Duration,
}

/// What a pass took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RetentionReport {
    /// Events of finished orders.
    pub events: u64,
    /// Passes of periodic jobs.
    pub job_runs: u64,
    /// Rows of the statistics over time.
    pub stats: u64,
    /// Notices.
    pub notices: u64,
    /// Rows of shadow mode.
    pub shadow: u64,
    /// Notices that wait for an endpoint which is no longer configured; they were left.
    pub stranded: i64,
}

/// The retention job.
#[derive(Debug)]
pub struct Retention {
    store: Store,
    clock: Arc<dyn Clock>,
    limits: RetentionLimits,
}

impl Retention {
    /// A job with these limits.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>, limits: RetentionLimits) -> Self {
        Self {
            store,
            clock,
            limits,
        }
    }

    /// One pass.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; what was deleted is gone.
    pub async fn prune(&self) -> Result<RetentionReport, StoreError> {
        let now = self.clock.now();
        let (old, old_runs, old_stats) = (
            before(now, self.limits.events),
            before(now, self.limits.job_runs),
            before(now, self.limits.stats),
        );
        let (store, page) = (&self.store, i64::try_from(PAGE).unwrap_or(i64::MAX));
        Ok(RetentionReport {
            events: self.events(old, page).await?,
            job_runs: pages(|| store.prune_job_runs(old_runs, page)).await?,
            stats: pages(|| store.prune_stats(old_stats, page)).await?,
            notices: pages(|| store.prune_notices(old, page)).await?,
            shadow: pages(|| store.prune_shadow(old, page)).await?,
            stranded: self.stranded().await?,
        })
    }

    /// Walks over the orders that have grown old since the last pass.
    async fn events(&self, old: DateTime<Utc>, page: i64) -> Result<u64, StoreError> {
        let done = self.store.events_pruned_until().await?;
        let mut last = FinishedOrder {
            at: done.unwrap_or(DateTime::UNIX_EPOCH),
            order: OrderId(Uuid::nil()),
        };
        let mut events = 0;
        while let Some(page) = self.store.prune_events(last, old, page).await? {
            events += page.events;
            last = page.last;
            self.store.set_events_pruned_until(page.last.at).await?;
        }
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
        "retention"
    }

    async fn run(&self) -> Result<Value, JobError> {
        Ok(serde_json::to_value(self.prune().await?)?)
    }
}
