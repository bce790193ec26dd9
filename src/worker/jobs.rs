//! The periodic jobs: one list, and one file for each job, which says all there is to know of it.
//!
//! The daemon starts what is in the list; `orderwatch once`, the API, the pages and the metrics offer it.
//! A new job is a file here, a line in [`ALL`], and its sentences in the texts.

pub mod balance;
pub(crate) mod overdue;
pub(crate) mod pull_orders;
pub(crate) mod pull_returns;
pub(crate) mod push_stock;
pub mod retention;
pub(crate) mod runner;
pub mod sweep;
pub(crate) mod verify_stock;

use std::{fmt, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

pub(crate) use push_stock::{PUSH_STOCK, reconciler};

use super::{
    job::Job,
    schedule::Schedule,
    shop::Shop,
    trendyol::{Pull, Seller},
};
use crate::config::Config;

/// Every job, in the order in which people see them.
pub(crate) static ALL: [&JobSpec; 7] = [
    &sweep::JOB,
    &balance::JOB,
    &retention::JOB,
    &pull_orders::JOB,
    &push_stock::JOB,
    &verify_stock::JOB,
    &pull_returns::JOB,
];

/// One periodic job, as its file describes it.
pub(crate) struct JobSpec {
    /// As in `orderwatch once NAME` and in `job_runs.job`.
    pub(crate) name: &'static str,
    /// One sentence for `orderwatch once --help`.
    pub(crate) about: &'static str,
    /// What a terminal shows while it runs.
    pub(crate) progress: &'static str,
    pub(crate) needs: Needs,
    /// The longest that a run may take before its loop counts as stalled.
    pub(crate) longest_run: Duration,
    /// When it runs; `None` when it is switched off. Asked only of a configuration that has what it needs.
    schedule: fn(&Config) -> Option<Schedule>,
    build: Build,
}

type Build = fn(&JobContext, Force) -> Result<Arc<dyn Job>, NotAvailable>;

/// What a job cannot run without, beside the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    Shop,
    /// The Trendyol store.
    Store,
    /// The Trendyol store, and a warehouse whose rows are written here.
    Mirror,
}

/// Whether a push goes ahead also when most of what is on sale would be set to zero.
pub(crate) type Force = bool;

/// The configuration has no such job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAvailable {
    #[error("the shop is switched off (shop.enabled = false)")]
    NoShop,
    #[error("no Trendyol store is configured; set trendyol.enabled and its account")]
    NoStore,
    #[error("the warehouse's application reads its returns itself (trendyol.mirror = false)")]
    KeptElsewhere,
}

/// What the jobs of one process are built from.
#[derive(Clone)]
pub(crate) struct JobContext {
    pub(crate) shop: Shop,
    /// The Trendyol store, if one is configured.
    pub(crate) seller: Option<Seller>,
    /// Since when this process sends orders, if it does.
    pub(crate) started_at: DateTime<Utc>,
}

#[must_use]
pub(crate) fn named(name: &str) -> Option<&'static JobSpec> {
    ALL.into_iter().find(|job| job.name == name)
}

/// The jobs that people see under this configuration, also those that are switched off.
pub(crate) fn listed(config: &Config) -> impl Iterator<Item = &'static JobSpec> {
    let listed = |job: &&JobSpec| match job.available(config) {
        // The warehouse's own application does this one: shown as switched off, not hidden.
        Ok(()) | Err(NotAvailable::KeptElsewhere) => true,
        Err(NotAvailable::NoShop | NotAvailable::NoStore) => false,
    };
    ALL.into_iter().filter(listed)
}

impl JobSpec {
    /// Whether it can run, scheduled or not.
    pub(crate) fn available(&self, config: &Config) -> Result<(), NotAvailable> {
        let trendyol = &config.trendyol;
        match self.needs {
            Needs::Shop if !config.shop.enabled => Err(NotAvailable::NoShop),
            Needs::Store | Needs::Mirror if !trendyol.enabled => Err(NotAvailable::NoStore),
            Needs::Mirror if !trendyol.mirrors() => Err(NotAvailable::KeptElsewhere),
            _ => Ok(()),
        }
    }

    /// When it runs; `None` when it is switched off.
    #[must_use]
    pub(crate) fn schedule(&self, config: &Config) -> Option<Schedule> {
        // What cannot run is never due, so it is never overdue either.
        self.available(config).ok()?;
        (self.schedule)(config)
    }

    pub(crate) fn build(
        &self,
        context: &JobContext,
        force: Force,
    ) -> Result<Arc<dyn Job>, NotAvailable> {
        self.available(&context.shop.config)?;
        (self.build)(context, force)
    }
}

impl fmt::Debug for JobSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl JobContext {
    fn seller(&self) -> Result<&Seller, NotAvailable> {
        self.seller.as_ref().ok_or(NotAvailable::NoStore)
    }

    fn pull(&self) -> Result<Arc<Pull>, NotAvailable> {
        let overlap = self.shop.config.trendyol.orders.overlap;
        Ok(Arc::new(Pull::new(self.seller()?.clone(), overlap)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics;

    #[test]
    fn every_job_is_counted_under_its_own_name() {
        assert_eq!(ALL.map(|job| job.name), metrics::JOBS);
    }
}
