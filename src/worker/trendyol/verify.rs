//! Once a day: the whole catalogue is compared, however long that takes, and old records are deleted.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::Value;

use super::Reconciler;
use crate::worker::job::{Job, JobError};

/// Requests that are settled are kept for this long: the history of a barcode.
const KEEP: TimeDelta = TimeDelta::days(7);
/// Packages that have ended are kept for this long: longer than Trendyol shows them, so that none comes back as a
/// new one.
const KEEP_PACKAGES: TimeDelta = TimeDelta::days(100);

/// The job `verify-stock`.
pub struct VerifyStock(pub Arc<Reconciler>);

#[async_trait]
impl Job for VerifyStock {
    fn name(&self) -> &'static str {
        "verify-stock"
    }

    async fn run(&self) -> Result<Value, JobError> {
        let seller = self.0.seller();
        let now = seller.clock.now();
        seller.store.forget_pushes(now - KEEP).await?;
        seller.store.forget_packages(now - KEEP_PACKAGES).await?;
        Ok(serde_json::to_value(self.0.pass(true).await?)?)
    }
}
