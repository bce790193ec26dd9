//! What is on sale, as Trendyol lists it: the only truth about its figures.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::Seller;
use crate::{
    marketplace::{Barcode, MAX_READ_BACK, MarketError, ReadBack},
    stock::rule::{Answer, Figure},
    store::Look,
    worker::job::JobError,
};

/// What looking has brought.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// What was known before, of the barcodes that were looked at.
    pub(super) before: HashMap<Barcode, Figure>,
    /// What Trendyol answered about them.
    pub(super) answers: HashMap<Barcode, Answer>,
    /// Requests.
    pub(super) requests: usize,
    /// Why the others were not looked at.
    pub(super) failed: Option<MarketError>,
}

impl Seller {
    /// Looks at barcodes and writes down what is on sale of them.
    ///
    /// # Errors
    /// [`JobError::Store`] when the database fails.
    pub(super) async fn look(&self, barcodes: &[Barcode]) -> Result<Looked, JobError> {
        let mut looked = Looked::default();
        for chunk in barcodes.chunks(MAX_READ_BACK) {
            let asked = self.clock.now();
            let before = self.store.figures(chunk, asked).await?;
            looked.requests += 1;
            let answer = match self.market.read_back(chunk).await {
                Ok(answer) => answer,
                Err(error) => {
                    looked.failed = Some(error);
                    return Ok(looked);
                }
            };
            let answers = answers(chunk, &answer);
            let now = self.clock.now();
            let looks: Vec<Look> = chunk
                .iter()
                .zip(&answers)
                .map(|(barcode, answer)| look(barcode, answer, before.get(barcode), now))
                .collect();
            self.store.record_looks(&looks, asked).await?;
            looked.answers.extend(chunk.iter().cloned().zip(answers));
            looked.before.extend(before);
        }
        Ok(looked)
    }
}

/// What an answer says of each barcode that was asked about.
fn answers(asked: &[Barcode], answer: &ReadBack) -> Vec<Answer> {
    let contradicting: HashSet<&Barcode> = answer.contradicting.iter().collect();
    let listed: HashMap<&str, i32> = answer
        .listed
        .iter()
        .map(|item| (item.barcode.as_str(), item.quantity))
        .collect();
    asked
        .iter()
        .map(|barcode| match listed.get(barcode.as_str()) {
            _ if contradicting.contains(barcode) => Answer::Contradictory,
            Some(units) => Answer::Units(*units),
            None => Answer::NotListed,
        })
        .collect()
}

/// A push is settled by a look that finds what was sent, or that comes after its time.
fn look(barcode: &Barcode, answer: &Answer, before: Option<&Figure>, now: DateTime<Utc>) -> Look {
    let sent = before.and_then(|figure| figure.sent);
    let settles = before.and_then(Figure::open).is_some_and(|open| {
        let is_applied = *answer == Answer::Units(open.quantity);
        is_applied || open.open_until.is_none_or(|until| now >= until)
    });
    Look {
        barcode: barcode.clone(),
        answer: answer.clone(),
        sent_at: sent.map(|sent| sent.at),
        settles,
    }
}
