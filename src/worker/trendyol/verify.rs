//! Once a day: everything that is on sale is read back, and what has drifted is put right.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{PushStock, Pushed, Seller, push::PUSH_STOCK};
use crate::{
    marketplace::Barcode,
    store::Leader,
    worker::periodic::{JobError, Pass},
};

/// Bar codes that are compared between two readings of the database.
const PAGE: usize = 1000;
/// How many seconds the repair waits for a pass that sends stock.
const PATIENCE: usize = 600;
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

    /// Waits until nobody sends stock: two at once would send by views that the other makes old.
    async fn lead_of_pushing(&self) -> Result<Leader, JobError> {
        for _ in 0..PATIENCE {
            if let Some(leader) = self.seller.store.lead(PUSH_STOCK).await? {
                return Ok(leader);
            }
            self.seller.rest.rest(Duration::from_secs(1)).await;
        }
        let why = "what differs was not put right: stock is being sent all the time";
        Err(JobError::Partly(why.to_owned()))
    }
}

#[async_trait]
impl Pass for VerifyStock {
    fn name(&self) -> &'static str {
        "verify-stock"
    }

    async fn pass(&self) -> Result<Value, JobError> {
        let (mut compared, mut differ, mut unlisted, mut requests) = (0, 0, 0, 0);
        // Sales that are not known yet would look like drift. The repair says if this fails.
        self.push.read_orders(&mut Pushed::default()).await?;
        let now = self.seller.clock.now();
        let forecast = self.push.forecast(now).await?;
        let known = &forecast.view.known;
        let mut looks = Vec::new();
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
            looks.extend(found.looks);
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
        let mut judged = Pushed::default();
        self.push.judge(looks, true, &forecast, &mut judged).await?;
        let leader = self.lead_of_pushing().await?;
        let repair = self.push.run().await;
        leader.resign().await;
        let repair = repair?;
        Ok(json!({
            "compared": compared, "differ": differ, "unlisted": unlisted, "requests": requests,
            "repair": serde_json::to_value(repair)?, "second_pusher": judged.troubles,
        }))
    }
}
