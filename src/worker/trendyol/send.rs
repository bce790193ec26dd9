//! Requests that send stock, and the results of their items.
//!
//! What must stay true: a request is written down before it is sent, and its answer after it; so a process that
//! is killed in between leaves a row that says what may have happened.

use chrono::{DateTime, TimeDelta, Utc};

use super::{PushReport, Seller};
use crate::{
    marketplace::{
        BatchId, MarketError, PushNotSent, PushOutcome, PushPermit, StockItem, fingerprint,
    },
    metrics::{METRICS, label::Item},
    stock::{Barcode, deadlines::next_check, push_result::ItemStatus},
    store::{Batch, Leader, PlannedPush, PushAnswer},
    worker::job::JobError,
};

/// What `stock_push_log` says until a pass or a turn has ended: were the process killed, it would stay so.
const UNENDED: &str = "it has not ended; unless it is under way, its process was killed";

/// A plan that is older is made anew instead of sent: what was sold since is not in its figures.
const PLAN_LASTS: TimeDelta = TimeDelta::minutes(1);

/// After so many refusals without a request that was taken, a pass or a turn ends: it is not the products that are
/// refused.
const REFUSED_MOST: usize = 40;

/// What is sent, and by which plan.
pub(super) struct Plan {
    pub(super) items: Vec<PlannedPush>,
    pub(super) number: i64,
    /// When its facts were read.
    pub(super) made_at: DateTime<Utc>,
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
    /// better, and with [`JobError::LostLead`] before the first one that somebody else may have overtaken.
    pub(super) async fn send(
        &self,
        plan: &Plan,
        lead: &mut Leader,
        size: usize,
        report: &mut PushReport,
    ) -> Result<(), JobError> {
        // The last request goes to the bottom, because the next one is taken from the top.
        let chunks = plan.items.chunks(size.max(1)).rev();
        let mut waiting: Vec<Vec<PlannedPush>> = chunks.map(<[PlannedPush]>::to_vec).collect();

        let mut refused = Vec::new();
        let mut end = None;

        while let Some(items) = waiting.pop() {
            let permit = match self.market.push_permit().await {
                Ok(permit) => permit,
                Err(why) => {
                    report.trouble(format!("nothing was sent: {why}"));
                    waiting.push(items);
                    break;
                }
            };
            // After the wait, in which the plan grew older and somebody else may have taken the lead and sent newer
            // figures.
            if self.clock.now() - plan.made_at > PLAN_LASTS {
                report.trouble("a plan grew old before all of it was sent".to_owned());
                waiting.push(items);
                break;
            }
            if !lead.holds().await {
                return Err(JobError::LostLead);
            }
            let request = (permit, items.clone());
            match self.request(request, plan.number, report).await? {
                After::Go => {}
                After::Stop => break,

                After::Halve(words) => {
                    report.refusals += 1;
                    if report.batches == 0 && report.refusals >= REFUSED_MOST {
                        waiting.push(items);
                        end = Some(words);
                        break;
                    }

                    if let [item] = &items[..] {
                        refused.push((item.barcode.clone(), words));
                    } else {
                        let (first, second) = items.split_at(items.len() / 2);
                        waiting.extend([second.to_vec(), first.to_vec()]);
                    }
                }
            }
        }

        for (barcode, words) in refused {
            // Only where others are taken is the product to blame.
            if report.batches > 0 {
                self.quarantine(&barcode, &words, report).await?;
            } else {
                report.trouble(format!("{barcode}: {words}"));
            }
        }

        // What is left is planned again by the next turn.
        let left: Vec<&str> = waiting
            .iter()
            .flatten()
            .map(|item| item.barcode.as_str())
            .collect();
        self.store.touch_items(&left, self.clock.now()).await?;
        end.map_or(Ok(()), |words| Err(JobError::Partly(words)))
    }

    async fn request(
        &self,
        (permit, items): (PushPermit, Vec<PlannedPush>),
        plan: i64,
        report: &mut PushReport,
    ) -> Result<After, JobError> {
        let now = self.clock.now();
        let print = |items: &[PlannedPush]| fingerprint(&stock(items));
        let Some((batch, items)) = self.store.begin_push(items, plan, print, now).await? else {
            return Ok(After::Go);
        };

        let items = stock(&items);
        let outcome = self.market.push(permit, &items).await;
        report.requests += usize::from(!matches!(outcome, PushOutcome::NotSent(_)));
        let (answer, after) = self.read(outcome, report);

        // With the answer in one transaction: the log row of what was sent survives the death of the process.
        if let PushAnswer::Queued { .. } = answer {
            METRICS.items(Item::Pushed, items.len());
            report.took(&items);
            let log = report.logged(now, Some(UNENDED.to_owned()));
            let row = (report.row, &log);
            report.row = self.store.push_answered(batch, &answer, Some(row)).await?;
        } else {
            self.store.push_answered(batch, &answer, None).await?;
        }

        Ok(after)
    }

    /// What an answer means: for the record, and for what follows.
    fn read(&self, outcome: PushOutcome, report: &mut PushReport) -> (PushAnswer, After) {
        let (text, after) = match outcome {
            PushOutcome::Accepted { batch } => {
                let now = self.clock.now();
                let check_at = next_check(now, 0, now).unwrap_or(now);
                let name = batch.0;
                return (PushAnswer::Queued { name, check_at }, After::Go);
            }
            // No trouble: what was sent before is read back.
            PushOutcome::DuplicateWindow => {
                let text = "the same was sent within 15 minutes".to_owned();
                return (PushAnswer::Unknown(text), After::Go);
            }
            PushOutcome::Unknown { why } => {
                let text = format!("a push may have been lost: {why}");
                report.trouble(text.clone());
                return (PushAnswer::Unknown(text), After::Stop);
            }
            // No trouble yet: the halves show which item is to blame.
            PushOutcome::Rejected { status, text, .. } => {
                let text = format!("Trendyol refuses a push (status {status}): {text}");
                return (PushAnswer::Refused(text.clone()), After::Halve(text));
            }
            PushOutcome::RateLimited { retry_after } => {
                let seconds = retry_after.as_secs();
                let text = format!("Trendyol asks to slow down for {seconds} s");
                (text, After::Stop)
            }
            PushOutcome::Auth { text } => {
                let text = format!("Trendyol does not accept the account: {text}");
                (text, After::Stop)
            }
            PushOutcome::Forbidden { text } => {
                let text = format!("Trendyol does not let this caller in: {text}");
                (text, After::Stop)
            }
            PushOutcome::Gone { status, text } => {
                let text = format!("Trendyol has closed this path (status {status}): {text}");
                (text, After::Stop)
            }
            PushOutcome::NotSent(why) => {
                let after = match why {
                    PushNotSent::Connection(_) | PushNotSent::NotYet(_) => After::Stop,
                    _ => After::Go,
                };
                (format!("nothing was sent: {why}"), after)
            }
        };

        report.trouble(text.clone());
        (PushAnswer::Refused(text), after)
    }

    /// A request of this barcode alone is refused.
    async fn quarantine(
        &self,
        barcode: &Barcode,
        words: &str,
        report: &mut PushReport,
    ) -> Result<(), JobError> {
        let now = self.clock.now();
        self.store.quarantine_item(barcode, words, now).await?;
        METRICS.items(Item::Refused, 1);
        report.trouble(format!("{barcode}: {words}"));
        Ok(())
    }
}

impl Seller {
    /// Asks for the results that are due.
    pub(super) async fn follow(&self, report: &mut PushReport) -> Result<(), JobError> {
        let now = self.clock.now();
        let pushes = self.store.orphaned_pushes(now).await?;

        if pushes > 0 {
            tracing::warn!(
                pushes,
                "a process ended before the answer to its push was written down; what is on sale is checked"
            );
        }

        for batch in self.store.batches_to_look_at(now).await? {
            self.ask(&batch, report).await?;
        }

        Ok(())
    }

    async fn ask(&self, batch: &Batch, report: &mut PushReport) -> Result<(), JobError> {
        let results = match self.market.batch_result(&BatchId(batch.name.clone())).await {
            Ok(answer) => {
                for item in &answer.unreadable {
                    tracing::warn!(%item, "a result cannot be read; its product is read back");
                }
                answer.items
            }
            Err(error) => {
                report.trouble(format!("a result could not be read: {error}"));
                // Asked too often is no question; anything else is, so that it comes to an end.
                if matches!(error, MarketError::RateLimited { .. }) {
                    return Ok(());
                }
                Vec::new()
            }
        };
        report.requests += 1;

        let now = self.clock.now();
        let checks = u32::try_from(batch.checks).unwrap_or(0).saturating_add(1);
        let check_at = next_check(batch.sent_at, checks, now);
        let new = self
            .store
            .batch_results(batch, results, check_at, now)
            .await?;

        // Only what is new: Trendyol answers with all items every time.
        for item in new {
            match item.status {
                ItemStatus::Success => METRICS.items(Item::Confirmed, 1),
                ItemStatus::Failed { .. } => {
                    METRICS.items(Item::Refused, 1);
                    let (barcode, words) = (item.barcode, item.status.words().unwrap_or_default());
                    tracing::warn!(%barcode, words, "Trendyol refuses a product");
                    report.trouble(format!("Trendyol refuses {barcode}: {words}"));
                }
                ItemStatus::DuplicateWindow | ItemStatus::Pending(_) => {}
            }
        }

        Ok(())
    }
}

fn stock(items: &[PlannedPush]) -> Vec<StockItem> {
    let items = items.iter().map(|item| StockItem {
        barcode: item.barcode.clone(),
        quantity: item.quantity,
    });
    items.collect()
}
