//! What the panel's text answers mean (the tables of the protocol sheet), and nothing else.
//!
//! Pure. What must stay true: only a leading code that the sheet knows means anything; whatever
//! is not understood is [`PurchaseOutcome::Unsure`] or [`Status::Unclear`]; a code is taken
//! only from the second field of a finished purchase. Texts come in whole: a body that was cut
//! off, or that came with another HTTP status than 200, never gets here.

#[cfg(test)]
mod tests;

use std::{borrow::Cow, ops::Range};

use rust_decimal::Decimal;
use serde_json::Value;

use super::catalogue::{is_no, scalar};
use crate::{order::PurchaseOutcome, provider::number::decimal};

/// A text answer to `pin_kontrol`, still in the panel's own letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status<'a> {
    Waiting { pin: Option<&'a str>, text: &'a str },
    Done { pin: Option<&'a str>, text: &'a str },
    Cancelled(&'a str),
    NotKnown(&'a str),
    Unclear,
}

/// A text answer to `bakiye_kontrol`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Balance<'a> {
    Is(Decimal),
    Refused(Cow<'a, str>),
    Unclear,
}

/// Shorter words beside "waiting" are places in a queue, not codes.
const SHORTEST_CODE: usize = 4;

/// Reads an answer to `pin_ekle`.
pub(super) fn purchase(text: &str) -> PurchaseOutcome {
    // A bare `OK` is not an answer: web servers say that, too.
    let Some((code, rest)) = field(text) else {
        return PurchaseOutcome::Unsure;
    };

    match code {
        code if is_ok(code) => {
            let (cost, rest) = field(rest).unwrap_or((rest, ""));
            let (balance, _) = field(rest).unwrap_or((rest, ""));
            PurchaseOutcome::Accepted {
                cost: decimal(cost).filter(|cost| !cost.is_sign_negative()),
                balance: decimal(balance),
                ready: false,
            }
        }
        "3" if is_single(rest) => PurchaseOutcome::Refused(rest.trim().to_owned()),
        "4" => PurchaseOutcome::SentBefore,
        // Also 8, of which the sheet says that it must be checked.
        _ => PurchaseOutcome::Unsure,
    }
}

/// Reads an answer to `pin_kontrol`, with or without its `OK`.
pub(super) fn status(text: &str) -> Status<'_> {
    let Some((code, rest)) = field(text) else {
        return Status::Unclear;
    };
    // Some panels leave out the `OK|`.
    if !is_ok(code) {
        return bare_status(code, rest);
    }

    let (code, rest) = field(rest).unwrap_or((rest.trim(), ""));
    match code {
        "1" => waiting(rest),
        "2" => done(rest),
        "3" if is_single(rest) => Status::Cancelled(after_pin(rest)),
        _ => Status::Unclear,
    }
}

/// Reads an answer to `pin_kontrol` that has no `OK`.
fn bare_status<'a>(code: &str, rest: &'a str) -> Status<'a> {
    match code {
        "1" => waiting(rest),
        "2" if is_bare_done(rest) => done(rest),
        // An error of the question itself: it must never fail an order that was bought.
        "3" if is_single(rest) => Status::NotKnown(after_blank(rest)),
        _ => Status::Unclear,
    }
}

/// `PIN|text`, nothing, or one code: anything else may be the text of an error.
fn is_bare_done(rest: &str) -> bool {
    match field(rest) {
        Some((slot, _)) => !is_sentence(slot),
        None => is_none(rest) || is_code_word(rest.trim()),
    }
}

/// Reads an answer to `bakiye_kontrol`: text as the sheet has it, or JSON as some panels' proxies
/// write it.
pub(super) fn balance(text: &str) -> Balance<'_> {
    if text.trim_start().starts_with(['{', '[']) {
        return json_balance(text);
    }

    let Some((code, rest)) = field(text) else {
        return Balance::Unclear;
    };
    if is_ok(code) {
        let (sum, _) = field(rest).unwrap_or((rest, ""));
        return decimal(sum).map_or(Balance::Unclear, Balance::Is);
    }
    if !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit()) {
        return Balance::Refused(rest.trim().into());
    }
    Balance::Unclear
}

/// `{"balance": …}` or `{"data": {"balance": …}}`, by either name.
fn json_balance(text: &str) -> Balance<'_> {
    let Ok(answer) = serde_json::from_str::<Value>(text) else {
        return Balance::Unclear;
    };

    let named = |of: &Value| {
        let names = ["balance", "bakiye", "Balance", "Bakiye"];
        names.iter().find_map(|name| scalar(of.get(name)?))
    };
    let sum = named(&answer).or_else(|| named(answer.get("data")?));
    if let Some(sum) = sum {
        return decimal(&sum).map_or(Balance::Unclear, Balance::Is);
    }

    if answer.get("success").is_some_and(is_no) {
        let text = answer.get("error").and_then(scalar);
        return Balance::Refused(text.unwrap_or_default().into());
    }
    Balance::Unclear
}

/// Where a code would stand in an answer to `pin_kontrol`, understood or not, whole or cut off.
pub(super) fn pin_place(text: &str) -> Option<Range<usize>> {
    let (first, mut rest) = field(text)?;
    if is_ok(first) {
        (_, rest) = field(rest)?;
    }
    let slot = field(rest).map_or(rest, |(pin, _)| pin).trim();

    let known = is_ok(first) || first == "2" || rest.contains('|');
    // `rest` is the end of `text`, and `slot` begins where its blanks end.
    let start = text.len() - rest.trim_start().len();
    (known && !is_none(slot)).then(|| start..start + slot.len())
}

/// The rest of a finished purchase: `PIN|text`, `PIN`, or nothing.
fn done(rest: &str) -> Status<'_> {
    let (slot, text) = match field(rest) {
        Some((pin, text)) => (pin, text.trim()),
        None if is_sentence(rest) => ("", rest.trim()),
        None => (rest.trim(), ""),
    };

    // A letter that could not be decoded would make it another code.
    if slot.contains(char::REPLACEMENT_CHARACTER) {
        return Status::Unclear;
    }
    let pin = (!is_none(slot)).then_some(slot);
    Status::Done { pin, text }
}

/// The rest of a purchase that is worked on.
fn waiting(rest: &str) -> Status<'_> {
    let slot = field(rest).map_or("", |(slot, _)| slot);
    // A code beside it is evidence that is worth keeping; a number in a queue is not.
    let is_code = is_code_word(slot)
        && !is_count(slot)
        && slot.chars().count() >= SHORTEST_CODE
        && !slot.contains(char::REPLACEMENT_CHARACTER);
    Status::Waiting {
        pin: is_code.then_some(slot),
        text: after_pin(rest),
    }
}

/// The text of an answer that has no code, with or without the empty field for one.
fn after_pin(rest: &str) -> &str {
    match field(rest) {
        Some((slot, text)) if !is_sentence(slot) => text.trim(),
        _ => rest.trim(),
    }
}

/// The text of an error, with or without an empty field before it.
fn after_blank(rest: &str) -> &str {
    match field(rest) {
        Some((slot, text)) if is_none(slot) => text.trim(),
        _ => rest.trim(),
    }
}

/// The first field without the blanks around it, and what follows its separator.
fn field(text: &str) -> Option<(&str, &str)> {
    text.split_once('|')
        .map(|(first, rest)| (first.trim(), rest))
}

const fn is_ok(code: &str) -> bool {
    code.eq_ignore_ascii_case("ok")
}

/// Empty, blank or dashes: there is no code.
fn is_none(slot: &str) -> bool {
    slot.chars().all(|c| c.is_whitespace() || c == '-')
}

/// Several words with small letters and without a digit: a description, not a code.
fn is_sentence(text: &str) -> bool {
    let text = text.trim();
    text.contains(char::is_whitespace)
        && text.contains(char::is_lowercase)
        && !text.contains(|c: char| c.is_ascii_digit())
}

/// A time, a date, or a place in a queue.
fn is_count(text: &str) -> bool {
    text.contains([':', '/', '.'])
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ':' | '/' | '.'))
}

/// One word with a digit in it.
fn is_code_word(text: &str) -> bool {
    !text.contains(char::is_whitespace) && text.contains(|c: char| c.is_ascii_digit())
}

/// Whether no second answer follows.
fn is_single(rest: &str) -> bool {
    // Two that contradict each other settle nothing.
    !rest
        .lines()
        .any(|line| field(line).is_some_and(|(first, _)| is_ok(first)))
}
