//! Once a day: everything that is on sale is read back, and what has drifted is put right.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{ORDERS, PushStock, Seller};
use crate::{
    marketplace::Barcode,
    worker::periodic::{JobError, Pass},
};

/// Bar codes that are compared between two readings of the database.
const PAGE: usize = 1000;
/// Requests that are settled are kept for so long.
const KEEP: TimeDelta = TimeDelta::days(7);
/// Packages that have ended are kept for so long: longer than Trendyol tells of them, so that none comes
/// back as a new one.
const KEEP_PACKAGES: TimeDelta = TimeDelta::days(100);

/// The job `verify-stock`.
pub struct VerifyStock {
    seller: Seller,
    push: PushStock,
}

impl VerifyStock {
    /// `push` puts right what has drifted.
    #[must_use]
    pub fn new(seller: Seller, push: PushStock) -> Self {
        Self { seller, push }
    }
}

#[async_trait]
impl Pass for VerifyStock {
    fn name(&self) -> &'static str {
        "verify-stock"
    }

    async fn pass(&self) -> Result<Value, JobError> {
        let (mut compared, mut differ, mut unlisted, mut requests) = (0, 0, 0, 0);
        let now = self.seller.clock.now();
        let known = self.seller.store.stock_view(ORDERS, now).await?.known;
        let mut names: Vec<Barcode> = known.keys().cloned().collect();
        names.sort();
        for page in names.chunks(PAGE) {
            let mut known: HashMap<_, _> = page
                .iter()
                .filter_map(|name| Some((name.clone(), known.get(name)?.clone())))
                .collect();
            let found = self.seller.read_back(page, &mut known, now).await?;
            compared += found.asked;
            differ += found.differ;
            unlisted += found.unlisted;
            requests += found.requests;
        }
        if differ > 0 {
            tracing::warn!(
                differ,
                compared,
                "stock on sale is not what it should be; putting it right"
            );
        }
        self.seller.store.forget_pushes(now - KEEP).await?;
        self.seller
            .store
            .forget_packages(now - KEEP_PACKAGES)
            .await?;
        let repair = self.push.run().await?;
        Ok(json!({
            "compared": compared, "differ": differ, "unlisted": unlisted, "requests": requests,
            "repair": serde_json::to_value(repair)?,
        }))
    }
}
