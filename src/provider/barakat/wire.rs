//! What the JSON answers of a barakat panel mean, and nothing else.
//!
//! Pure. What must stay true: only words that are listed here mean anything; whatever is not
//! understood, or contradicts itself, is [`Purchase::Unsure`] or [`Status::Unclear`]; a refusal is
//! believed only where nothing beside it speaks of an order; a code is the panel's own, whole.
//! Texts come in whole: a body that was cut off never gets here, but for [`masked`].

mod object;
mod shown;
#[cfg(test)]
mod tests;
mod words;

use std::borrow::Cow;

use rust_decimal::Decimal;
use serde_json::value::RawValue;

use self::{
    object::{Object, Odd, Read, is_code_key, is_none, read, scalar},
    words::{Word, folded, is_ok},
};
use crate::provider::number::decimal;

/// An answer to a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purchase {
    Accepted {
        cost: Option<Decimal>,
        /// A code that came at once; kept, and not given to anybody before the panel says delivered.
        pin: Option<String>,
        /// The panel is through with it, well or not: a question would be answered at once.
        ready: bool,
    },
    Refused(String),
    SentBefore,
    Unsure,
}

/// An answer to a question, in the panel's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Waiting {
        pin: Option<String>,
        text: String,
    },
    Done {
        pin: Option<String>,
        text: String,
    },
    /// Delivered, with a code that is not understood.
    DoneUnread(String),
    Cancelled(String),
    NotKnown(String),
    Unclear,
}

impl Status {
    pub(super) fn pin(&self) -> Option<&str> {
        match self {
            Self::Waiting { pin, .. } | Self::Done { pin, .. } => pin.as_deref(),
            _ => None,
        }
    }
}

/// By what the question named the order.
#[derive(Clone, Copy, Debug)]
pub(super) enum AskedBy<'a> {
    Uuid(&'a str),
    /// The `order_id` that the panel gave it.
    PanelId(&'a str),
}

/// An answer about the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Balance {
    Is(Decimal),
    Refused(String),
    Unclear,
}

/// Where the state of an order may stand.
const STATUS_KEYS: [&str; 3] = ["status", "state", "orderStatus"];

/// Reads an answer to a purchase.
pub(super) fn purchase(http_status: u16, text: &str) -> Purchase {
    let answer = object::parse(text).ok_or(Odd).and_then(bought);
    match (http_status, answer) {
        (200, Ok(answer)) => answer,
        // Not those that come from on the way, or ask for patience.
        (408 | 409 | 425 | 429, _) => Purchase::Unsure,
        (400..=499, Ok(Purchase::Refused(text))) => Purchase::Refused(text),
        _ => Purchase::Unsure,
    }
}

/// Reads an answer to a question about one order.
pub(super) fn status(text: &str, asked: AskedBy<'_>) -> Status {
    let answer = object::parse(text).ok_or(Odd);
    answer
        .and_then(|answer| became(answer, asked))
        .unwrap_or(Status::Unclear)
}

/// Reads an answer about the account.
pub(super) fn balance(text: &str) -> Balance {
    let answer = object::parse(text).ok_or(Odd);
    answer.and_then(account).unwrap_or(Balance::Unclear)
}

/// The body with every value under a code key and every string in `replay_api` masked (`****`), for
/// people; a body that is no JSON is cut before the first such key.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    shown::masked(text)
}

/// The panel's own name for what was bought, for people who look it up there.
pub(super) fn order_id(text: &str) -> Option<String> {
    let answer: Object<'_> = read(object::parse(text)?)?;
    let order: Object<'_> = read(answer.one("data").ok()??)?;
    id(&order, "order_id").ok()?
}

fn bought(whole: &RawValue) -> Read<Purchase> {
    let answer: Object<'_> = read(whole).ok_or(Odd)?;
    let word = headline(&answer)?;
    if !is_ok(&word) {
        return Ok(refused(whole, &answer, &word));
    }

    let data = answer.one("data")?.ok_or(Odd)?;
    let order: Object<'_> = read(data).ok_or(Odd)?;
    let state = state(&order)?;
    if id(&order, "order_id")?.is_none() && state.is_none() {
        return Err(Odd);
    }

    Ok(Purchase::Accepted {
        // What was rejected at once is paid back.
        cost: cost(&order).filter(|_| state != Some(Word::Failed)),
        // It is sold all the same, and the question about it brings the code again.
        pin: order.code().unwrap_or(None),
        // A rejection, too, is asked about: only a refusal sends the order elsewhere.
        ready: matches!(state, Some(Word::Success | Word::Failed)),
    })
}

/// What the panel took for it, if that is certain; the order is bought either way.
fn cost(order: &Object<'_>) -> Option<Decimal> {
    let price = scalar(order.one("price").ok()??).ok()?;
    decimal(&price).filter(|cost| !cost.is_sign_negative())
}

/// What an answer without `OK` says.
fn refused(whole: &RawValue, answer: &Object<'_>, word: &str) -> Purchase {
    let said = said(whole);
    if words::says_repeated(&said) {
        return Purchase::SentBefore;
    }
    if words::says_trouble(&said) || speaks_of_an_order(answer) {
        return Purchase::Unsure;
    }

    let text = answer.text();
    match Word::of(word) {
        Some(Word::Failed) if !text.is_empty() => Purchase::Refused(text),
        _ => Purchase::Unsure,
    }
}

fn became(whole: &RawValue, asked: AskedBy<'_>) -> Read<Status> {
    let answer: Object<'_> = read(whole).ok_or(Odd)?;
    let word = headline(&answer)?;
    if !is_ok(&word) {
        return not_known(whole, &answer, &word);
    }

    let data = answer.one("data")?.ok_or(Odd)?;
    let one = || Some(vec![read(data)?]);
    let entries: Vec<Object<'_>> = read(data).or_else(one).ok_or(Odd)?;
    if entries.is_empty() {
        // What stands beside the empty list may be about the order all the same.
        let in_doubt = words::says_trouble(&said(whole)) || speaks_of_an_order(&answer);
        let unknown = Status::NotKnown(String::new());
        return if in_doubt { Err(Odd) } else { Ok(unknown) };
    }

    agreed(&ours(&entries, asked)?)
}

/// The panel does not know the order, if it says no less and nothing else.
fn not_known(whole: &RawValue, answer: &Object<'_>, word: &str) -> Read<Status> {
    let said = said(whole);
    let goes_on = matches!(Word::of(word), Some(Word::Success | Word::Waiting));
    let of_something_else = words::says_trouble(&said) || words::says_other_thing(&said);
    if goes_on || of_something_else || speaks_of_an_order(answer) {
        return Err(Odd);
    }

    let mut texts = answer.texts();
    let text = texts.find(|text| words::says_not_known(&folded(text)));
    text.map(Status::NotKnown).ok_or(Odd)
}

/// The entries about the order that was asked about. A list that names nobody is about it if it has one
/// entry only.
fn ours<'e, 'a>(entries: &'e [Object<'a>], asked: AskedBy<'_>) -> Read<Vec<&'e Object<'a>>> {
    let mut ours = Vec::new();
    for entry in entries {
        let is_ours = match asked {
            AskedBy::PanelId(asked) => id(entry, "order_id")?.is_some_and(|id| id == asked),
            AskedBy::Uuid(asked) => match uuid(entry)? {
                Some(uuid) => uuid.trim().eq_ignore_ascii_case(asked),
                None => entries.len() == 1,
            },
        };
        ours.extend(is_ours.then_some(entry));
    }
    Ok(ours)
}

/// What the entries about one order say with one voice.
fn agreed(entries: &[&Object<'_>]) -> Read<Status> {
    let mut voices = Vec::new();
    for entry in entries {
        voices.push((state(entry)?.ok_or(Odd)?, entry.code().ok()));
    }
    voices.dedup();
    let ([entry, ..], [(word, code)]) = (entries, voices.as_slice()) else {
        return Err(Odd);
    };

    let (code, text) = (code.clone(), entry.text());
    match (word, code) {
        (Word::Success, Some(pin)) => Ok(Status::Done { pin, text }),
        (Word::Success, None) => Ok(Status::DoneUnread(text)),
        (Word::Waiting, code) => Ok(Status::Waiting {
            pin: code.flatten(),
            text,
        }),
        (Word::Failed, _) if entry.has_code() => Err(Odd),
        (Word::Failed, _) => Ok(Status::Cancelled(text)),
    }
}

fn account(whole: &RawValue) -> Read<Balance> {
    let answer: Object<'_> = read(whole).ok_or(Odd)?;
    let word: Option<String> = answer.one("status")?.and_then(read);
    // Any other word may be the account's own state.
    if word.and_then(|word| Word::of(&word)) == Some(Word::Failed) {
        return Ok(Balance::Refused(answer.text()));
    }

    let data: Option<Object<'_>> = answer.one("data")?.and_then(read);
    let inner = data.map(|data| data.one("balance")).transpose()?.flatten();
    let sum = answer.one("balance")?.or(inner).ok_or(Odd)?;
    decimal(&scalar(sum)?).map(Balance::Is).ok_or(Odd)
}

/// The word over the whole answer.
fn headline(answer: &Object<'_>) -> Read<String> {
    answer.one("status")?.and_then(read).ok_or(Odd)
}

/// The state of an order; `None` when there is none or it is not known. Where it stands under several
/// keys, they must agree.
fn state(order: &Object<'_>) -> Read<Option<Word>> {
    let mut states = Vec::new();
    for key in STATUS_KEYS {
        let state = order.one(key)?.filter(|value| !is_none(value));
        let word = |value| read::<String>(value).and_then(|word| Word::of(&word));
        states.extend(state.map(word));
    }

    states.dedup();
    match states.as_slice() {
        [] => Ok(None),
        [state] => Ok(*state),
        _ => Err(Odd),
    }
}

/// Our own number for an order, as the panel repeats it.
fn uuid(entry: &Object<'_>) -> Read<Option<String>> {
    match id(entry, "order_uuid")? {
        // The panel's own number may stand under the shorter name.
        Some(ours) => Ok(Some(ours)),
        None => id(entry, "uuid"),
    }
}

fn id(entry: &Object<'_>, key: &str) -> Read<Option<String>> {
    let id = entry.one(key)?.filter(|value| !is_none(value));
    id.map(scalar).transpose()
}

/// Whether an order or a code stands beside an error.
fn speaks_of_an_order(answer: &Object<'_>) -> bool {
    let mut pairs = answer.pairs();
    // Panels number their errors under the key that codes have, too.
    pairs.any(|(key, value)| !(key == "code" && is_error_number(value)) && names(key, value))
}

/// Up to three digits: no code is that short.
fn is_error_number(value: &RawValue) -> bool {
    scalar(value).is_ok_and(|text| text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether this is an order or a code, or one stands in it, however deep.
fn names(key: &str, value: &RawValue) -> bool {
    let speaks = key.eq_ignore_ascii_case("order_id") || is_code_key(key);
    if speaks && !is_none(value) {
        return true;
    }
    if let Some(object) = read::<Object<'_>>(value) {
        return object.pairs().any(|(key, value)| names(key, value));
    }

    let list: Vec<&RawValue> = read(value).unwrap_or_default();
    list.into_iter().any(|value| names("", value))
}

/// All strings of an answer, folded, a line each.
fn said(value: &RawValue) -> String {
    if let Some(text) = read::<String>(value) {
        return folded(&text) + "\n";
    }
    if let Some(object) = read::<Object<'_>>(value) {
        return object.pairs().map(|(_, value)| said(value)).collect();
    }

    let list: Vec<&RawValue> = read(value).unwrap_or_default();
    list.into_iter().map(said).collect()
}
