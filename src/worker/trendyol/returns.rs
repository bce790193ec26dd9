//! Returns: read again for some days back, once a day, into the warehouse's tables.
//!
//! What must stay true: Trendyol cuts a question at 500 returns without an error, so a day that finds as many is
//! asked in halves; and nothing is put back on the shelves here: a return is stock when somebody holds it.

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;

use super::Seller;
use crate::{
    marketplace::{CLAIMS_CUT_AT, Window},
    stock::Claim,
    telemetry::chain,
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
/// Request dates may be taken three hours off ("GMT+3"): the end is so far ahead that now is within.
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
    /// Those that the warehouse's tables do not take.
    refused: usize,
    named: Vec<String>,
}

impl Returned {
    fn name(&mut self, what: String) {
        if self.named.len() < NAMED {
            self.named.push(what);
        }
    }

    /// What keeps the pass from having gone well.
    fn trouble(&self) -> Option<String> {
        let what = match (self.unreadable, self.refused) {
            (0, 0) => return None,
            (_, 0) => "returns that cannot be read",
            (0, _) => "returns that the warehouse's tables do not take",
            _ => "returns that cannot be read, or that the warehouse's tables do not take",
        };
        Some(format!("{what}: {}", self.named.join("; ")))
    }
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

            // The first page shows it: later ones of a question that is cut are of no use.
            if number == 0 && page.total.is_some_and(|total| total >= CLAIMS_CUT_AT) {
                if let Some(halves) = halves(window) {
                    return Ok(Some(halves));
                }

                // The shortest window: what can be read is read, and the rest is reported.
                let text = format!(
                    "{CLAIMS_CUT_AT} returns or more within minutes of {}",
                    window.start
                );
                tracing::error!(%text, "some returns may be missing");
                returned.unreadable += 1;
                returned.named.push(text);
            }

            for record in &page.unreadable {
                returned.unreadable += 1;
                tracing::error!(%record, "a return cannot be read");
                returned.name(record.to_string());
            }

            for claim in page.records {
                // Windows overlap, and a page may move while it is read.
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
            returned.name(format!("return {}: {part}", claim.id));
        }

        let Seller { store, clock, .. } = &self.seller;
        match store.record_return(claim, clock.now()).await {
            Ok(changed) => returned.changed += usize::from(changed),
            // Reported, and no reason to stop: the older ones come after it, every day.
            Err(error) if !error.is_transient() => {
                let cause = error.words();
                tracing::error!(
                    claim = %claim.id,
                    %cause,
                    error = chain(&error),
                    "the warehouse's table does not take a return"
                );
                returned.refused += 1;
                returned.name(format!("return {}: {cause}", claim.id));
            }
            Err(error) => return Err(error.into()),
        }
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
        if let Some(trouble) = returned.trouble() {
            return Err(JobError::Partly(trouble));
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
}
