//! Stock: the body of a push, and what its answer, its batch and a read-back say.
//!
//! What must stay true: only quantities are sent; a push counts as accepted only with the name of its batch;
//! a read-back answers for what was asked about, and of that only with what it says once.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json, value::RawValue};

use super::{
    error::is_duplicate,
    wire::{self, Fields, each, missing},
};
use crate::{
    marketplace::{
        BatchId, BatchResult, MAX_ITEMS, MarketError, PushNotSent, PushOutcome, ReadBack, StockItem,
    },
    order::cut,
    stock::{
        Barcode, MAX_QUANTITY, Unreadable,
        push_result::{BatchItem, ItemStatus},
        rule::Answer,
    },
};

/// Characters kept of a reason.
const REASON_CHARS: usize = 300;

/// The body of a push.
pub(super) fn push(items: &[StockItem]) -> Result<Vec<u8>, PushNotSent> {
    check(items)?;
    let items: Vec<Value> = items
        .iter()
        .map(|item| json!({ "barcode": item.barcode.as_str(), "quantity": item.quantity }))
        .collect();
    Ok(json!({ "items": items }).to_string().into_bytes())
}

fn check(items: &[StockItem]) -> Result<(), PushNotSent> {
    if items.is_empty() {
        return Err(PushNotSent::Empty);
    }
    if items.len() > MAX_ITEMS {
        return Err(PushNotSent::TooMany(items.len()));
    }

    let mut seen = HashSet::new();
    for item in items {
        // Which of two quantities Trendyol would apply is not documented.
        if !seen.insert(&item.barcode) {
            return Err(PushNotSent::Twice(item.barcode.clone()));
        }
        if !(0..=MAX_QUANTITY).contains(&item.quantity) {
            return Err(PushNotSent::Quantity(item.barcode.clone()));
        }
    }

    Ok(())
}

/// Reads the answer to a push whose status is a success.
pub(super) fn pushed(text: &str) -> PushOutcome {
    let batch = wire::body(text)
        .ok()
        .and_then(|body| body.text(&["batchRequestId"]));

    match batch {
        Some(batch) => PushOutcome::Accepted {
            batch: BatchId(batch),
        },
        // The refusal has no status of its own; it may come with any.
        None if is_duplicate(text) => PushOutcome::DuplicateWindow,
        None => PushOutcome::Unknown {
            why: "a success without the name of a batch".to_owned(),
        },
    }
}

/// Reads a batch.
pub(super) fn batch(text: &str) -> Result<BatchResult, MarketError> {
    let body = wire::body(text)?;
    // No list: Trendyol answers so about a batch that it is still reading or does not know.
    let list = body.list(&["items"]).unwrap_or_default();
    let (items, unreadable) = each(&list, "items", &[], item);
    Ok(BatchResult { items, unreadable })
}

fn item(fields: &Fields<'_>) -> Result<BatchItem, String> {
    let asked = fields.object(&["requestItem"]).unwrap_or_default();
    let barcode = asked.text(&["barcode"]);
    let barcode = barcode
        .or_else(|| fields.text(&["barcode"]))
        .ok_or_else(|| missing("requestItem.barcode"))?;
    Ok(BatchItem {
        barcode: Barcode::parse(&barcode).map_err(|fault| fault.to_string())?,
        status: item_status(fields),
    })
}

fn item_status(fields: &Fields<'_>) -> ItemStatus {
    let status = fields.text(&["status"]).unwrap_or_default();
    match status.to_ascii_uppercase().as_str() {
        "SUCCESS" => ItemStatus::Success,
        "FAILED" => failed(fields),
        // The words for "not yet" are not documented.
        _ => ItemStatus::Pending(status),
    }
}

fn failed(fields: &Fields<'_>) -> ItemStatus {
    let list = fields.list(&["failureReasons"]).unwrap_or_default();
    let reasons: Vec<String> = list.into_iter().filter_map(reason).collect();
    // The 15-minute rule may refuse a single item, too; that is no fault of the product.
    if reasons.iter().any(|reason| is_duplicate(reason)) {
        ItemStatus::DuplicateWindow
    } else {
        ItemStatus::Failed { reasons }
    }
}

/// A text so far; of an object what speaks, or all of it.
fn reason(raw: &RawValue) -> Option<String> {
    let names = ["message", "reason", "failureReason", "key"];
    let said = wire::text(raw).or_else(|| Fields::of(raw)?.text(&names));
    let said = said.or_else(|| (raw.get() != "null").then(|| raw.get().to_owned()));
    said.map(|text| cut(&text, REASON_CHARS))
}

/// Reads what is on sale of the barcodes that were asked about.
pub(super) fn listed(text: &str, asked: &[Barcode]) -> Result<ReadBack, MarketError> {
    let body = wire::body(text)?;
    let none = body.int(&["totalElements"]) == Some(0);
    let (mut answered, mut unreadable) = (Vec::new(), Vec::new());

    for (index, raw) in wire::content(&body, none)?.into_iter().enumerate() {
        let Some(variants) = variants(raw) else {
            unreadable.push(Unreadable {
                record: format!("#{index}"),
                reason: missing("variants"),
            });
            continue;
        };

        let place = format!("#{index}/variants");
        let (good, bad) = each(&variants, &place, &["barcode"], variant);
        answered.extend(good);
        unreadable.extend(bad);
    }

    Ok(matched(answered, unreadable, asked))
}

/// Holds an answer against its question.
fn matched(
    answered: Vec<(Barcode, i32)>,
    mut unreadable: Vec<Unreadable>,
    asked: &[Barcode],
) -> ReadBack {
    let not_listed = asked.iter().map(|name| (name.clone(), Answer::NotListed));
    let mut answers: HashMap<Barcode, Answer> = not_listed.collect();
    let mut strays = Vec::new();

    for (barcode, quantity) in answered {
        match answers.get_mut(&barcode) {
            None => strays.push(barcode),
            Some(answer @ Answer::NotListed) => *answer = Answer::Units(quantity),
            Some(answer) if *answer == Answer::Units(quantity) => {}
            Some(answer) => *answer = Answer::Contradictory,
        }
    }

    // One answer that can be read and one that cannot are no better.
    let unread = unreadable.iter().map(|bad| Barcode::parse(&bad.record));
    for barcode in unread.flatten() {
        answers
            .entry(barcode)
            .and_modify(|answer| *answer = Answer::Contradictory);
    }

    // One of the products that nobody asked about may be meant for one that seems not to be listed.
    if !strays.is_empty() {
        for answer in answers.values_mut().filter(|a| **a == Answer::NotListed) {
            *answer = Answer::Contradictory;
        }
        unreadable.push(not_asked(&strays));
    }

    ReadBack {
        answers,
        unreadable,
    }
}

fn not_asked(strays: &[Barcode]) -> Unreadable {
    let shown: Vec<&str> = strays.iter().take(3).map(Barcode::as_str).collect();
    let more = strays.len() - shown.len();
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Unreadable {
        record: format!("{}{more}", shown.join(", ")),
        reason: "it was not asked about".to_owned(),
    }
}

fn variants(raw: &RawValue) -> Option<Vec<&RawValue>> {
    Fields::of(raw)?.list(&["variants"])
}

fn variant(fields: &Fields<'_>) -> Result<(Barcode, i32), String> {
    let text = fields.text(&["barcode"]);
    let text = text.ok_or_else(|| missing("barcode"))?;
    let barcode = Barcode::parse(&text).map_err(|fault| fault.to_string())?;
    let quantity = fields.count(&["quantity"]);
    Ok((barcode, quantity.ok_or_else(|| missing("quantity"))?))
}

#[cfg(test)]
mod tests;
