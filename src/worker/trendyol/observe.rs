//! What is on sale, as Trendyol lists it: nothing else is known about its figures.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::Seller;
use crate::{
    marketplace::{MAX_READ_BACK, MarketError},
    stock::{
        Barcode,
        rule::{Answer, Figure},
    },
    store::Observation,
    worker::job::JobError,
};

#[derive(Debug, Default)]
pub(super) struct Observations {
    /// What was known before, of the barcodes that were asked about.
    pub(super) before: HashMap<Barcode, Figure>,
    pub(super) answers: HashMap<Barcode, Answer>,
    pub(super) requests: usize,
    /// When the first question was asked, before it waited for its turn.
    pub(super) began: Option<DateTime<Utc>>,
    /// Why the others were not observed.
    pub(super) failed: Option<MarketError>,
}

impl Seller {
    /// Asks what is on sale, and writes it down.
    pub(super) async fn observe(&self, barcodes: &[Barcode]) -> Result<Observations, JobError> {
        let mut observed = Observations::default();
        for chunk in barcodes.chunks(MAX_READ_BACK) {
            // Both before the question: a push that begins meanwhile must not be settled by its answer.
            let asked = self.clock.now();
            observed.began.get_or_insert(asked);
            let before = self.store.figures(chunk, asked).await?;

            observed.requests += 1;
            let answers = match self.market.read_back(chunk).await {
                Ok(answer) => answer.answers,
                // What was observed so far stands; the plan is made without the rest.
                Err(error) => {
                    observed.failed = Some(error);
                    return Ok(observed);
                }
            };

            let now = self.clock.now();
            let rows: Vec<Observation> = answers
                .iter()
                .map(|(barcode, answer)| observation(barcode, answer, before.get(barcode), now))
                .collect();
            self.store.record_observations(&rows, (asked, now)).await?;
            observed.answers.extend(answers);
            observed.before.extend(before);
        }

        Ok(observed)
    }
}

fn observation(
    barcode: &Barcode,
    answer: &Answer,
    before: Option<&Figure>,
    now: DateTime<Utc>,
) -> Observation {
    let sent = before.and_then(|figure| figure.sent);
    // A push is settled by an observation of what was sent, or by one after the time in which it may be applied.
    let settles = before.and_then(Figure::open).is_some_and(|open| {
        let is_applied = *answer == Answer::Units(open.quantity);
        is_applied || open.open_until.is_none_or(|until| now >= until)
    });

    Observation {
        barcode: barcode.clone(),
        answer: answer.clone(),
        sent_at: sent.map(|sent| sent.at),
        settles,
    }
}
