//! What became of each item of the requests that were taken.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::Seller;
use crate::{
    marketplace::{Barcode, BatchId, BatchItem, ItemStatus, MarketError},
    meter::label::Item,
    stock::patience::{next_look, quarantine},
    store::{Batch, ItemOutcome, ItemResult},
    worker::job::JobError,
};

/// Words of the marketplace that are kept of one refusal.
const WORDS: usize = 300;

/// What was learnt.
#[derive(Debug, Default)]
pub(super) struct Followed {
    /// Requests whose results were asked for.
    pub(super) asked: usize,
    /// Items that were refused, with the marketplace's words.
    pub(super) refused: Vec<(String, String)>,
    /// Questions that were not answered.
    pub(super) troubles: Vec<String>,
}

impl Seller {
    /// Asks for the results that are due.
    pub(super) async fn follow(&self) -> Result<Followed, JobError> {
        let now = self.clock.now();
        let mut followed = Followed::default();
        let pushes = self.store.orphaned_pushes(now).await?;
        if pushes > 0 {
            tracing::warn!(
                pushes,
                "a process ended before the answer to its push was written down; what is on sale is looked at"
            );
        }
        for batch in self.store.batches_to_look_at(now).await? {
            self.ask(&batch, &mut followed).await?;
        }
        Ok(followed)
    }

    async fn ask(&self, batch: &Batch, followed: &mut Followed) -> Result<(), JobError> {
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
        results: Vec<(String, Outcome)>,
        followed: &mut Followed,
    ) -> Result<(), JobError> {
        let now = self.clock.now();
        let results = self.with_quarantine(results, now).await?;
        let looks = u32::try_from(batch.looks).unwrap_or(0).saturating_add(1);
        let look_at = next_look(batch.sent_at, looks, now);
        let learnt = self
            .store
            .batch_results(batch, results, look_at, now)
            .await?;
        for item in learnt {
            match item.result {
                ItemOutcome::Applied => {
                    self.meter.items.inc(Item::Confirmed);
                }
                ItemOutcome::Repeated => {}
                ItemOutcome::Refused(words, _) => {
                    self.meter.items.inc(Item::Refused);
                    tracing::warn!(barcode = %item.barcode, %words, "Trendyol refuses a product");
                    followed.refused.push((item.barcode, words));
                }
            }
        }
        Ok(())
    }

    /// Until when what was refused is not sent again: longer after each refusal in a row.
    async fn with_quarantine(
        &self,
        results: Vec<(String, Outcome)>,
        now: DateTime<Utc>,
    ) -> Result<Vec<ItemResult>, JobError> {
        let refused = results
            .iter()
            .filter(|(_, outcome)| matches!(outcome, Outcome::Refused(_)));
        let refused: Vec<&str> = refused.map(|(barcode, _)| barcode.as_str()).collect();
        let before = self.store.refusals(&refused).await?;
        let before: HashMap<String, i32> = before.into_iter().collect();
        let results = results.into_iter().map(|(barcode, outcome)| ItemResult {
            result: match outcome {
                Outcome::Applied => ItemOutcome::Applied,
                Outcome::Repeated => ItemOutcome::Repeated,
                Outcome::Refused(words) => {
                    let failures = before.get(&barcode).copied().unwrap_or(0);
                    let failures = u32::try_from(failures).unwrap_or(0).saturating_add(1);
                    ItemOutcome::Refused(words, now + quarantine(failures))
                }
            },
            barcode,
        });
        Ok(results.collect())
    }
}

/// What became of an item, in the marketplace's words.
enum Outcome {
    Applied,
    Repeated,
    Refused(String),
}

/// `None` while there is no result.
fn result(item: &BatchItem) -> Option<(String, Outcome)> {
    let outcome = match &item.status {
        ItemStatus::Success => Outcome::Applied,
        ItemStatus::DuplicateWindow => Outcome::Repeated,
        ItemStatus::Failed { reasons } if reasons.is_empty() => {
            Outcome::Refused("no reason given".to_owned())
        }
        ItemStatus::Failed { reasons } => {
            Outcome::Refused(reasons.join("; ").chars().take(WORDS).collect())
        }
        ItemStatus::Pending(_) => return None,
    };
    Some((
        Barcode::parse(&item.barcode).ok()?.as_str().to_owned(),
        outcome,
    ))
}
