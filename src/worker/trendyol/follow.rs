//! What became of each item of the requests that were taken.

use serde::Serialize;

use super::Seller;
use crate::{
    marketplace::{Barcode, BatchId, BatchItem, ItemStatus, MarketError},
    meter::label::Item,
    stock::patience::{READ_BACK_AFTER, next_look, quarantine},
    store::{Batch, ItemResult},
    worker::periodic::JobError,
};

/// Words of the marketplace that are kept of one refusal.
const WORDS: usize = 300;

/// What was learnt.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Followed {
    /// Requests whose results were asked for.
    pub asked: usize,
    /// Items that are on sale.
    pub confirmed: usize,
    /// Items that were refused, with the marketplace's words.
    pub refused: Vec<(String, String)>,
    /// Requests that left items without a result; they are read back.
    pub open: usize,
    /// Requests whose process died before their answer came.
    pub orphaned: u64,
    /// Questions that were not answered.
    pub troubles: Vec<String>,
}

impl Seller {
    /// Asks for the results that are due.
    pub(super) async fn follow(&self) -> Result<Followed, JobError> {
        let now = self.clock.now();
        let mut followed = Followed {
            orphaned: self.store.orphaned_pushes(now).await?,
            ..Followed::default()
        };
        if followed.orphaned > 0 {
            tracing::warn!(
                pushes = followed.orphaned,
                "a process ended before the answer to its push was written down; what is on sale is read back"
            );
        }
        for batch in self.store.batches_to_look_at(now).await? {
            self.look(&batch, &mut followed).await?;
        }
        Ok(followed)
    }

    async fn look(&self, batch: &Batch, followed: &mut Followed) -> Result<(), JobError> {
        let results = match self.market.batch_result(&BatchId(batch.name.clone())).await {
            Ok(answer) => {
                for item in &answer.unreadable {
                    tracing::warn!(%item, "a result cannot be read; its product is read back");
                }
                answer.items.iter().filter_map(result).collect()
            }
            Err(error) => {
                followed.troubles.push(error.to_string());
                // Asked too often is no look; anything else is, so that it comes to an end.
                if matches!(error, MarketError::RateLimited { .. }) {
                    return Ok(());
                }
                Vec::new()
            }
        };
        followed.asked += 1;
        self.settle(batch, results, followed).await
    }

    async fn settle(
        &self,
        batch: &Batch,
        mut results: Vec<ItemResult>,
        followed: &mut Followed,
    ) -> Result<(), JobError> {
        let now = self.clock.now();
        if batch.looks > 0 {
            // Each look shows all of them again.
            let before = self.store.results_before(batch.id).await?;
            results.retain(|item| !before.contains(&item.barcode));
        }
        let refused: Vec<String> = results
            .iter()
            .filter(|item| item.result.is_err())
            .map(|item| item.barcode.clone())
            .collect();
        let refusals = self.store.refusals(&refused).await?.into_iter();
        let rests: Vec<_> = refusals
            .map(|(barcode, before)| {
                let failures = u32::try_from(before).unwrap_or(0).saturating_add(1);
                (barcode, now + quarantine(failures))
            })
            .collect();
        let looks = u32::try_from(batch.looks).unwrap_or(0).saturating_add(1);
        let look_at = next_look(batch.sent_at, looks, now);
        let open = self
            .store
            .batch_results(batch, &results, &rests, look_at, now)
            .await?;
        if open > 0 && (look_at.is_none() || now - batch.sent_at >= READ_BACK_AFTER) {
            self.store.read_back_instead(batch.id).await?;
            followed.open += 1;
        }
        for item in results {
            match item.result {
                Ok(true) => {
                    self.meter.items.inc(Item::Confirmed);
                    followed.confirmed += 1;
                }
                Ok(false) => {}
                Err(words) => {
                    self.meter.items.inc(Item::Refused);
                    tracing::warn!(barcode = %item.barcode, %words, "Trendyol refuses a product");
                    followed.refused.push((item.barcode, words));
                }
            }
        }
        Ok(())
    }
}

/// `None` while there is no result.
fn result(item: &BatchItem) -> Option<ItemResult> {
    let result = match &item.status {
        ItemStatus::Success => Ok(true),
        ItemStatus::DuplicateWindow => Ok(false),
        ItemStatus::Failed { reasons } if reasons.is_empty() => Err("no reason given".to_owned()),
        ItemStatus::Failed { reasons } => Err(reasons.join("; ").chars().take(WORDS).collect()),
        ItemStatus::Pending(_) => return None,
    };
    Some(ItemResult {
        barcode: Barcode::parse(&item.barcode).ok()?.as_str().to_owned(),
        result,
    })
}
