//! One request that sends stock: written down, sent, its answer written down.

use chrono::{DateTime, Utc};

use super::Seller;
use crate::{
    marketplace::{Barcode, PushNotSent, PushOutcome, StockItem, fingerprint},
    meter::label::Item,
    stock::patience::{next_look, quarantine},
    store::{Answered, Leader, PlannedPush, PushLog},
    worker::job::JobError,
};

/// What was sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    /// Requests that Trendyol took.
    pub(super) batches: usize,
    /// Their items.
    pub(super) items: usize,
    /// Their units.
    pub(super) units: i64,
    /// All requests that went out.
    pub(super) requests: usize,
    /// What went wrong.
    pub(super) troubles: Vec<String>,
    /// The row of `stock_push_log`,
    pub(super) row: Option<i32>,
    /// and what it says.
    pub(super) log: PushLog,
}

/// Whether more can be sent after an answer.
enum After {
    Go,
    /// The request as such is refused: which item is to blame shows when it is halved.
    Halve(String),
    Stop,
}

impl Seller {
    /// Sends what a plan decided, in requests of `size`. Ends early when the next request would fare no
    /// better.
    ///
    /// # Errors
    /// [`JobError::LostLead`] before the first request that somebody else may have overtaken.
    pub(super) async fn send(
        &self,
        items: &[PlannedPush],
        (plan, lead): (i64, &mut Leader),
        size: usize,
        sent: &mut Sent,
    ) -> Result<(), JobError> {
        let chunks = items.chunks(size.max(1)).rev();
        let mut waiting: Vec<Vec<PlannedPush>> = chunks.map(<[PlannedPush]>::to_vec).collect();
        while let Some(items) = waiting.pop() {
            if !lead.holds().await {
                return Err(JobError::LostLead);
            }
            match self.request(items.clone(), plan, sent).await? {
                After::Go => {}
                After::Stop => return Ok(()),
                After::Halve(words) if items.len() == 1 => {
                    for item in items {
                        self.blame(&item.barcode, &words, sent).await?;
                    }
                }
                After::Halve(_) => {
                    let (first, second) = items.split_at(items.len() / 2);
                    waiting.extend([second.to_vec(), first.to_vec()]);
                }
            }
        }
        Ok(())
    }

    async fn request(
        &self,
        items: Vec<PlannedPush>,
        plan: i64,
        sent: &mut Sent,
    ) -> Result<After, JobError> {
        let now = self.clock.now();
        let print = |items: &[PlannedPush]| fingerprint(&stock(items));
        let begun = self.store.begin_push(items, plan, print, now).await?;
        let Some(begun) = begun else {
            return Ok(After::Go);
        };

        let items = stock(&begun.items);
        let outcome = self.market.push(&items).await;
        sent.requests += usize::from(!matches!(outcome, PushOutcome::NotSent(_)));
        let (answer, after) = self.read(outcome, sent);
        if let Answered::Queued { .. } = answer {
            self.meter.items.add(Item::Pushed, items.len());
            sent.took(&items, now);
            let log = Some((sent.row, &sent.log));
            sent.row = self.store.push_answered(begun.id, &answer, log).await?;
        } else {
            self.store.push_answered(begun.id, &answer, None).await?;
        }
        Ok(after)
    }

    /// What an answer means: for the record, and for what follows.
    fn read(&self, outcome: PushOutcome, sent: &mut Sent) -> (Answered, After) {
        let mut trouble = |text: String| {
            sent.troubles.push(text.clone());
            text
        };
        match outcome {
            PushOutcome::Accepted { batch } => {
                let now = self.clock.now();
                let look_at = next_look(now, 0, now).unwrap_or(now);
                let name = batch.0;
                (Answered::Queued { name, look_at }, After::Go)
            }
            // No trouble: what was sent before is read back.
            PushOutcome::DuplicateWindow => (
                Answered::Unknown("the same was sent within 15 minutes".to_owned()),
                After::Go,
            ),
            PushOutcome::Unknown { why } => (
                Answered::Unknown(trouble(format!("a push may have been lost: {why}"))),
                After::Stop,
            ),
            PushOutcome::RateLimited { retry_after } => {
                let text = format!("Trendyol asks to slow down for {} s", retry_after.as_secs());
                (Answered::Refused(trouble(text)), After::Stop)
            }
            PushOutcome::Rejected { status, text, .. } => {
                let text = format!("Trendyol refuses a push (status {status}): {text}");
                (Answered::Refused(text.clone()), After::Halve(text))
            }
            PushOutcome::Auth { text } => {
                let text = format!("Trendyol does not accept the account: {text}");
                (Answered::Refused(trouble(text)), After::Stop)
            }
            PushOutcome::Forbidden { text } => {
                let text = format!("Trendyol does not let this caller in: {text}");
                (Answered::Refused(trouble(text)), After::Stop)
            }
            PushOutcome::Gone { status, text } => {
                let text = format!("Trendyol has closed this path (status {status}): {text}");
                (Answered::Refused(trouble(text)), After::Stop)
            }
            PushOutcome::NotSent(why) => {
                let stop = matches!(why, PushNotSent::Connection(_));
                let text = trouble(format!("nothing was sent: {why}"));
                let after = if stop { After::Stop } else { After::Go };
                (Answered::Refused(text), after)
            }
        }
    }

    /// A request of this bar code alone is refused: it rests.
    async fn blame(&self, barcode: &Barcode, words: &str, sent: &mut Sent) -> Result<(), JobError> {
        let name = barcode.as_str();
        let before = self.store.refusals(&[name]).await?;
        let failures = before
            .first()
            .map_or(0, |(_, n)| u32::try_from(*n).unwrap_or(0))
            + 1;
        let until = self.clock.now() + quarantine(failures);
        self.store.rest_item(name, until, words).await?;
        self.meter.items.inc(Item::Refused);
        sent.troubles.push(format!("{name}: {words}"));
        Ok(())
    }
}

impl Sent {
    fn took(&mut self, items: &[StockItem], now: DateTime<Utc>) {
        let units: i64 = items.iter().map(|item| i64::from(item.quantity)).sum();
        self.batches += 1;
        self.items += items.len();
        self.units += units;
        let log = &mut self.log;
        log.push_time = now;
        log.batch_count = log.batch_count.saturating_add(1);
        log.total_items = log
            .total_items
            .saturating_add(i32::try_from(items.len()).unwrap_or(i32::MAX));
        log.total_quantity = log
            .total_quantity
            .saturating_add(i32::try_from(units).unwrap_or(i32::MAX));
    }
}

fn stock(items: &[PlannedPush]) -> Vec<StockItem> {
    let items = items.iter().map(|item| StockItem {
        barcode: item.barcode.clone(),
        quantity: item.quantity,
    });
    items.collect()
}
