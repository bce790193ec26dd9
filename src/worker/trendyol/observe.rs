//! What is on sale, as Trendyol lists it: nothing else is known about its figures.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, SubsecRound as _, Utc};

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

/// After so many questions in a row that found no answer, no more are asked: it is not a barcode that is to blame.
const FAILED_MOST: usize = 6;
/// The same where no answer came at all, because each of these may take half a minute.
const UNREACHED_MOST: usize = 2;
/// Barcodes that are named in a report.
const NAMED: usize = 5;

#[derive(Debug, Default)]
pub(super) struct Observations {
    /// What was known before, of the barcodes that were asked about.
    pub(super) before: HashMap<Barcode, Figure>,
    pub(super) answers: HashMap<Barcode, Answer>,
    /// When each of these was asked about.
    asked: HashMap<Barcode, DateTime<Utc>>,
    pub(super) requests: usize,
    /// When the first question was asked, before it waited for its turn.
    pub(super) began: Option<DateTime<Utc>>,
    /// Those that could not be observed,
    pub(super) unread: Vec<Barcode>,
    /// and why the first of them could not.
    failed: Option<MarketError>,
}

impl Observations {
    /// Of these figures, those that are not by this look: they could not be observed, or the result of a push that
    /// went out before has taken the place of what was.
    pub(super) fn not_by_this_look(&self, figures: &HashMap<Barcode, Figure>) -> Vec<Barcode> {
        let replaced = self.asked.iter().filter(|(barcode, asked)| {
            let figure = figures.get(*barcode);
            figure.is_none_or(|figure| figure.was_seen_before(Some(**asked)))
        });
        let replaced = replaced.map(|(barcode, _)| barcode);
        self.unread.iter().chain(replaced).cloned().collect()
    }

    /// What could not be read, and why.
    pub(super) fn trouble(&self) -> Option<String> {
        let error = self.failed.as_ref()?;
        if self.answers.is_empty() || self.unread.len() > NAMED {
            return Some(format!("what is on sale could not be read: {error}"));
        }

        let names: Vec<&str> = self.unread.iter().map(Barcode::as_str).collect();
        let names = names.join(", ");
        Some(format!(
            "what is on sale of {names} could not be read: {error}"
        ))
    }
}

impl Seller {
    /// Asks what is on sale, and writes it down. One barcode about which Trendyol cannot be asked does not keep the
    /// others from being observed.
    pub(super) async fn observe(&self, barcodes: &[Barcode]) -> Result<Observations, JobError> {
        let mut observed = Observations::default();
        let chunks = barcodes.chunks(MAX_READ_BACK);
        let mut waiting: VecDeque<Vec<Barcode>> = chunks.map(<[Barcode]>::to_vec).collect();
        let mut failures = 0;

        while let Some(chunk) = waiting.pop_front() {
            let Err(error) = self.look(&chunk, &mut observed).await? else {
                failures = 0;
                continue;
            };

            failures += 1;
            let is_over = failures >= most_failures(&error);
            if !is_over && chunk.len() > 1 && may_be_of_one(&error) {
                // After the others, which need not wait until it shows which barcode is to blame.
                let (first, second) = chunk.split_at(chunk.len() / 2);
                waiting.extend([first.to_vec(), second.to_vec()]);
            } else {
                observed.unread.extend(chunk);
                observed.failed.get_or_insert(error);
            }

            if is_over {
                observed.unread.extend(waiting.drain(..).flatten());
            }
        }

        Ok(observed)
    }

    /// Asks one question. What was observed by the others stands, however this one ends.
    async fn look(
        &self,
        chunk: &[Barcode],
        observed: &mut Observations,
    ) -> Result<Result<(), MarketError>, JobError> {
        // Both before the question: a push that begins meanwhile must not be settled by its answer.
        let asked = self.clock.now();
        observed.began.get_or_insert(asked);
        let before = self.store.figures(chunk, asked).await?;

        observed.requests += 1;
        let answers = match self.market.read_back(chunk).await {
            Ok(answer) => answer.answers,
            Err(error) => return Ok(Err(error)),
        };

        let now = self.clock.now();
        let rows: Vec<Observation> = answers
            .iter()
            .map(|(barcode, answer)| observation(barcode, answer, before.get(barcode), now))
            .collect();
        self.store.record_observations(&rows, (asked, now)).await?;
        // As the database keeps it, or every figure would seem older than its own look.
        let kept = asked.trunc_subsecs(6);
        let names = answers.keys().cloned();
        observed.asked.extend(names.map(|barcode| (barcode, kept)));
        observed.answers.extend(answers);
        observed.before.extend(before);
        Ok(Ok(()))
    }
}

/// Whether a question may have failed because of one of its barcodes.
fn may_be_of_one(error: &MarketError) -> bool {
    matches!(
        error,
        MarketError::Rejected { .. }
            | MarketError::Transient { .. }
            | MarketError::Gone { .. }
            | MarketError::Unreadable { .. }
    )
}

/// How many failures in a row, of which this is the last, end the questions.
fn most_failures(error: &MarketError) -> usize {
    match error {
        MarketError::Unreachable { .. } => UNREACHED_MOST,
        _ if may_be_of_one(error) => FAILED_MOST,
        // The account, the address or the pace: the next one would fare no better.
        _ => 1,
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
