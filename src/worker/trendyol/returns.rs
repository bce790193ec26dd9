//! Returns: read again for some days back, once a day, into the warehouse's tables.
//!
//! Trendyol cuts a question at 500 returns without a word, so a day that finds as many is asked in
//! halves. Nothing is put back on the shelves here: a return is stock when somebody holds it.

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Seller;
use crate::{
    marketplace::{CLAIMS_CUT_AT, Claim, ClaimItem, ClaimStatus, Personal, Window},
    store::{NewReturn, ReturnedPiece},
    worker::{
        before,
        job::{Job, JobError},
    },
};

/// A question covers a day,
const DAY: TimeDelta = TimeDelta::days(1);
/// overlaps with the one before,
const OVERLAP: TimeDelta = TimeDelta::minutes(5);
/// and is halved down to this.
const SHORTEST: TimeDelta = TimeDelta::minutes(5);
/// Whatever the dates of a request mean, now is within.
const AHEAD: TimeDelta = TimeDelta::hours(3);
/// Records named in a report.
const NAMED: usize = 20;

/// The job `pull-returns`.
pub struct PullReturns {
    seller: Seller,
    window: Duration,
}

/// What a pass has read.
#[derive(Clone, Debug, Default, Serialize)]
struct Returned {
    claims: usize,
    changed: usize,
    questions: usize,
    unreadable: usize,
    named: Vec<String>,
}

impl PullReturns {
    /// `window` is read again each time.
    #[must_use]
    pub fn new(seller: Seller, window: Duration) -> Self {
        Self { seller, window }
    }

    async fn read(&self) -> Result<Returned, JobError> {
        let now = self.seller.clock.now();
        let mut returned = Returned::default();
        let mut seen = HashSet::new();
        let mut waiting = days(before(now, self.window), now + AHEAD);
        while let Some(window) = waiting.pop() {
            if let Some(halves) = self.question(window, &mut seen, &mut returned).await? {
                waiting.extend(halves);
            }
        }
        Ok(returned)
    }

    /// Reads one window, or says how to ask for it instead.
    async fn question(
        &self,
        window: Window,
        seen: &mut HashSet<String>,
        returned: &mut Returned,
    ) -> Result<Option<[Window; 2]>, JobError> {
        for number in 0.. {
            let page = self.seller.market.claims(window, number).await?;
            returned.questions += 1;
            if number == 0 && page.total.is_some_and(|total| total >= CLAIMS_CUT_AT) {
                if let Some(halves) = halves(window) {
                    return Ok(Some(halves));
                }
                let text = format!(
                    "{CLAIMS_CUT_AT} returns or more within minutes of {}",
                    window.start
                );
                tracing::error!(%text, "some returns may not be told");
                returned.unreadable += 1;
                returned.named.push(text);
            }
            for record in &page.unreadable {
                returned.unreadable += 1;
                tracing::error!(%record, "a return cannot be read");
                if returned.named.len() < NAMED {
                    returned.named.push(record.to_string());
                }
            }
            for claim in page.records {
                if seen.insert(claim.id.clone()) {
                    self.take(&claim, returned).await?;
                }
            }
            if page.last {
                break;
            }
        }
        Ok(None)
    }

    async fn take(&self, claim: &Claim, returned: &mut Returned) -> Result<(), JobError> {
        returned.claims += 1;
        for part in &claim.unreadable {
            returned.unreadable += 1;
            tracing::error!(claim = %claim.id, %part, "a part of a return cannot be read");
            if returned.named.len() < NAMED {
                returned.named.push(format!("return {}: {part}", claim.id));
            }
        }
        let new = written(claim);
        let changed = self
            .seller
            .store
            .record_return(&new, self.seller.clock.now())
            .await?;
        returned.changed += usize::from(changed);
        Ok(())
    }
}

#[async_trait]
impl Job for PullReturns {
    fn name(&self) -> &'static str {
        "pull-returns"
    }

    async fn run(&self) -> Result<Value, JobError> {
        let returned = self.read().await?;
        if returned.unreadable > 0 {
            let named = returned.named.join("; ");
            return Err(JobError::Partly(format!(
                "returns that cannot be read: {named}"
            )));
        }
        Ok(serde_json::to_value(returned)?)
    }
}

/// Windows of a day that cover a span, the newest last.
fn days(start: DateTime<Utc>, end: DateTime<Utc>) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut from = start;
    while from < end {
        let until = (from + DAY).min(end);
        windows.push(Window {
            start: from - OVERLAP,
            end: until,
        });
        from = until;
    }
    windows
}

fn halves(window: Window) -> Option<[Window; 2]> {
    let span = window.end - window.start;
    let middle = window.start + span / 2;
    (span > SHORTEST).then_some([
        Window {
            start: window.start,
            end: middle,
        },
        Window {
            start: middle,
            end: window.end,
        },
    ])
}

/// A claim as the warehouse's application writes it.
fn written(claim: &Claim) -> NewReturn {
    let personal = |text: &Option<Personal>| text.as_ref().map(|text| clean(text.expose()));
    let item = |found: fn(&ClaimItem) -> Option<String>| claim.items.iter().find_map(found);
    let prices: Vec<Decimal> = claim.items.iter().filter_map(|item| item.price).collect();
    let status = status(&claim.items);
    let settled = matches!(
        status,
        ClaimStatus::Accepted | ClaimStatus::Rejected | ClaimStatus::Cancelled
    );
    NewReturn {
        id: uuid(&claim.id),
        claim_id: claim.id.clone(),
        order_number: claim.order_number.clone(),
        return_date: claim.claim_date.map(|at| at.naive_utc()),
        process_date: claim
            .last_modified
            .filter(|_| settled)
            .map(|at| at.naive_utc()),
        first_name: personal(&claim.customer.first_name),
        last_name: personal(&claim.customer.last_name),
        tracking_number: claim.cargo.tracking_number.clone(),
        provider_name: claim.cargo.provider_name.clone(),
        sender_number: claim.cargo.sender_number.clone(),
        tracking_link: personal(&claim.cargo.tracking_link),
        reason: item(reason),
        explanation: item(|item| item.customer_note.as_ref().map(|note| clean(note.expose()))),
        refund: prices
            .iter()
            .sum::<Decimal>()
            .to_f64()
            .filter(|_| !prices.is_empty()),
        modified_at: claim.last_modified,
        pieces: claim.items.iter().map(piece).collect(),
        status: status.as_str().to_owned(),
    }
}

fn piece(item: &ClaimItem) -> ReturnedPiece {
    ReturnedPiece {
        id: uuid(&item.id),
        claim_item: clean(&item.id),
        barcode: item.barcode.clone(),
        name: item.product_name.clone(),
        size: item.product_size.clone(),
        color: item.product_color.clone(),
        reason: reason(item),
    }
}

fn reason(item: &ClaimItem) -> Option<String> {
    let customer = item.customer_reason.name.clone();
    customer
        .or_else(|| item.trendyol_reason.name.clone())
        .map(|text| clean(&text))
}

/// A claim has no status of its own: what needs somebody most stands for it.
fn status(items: &[ClaimItem]) -> ClaimStatus {
    let rank = |status: &ClaimStatus| match status {
        ClaimStatus::WaitingInAction => 0,
        ClaimStatus::Unresolved => 1,
        ClaimStatus::InAnalysis => 2,
        ClaimStatus::WaitingFraudCheck => 3,
        ClaimStatus::Unknown(_) => 4,
        ClaimStatus::Created => 5,
        ClaimStatus::Accepted => 6,
        ClaimStatus::Rejected => 7,
        ClaimStatus::Cancelled => 8,
    };
    let statuses = items.iter().map(|item| item.status.clone());
    statuses.min_by_key(rank).unwrap_or(ClaimStatus::Created)
}

/// The id itself where it is a UUID; otherwise one that is always the same for it.
fn uuid(id: &str) -> Uuid {
    Uuid::parse_str(id).unwrap_or_else(|_| {
        let hash: [u8; 32] = Sha256::digest(id).into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    })
}

/// Postgres takes no NUL in a text.
fn clean(text: &str) -> String {
    text.replace('\0', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_cover_the_span_and_halves_cover_the_day() {
        let at =
            |hours| DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::hours(hours);
        let days = days(at(-72), at(3));
        assert_eq!(days.len(), 4);
        assert!(days.windows(2).all(|pair| pair[1].start < pair[0].end));
        assert_eq!((days[0].start, days[3].end), (at(-72) - OVERLAP, at(3)));
        let mut window = days[1];
        let mut count = 0;
        while let Some([first, second]) = halves(window) {
            assert_eq!(
                (first.start, first.end, second.end),
                (window.start, second.start, window.end)
            );
            window = second;
            count += 1;
        }
        assert!(count >= 8 && window.end - window.start <= SHORTEST);
    }

    #[test]
    fn ids_stay_the_same() {
        let named = "4f2ab8b0-0000-4000-8000-0123456789ab";
        assert_eq!(uuid(named).to_string(), named);
        assert_eq!(uuid("17"), uuid("17"));
        assert_ne!(uuid("17"), uuid("18"));
    }
}
