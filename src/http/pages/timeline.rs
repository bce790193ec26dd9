//! The steps of an order and their facts, as people read them. Nothing recorded is left out because this
//! version has no words for it.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;

use super::{
    format::{Format, Moment},
    view::{Fact, Facts, Show, Tag},
    words,
};
use crate::{
    attention::trouble,
    order::{EventKind, HoldReason, Stage, words::hold},
    store::StoredEvent,
};

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) at: Moment,
    /// `good`, `warn`, `bad` or nothing.
    pub(crate) tone: &'static str,
    pub(crate) facts: Vec<Fact>,
}

/// A step for the page. One that only a later version knows is shown by its name.
#[must_use]
pub(crate) fn step(event: &StoredEvent, format: &Format) -> Step {
    let kind = EventKind::parse(&event.kind);
    Step {
        name: kind_name(&event.kind, format),
        at: format.moment(event.at),
        tone: kind.map_or("", tone),
        facts: facts(&event.detail, format),
    }
}

/// What a kind of event is called.
#[must_use]
pub(crate) fn kind_name(kind: &str, format: &Format) -> String {
    EventKind::parse(kind).map_or_else(
        || kind.to_owned(),
        |kind| format.lang.pick(words::event(kind)).to_owned(),
    )
}

const fn tone(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Completed | EventKind::Confirmed => "good",
        EventKind::Refused
        | EventKind::Unsure
        | EventKind::LeaseExpired
        | EventKind::Cancelled
        | EventKind::TimedOut
        | EventKind::Contradiction
        | EventKind::Overwritten
        | EventKind::Restored => "bad",

        EventKind::FellBack
        | EventKind::NotSent
        | EventKind::CheckFailed
        | EventKind::NotKnown
        | EventKind::CodeMissing
        | EventKind::Held
        | EventKind::Resend
        | EventKind::Withdrawn
        | EventKind::PinShown
        | EventKind::SoldAtALoss
        | EventKind::LateAnswer => "warn",

        // The usual steps have no colour, so that the others stand out.
        EventKind::Claimed
        | EventKind::Accepted
        | EventKind::Processing
        | EventKind::Checked
        | EventKind::Adopted
        | EventKind::Swept
        | EventKind::Released
        | EventKind::Resolved => "",
    }
}

/// The facts of an event, in words where there are some.
#[must_use]
pub(crate) fn facts(detail: &Value, format: &Format) -> Vec<Fact> {
    within(detail, format, words::detail_name, 0)
}

/// The figures of a report.
#[must_use]
pub(crate) fn report(figures: &Value, format: &Format) -> Vec<Fact> {
    within(figures, format, words::report_name, 0)
}

/// What is read first; the rest follows as it comes.
const FIRST: [&str; 18] = [
    "error",
    "who",
    "why",
    "result",
    "stage",
    "reason",
    "answer",
    "http_status",
    "trouble",
    "body",
    "database",
    "took_ms",
    "cost",
    "reference",
    "integration",
    "next_check",
    "where",
    "evidence",
];

type Names = fn(&str) -> Option<crate::text::Say>;

fn within(facts: &Value, format: &Format, name: Names, depth: u8) -> Vec<Fact> {
    let Some(map) = facts.as_object() else {
        return match facts {
            Value::Null => Vec::new(),
            other => Facts::default()
                .with("", value("", other, format, name, depth))
                .all(),
        };
    };

    let mut shown: Vec<_> = map.iter().filter(|(_, value)| !is_nothing(value)).collect();
    // The sort is stable: the rest keeps its order.
    shown.sort_by_key(|(key, _)| {
        let place = FIRST.iter().position(|first| first == key);
        place.unwrap_or(FIRST.len())
    });

    shown
        .into_iter()
        .map(|(key, found)| Fact {
            name: name(key).map_or_else(|| key.clone(), |say| format.lang.pick(say).to_owned()),
            show: value(key, found, format, name, depth),
        })
        .collect()
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn value(key: &str, value: &Value, format: &Format, name: Names, depth: u8) -> Show {
    let words = format.words();
    match value {
        // Deeper than that it is one text.
        Value::Object(_) if depth > 0 => Show::Long(line(value)),
        Value::Object(_) => Show::Facts(within(value, format, name, depth + 1)),
        Value::Array(list) => Show::Long(list.iter().map(line).collect::<Vec<_>>().join("\n")),
        Value::Bool(true) => Show::Text(words.page.yes.to_owned()),
        Value::Bool(false) => Show::Text(words.page.no.to_owned()),
        Value::Number(number) => match (key, number.as_f64()) {
            ("took_ms", Some(millis)) => Show::Said(format.millis(millis)),
            // A name rather than a count, so its digits are not grouped.
            ("http_status", _) => Show::Code(number.to_string()),
            _ => Show::Num(format.count(number)),
        },
        Value::String(text) => text_value(key, text, format),
        Value::Null => Show::Text(words.page.nothing.to_owned()),
    }
}

fn text_value(key: &str, text: &str, format: &Format) -> Show {
    let lang = format.lang;
    let said = |say: Option<crate::text::Say>| {
        Show::Text(say.map_or_else(|| text.to_owned(), |say| lang.pick(say).to_owned()))
    };

    match key {
        "answer" => said(words::answer_class(text)),
        "reason" | "held" => said(HoldReason::parse(text).map(hold)),
        "why" => said(words::withdrawn_why(text)),
        "where" | "what" => said(words::by_person(text)),
        "stage" | "from" | "to" => said(Stage::parse(text).map(words::stage)),
        "result" => Show::Text(kind_name(text, format)),
        "status" => said(words::shop_status(text)),
        "external_status" => said(words::external_status(text)),
        "body" => Show::Long(text.to_owned()),
        "error" => Show::Text(trouble(text, lang)),
        "reference" | "integration" => Show::Code(text.to_owned()),
        "cost" => match text.parse::<Decimal>() {
            Ok(cost) => Show::Said(format.money(cost, "TRY")),
            Err(_) => Show::Text(text.to_owned()),
        },
        // Times stand under many keys and are known by their form.
        _ => match text.parse::<DateTime<Utc>>() {
            Ok(at) => Show::Time(format.moment(at)),
            Err(_) => Show::Text(text.to_owned()),
        },
    }
}

/// An entry of a list on a line.
fn line(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => {
            // What says nothing is left out, as in `within`.
            let parts = map.iter().filter(|(_, value)| !is_nothing(value));
            let parts: Vec<String> = parts
                .map(|(key, value)| format!("{key}: {}", line(value)))
                .collect();
            parts.join(", ")
        }
        other => other.to_string(),
    }
}

/// Where an order stands.
#[must_use]
pub(crate) fn stage_tag(stage: Stage, format: &Format) -> Tag {
    let tone = match stage {
        Stage::Completed => "good",
        Stage::Held | Stage::Unconfirmed => "warn",
        Stage::Failed | Stage::TimedOut => "bad",
        Stage::Queued | Stage::Dispatching | Stage::Submitted => "info",
        Stage::Withdrawn => "",
    };
    Tag::new(format.lang.pick(words::stage(stage)), tone)
}
