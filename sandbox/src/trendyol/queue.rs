//! Reports that are accepted and wait to be worked off, and what became of them.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    ops::Range,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;

use super::{
    json::{self, Names, Object},
    plan::QueuePlan,
    push::Change,
    quirks::Unfinished,
    shelf::Shelf,
    times::{chance, drawn, span},
};

/// In how many parts a report is worked off, one after the other.
const PARTS: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Queue {
    batches: Vec<Batch>,
    places: HashMap<String, usize>,
    due: BinaryHeap<Reverse<Part>>,
    last_end: DateTime<Utc>,
    swallow: usize,
}

/// A part of a report and when it is worked off.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    at: DateTime<Utc>,
    batch: usize,
    from: usize,
    to: usize,
}

#[derive(Debug)]
pub(super) struct Batch {
    id: String,
    created: DateTime<Utc>,
    changed: DateTime<Utc>,
    items: Vec<Change>,
    /// What became of the first items, in their order.
    done: Vec<Result<(), String>>,
}

impl Queue {
    /// The next reports are accepted and then never worked off.
    pub(super) const fn swallow(&mut self, reports: usize) {
        self.swallow = reports;
    }

    /// Accepts a report; returns its id.
    pub(super) fn accept(
        &mut self,
        items: Vec<Change>,
        plan: &QueuePlan,
        rng: &mut Rng,
        now: DateTime<Utc>,
    ) -> String {
        let place = self.batches.len();
        let id = batch_id(rng, now);
        let slow = chance(plan.slow, rng);
        let swallowed = rng.f64() < plan.swallowed || self.swallow > 0;
        self.swallow = self.swallow.saturating_sub(1);
        if !swallowed {
            let delay = if slow { &plan.slow_delay } else { &plan.delay };
            let delay = drawn(delay, rng);
            self.schedule(place, items.len(), now, delay, plan.keeps_order);
        }
        self.places.insert(id.clone(), place);
        self.batches.push(Batch {
            id: id.clone(),
            created: now,
            changed: now,
            done: Vec::with_capacity(items.len()),
            items,
        });
        id
    }

    /// Spreads the parts over the second half of the delay.
    fn schedule(
        &mut self,
        batch: usize,
        items: usize,
        now: DateTime<Utc>,
        delay: Duration,
        keeps_order: bool,
    ) {
        let mut start = now + span(delay / 2);
        if keeps_order {
            start = start.max(self.last_end);
        }
        let end = start + span(delay / 2);
        let parts = items.clamp(1, PARTS);
        for (nth, range) in ranges(items, parts).enumerate() {
            // The last part is due at the end.
            let left = u32::try_from(parts - 1 - nth).unwrap_or(0);
            let step = span(delay / 2) / i32::try_from(parts).unwrap_or(1);
            self.due.push(Reverse(Part {
                at: end - step * i32::try_from(left).unwrap_or(0),
                batch,
                from: range.start,
                to: range.end,
            }));
        }
        self.last_end = self.last_end.max(end);
    }

    /// Works off one part that is due by `now`. Returns when it was due.
    pub(super) fn work(
        &mut self,
        goods: &mut Shelf,
        failures: f64,
        rng: &mut Rng,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let part = self.due.pop_if_due(now)?;
        let batch = self.batches.get_mut(part.batch)?;
        for item in batch.items.get(part.from..part.to).unwrap_or_default() {
            let outcome = match item.refused {
                Some(why) => Err(why.to_owned()),
                None if failures > 0.0 && rng.f64() < failures => {
                    Err("Teknik bir hata oluştu, lütfen tekrar deneyiniz".to_owned())
                }
                None => goods.apply(item, part.at),
            };
            batch.done.push(outcome);
        }
        batch.changed = part.at;
        Some(part.at)
    }

    pub(super) fn find(&self, id: &str) -> Option<&Batch> {
        self.batches.get(*self.places.get(id)?)
    }

    /// How many reports wait to be worked off to their end.
    pub(super) fn waiting(&self) -> usize {
        let mut batches: Vec<usize> = self.due.iter().map(|Reverse(part)| part.batch).collect();
        batches.sort_unstable();
        batches.dedup();
        batches.len()
    }
}

trait PopIfDue {
    fn pop_if_due(&mut self, now: DateTime<Utc>) -> Option<Part>;
}

impl PopIfDue for BinaryHeap<Reverse<Part>> {
    fn pop_if_due(&mut self, now: DateTime<Utc>) -> Option<Part> {
        let due = self.peek().is_some_and(|Reverse(part)| part.at <= now);
        due.then(|| self.pop())?.map(|Reverse(part)| part)
    }
}

/// `items` places in `parts` ranges of about the same length.
fn ranges(items: usize, parts: usize) -> impl Iterator<Item = Range<usize>> {
    (0..parts).map(move |n| (items * n / parts)..(items * (n + 1) / parts))
}

/// The form of real ids: a UUID and the second in which the result is forgotten.
fn batch_id(rng: &mut Rng, now: DateTime<Utc>) -> String {
    let random = uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid();
    let forgotten = (now + TimeDelta::hours(4)).timestamp();
    format!("{random}-{forgotten}")
}

impl Batch {
    pub(super) const fn created(&self) -> DateTime<Utc> {
        self.created
    }

    /// Whether it was worked off to its end.
    pub(super) const fn is_done(&self) -> bool {
        self.done.len() == self.items.len()
    }

    /// The result as it is written.
    pub(super) fn json(&self, unfinished: Unfinished, with_status: bool) -> String {
        let shown = match unfinished {
            Unfinished::Missing | Unfinished::Nothing => self.done.len(),
            Unfinished::InProgress => self.items.len(),
        };
        let failed = self.done.iter().filter(|outcome| outcome.is_err()).count();
        json::object(Names::New, |o| {
            o.text("batchRequestId", &self.id);
            if with_status {
                o.text(
                    "status",
                    if self.is_done() {
                        "COMPLETED"
                    } else {
                        "IN_PROGRESS"
                    },
                );
            }
            let items = self.items.iter().enumerate().take(shown);
            o.list("items", items, |o, (place, item)| {
                self.item(o, item, self.done.get(place));
            });
            o.raw("creationDate", self.created.timestamp_millis())
                .raw("lastModification", self.changed.timestamp_millis())
                .text("sourceType", "API")
                .raw("itemCount", self.items.len())
                .raw("failedItemCount", failed)
                .text("batchRequestType", "ProductInventoryUpdate");
        })
    }

    fn item(&self, o: &mut Object<'_>, item: &Change, outcome: Option<&Result<(), String>>) {
        let received = self.created.format("%Y-%m-%dT%H:%M:%S%.3f+00:00");
        o.object("requestItem", |o| {
            o.text("updateRequestDate", &received.to_string());
            let numbers = [
                ("quantity", item.quantity.map(|q| q.to_string())),
                ("salePrice", item.sale_price.map(|p| p.to_string())),
            ];
            for (key, value) in numbers {
                o.raw(key, value.as_deref().unwrap_or("null"));
            }
            o.text("barcode", &item.barcode);
            let list_price = item.list_price.map(|p| p.to_string());
            o.raw("listPrice", list_price.as_deref().unwrap_or("null"));
        });
        let (status, reason) = match outcome {
            None => ("PROCESSING", None),
            Some(Ok(())) => ("SUCCESS", None),
            Some(Err(why)) => ("FAILED", Some(why.as_str())),
        };
        o.text("status", status).texts("failureReasons", reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_every_item_once() {
        for items in [1, 2, 3, 4, 5, 999, 1000] {
            let parts = items.min(PARTS);
            let covered: Vec<usize> = ranges(items, parts).flatten().collect();
            assert_eq!(covered, (0..items).collect::<Vec<_>>());
        }
    }
}
