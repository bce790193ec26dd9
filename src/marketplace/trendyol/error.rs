//! What an answer that is no success means.
//!
//! Trendyol has at least five shapes for an error, and its edge answers with pages. What must stay true: the
//! class follows from the status, except for the two refusals that may come with any status (the 15-minute
//! rule, an announced closing), and no text leaves with a key in it.

use std::time::Duration;

use chrono::DateTime;
use reqwest::{
    StatusCode,
    header::{DATE, HeaderMap, RETRY_AFTER},
};
use serde_json::value::RawValue;

use super::{account::Account, wire::Fields};
use crate::{
    marketplace::{MarketError, PushNotSent, PushOutcome},
    order::cut,
    outbound::{Answer, Trouble},
};

/// Characters kept of Trendyol's text.
const TEXT_CHARS: usize = 300;

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing, or not all of it, came back.
    Network(Trouble),
    /// One call too many; the pause that the header asks for, if there is one.
    TooMany(Option<Duration>),
    /// Any other error.
    Answer(Complaint),
}

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) class: Class,
    pub(super) status: u16,
    pub(super) key: Option<String>,
    pub(super) text: String,
    /// Whether it came from the edge, which knows nothing of sellers.
    pub(super) page: bool,
    /// Whether it names the path that was called, as the gateway does of one that it does not know.
    pub(super) path: bool,
}

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The same was sent within the last 15 minutes.
    Duplicate,
    Auth,
    Forbidden,
    NotFound,
    Gone,
    Transient,
    /// A transient fault that has lasted for too long to be one.
    Blocked,
    Rejected,
}

/// Reads an answer whose status is not a success.
pub(super) fn failure(answer: &Answer, text: &str, account: &Account) -> Failure {
    let words = Words::of(text);
    let (status, headers) = (answer.status, &answer.headers);
    // Before the status: the 15-minute rule is documented by its text only, and may come with any.
    let duplicate = words.is_duplicate();
    if !duplicate && is_one_too_many(status, &words) {
        return Failure::TooMany(retry_after(headers));
    }

    Failure::Answer(Complaint {
        class: if duplicate {
            Class::Duplicate
        } else {
            class(status, &words, account.is_stage())
        },
        status: status.as_u16(),
        key: words.key.as_deref().map(|key| account.clean(key)),
        text: cut(&account.clean(&words.shown(status)), TEXT_CHARS),
        page: words.page,
        path: words.path.is_some(),
    })
}

/// A success that does not bring what it should. Its text is added, unless it may hold records: those are never
/// quoted.
pub(super) fn unreadable(detail: &str, text: &str, account: &Account) -> MarketError {
    let words = Words::of(text);
    let shown = cut(&account.clean(&words.shown(StatusCode::OK)), TEXT_CHARS);

    if words.announces_closing() {
        let status = StatusCode::OK.as_u16();
        return MarketError::Gone {
            status,
            text: shown,
        };
    }

    MarketError::Unreadable {
        detail: format!("{detail}; {shown}"),
    }
}

/// Whether a text is the refusal of the 15-minute rule, for which Trendyol has no code.
pub(super) fn is_duplicate(text: &str) -> bool {
    // Either half of the sentence: no whole answer has been published.
    let text = text.to_lowercase();
    text.contains("15 dakika") || text.contains("aynı isteği")
}

fn is_one_too_many(status: StatusCode, words: &Words) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || words.key.as_deref() == Some("too.many.requests")
}

fn class(status: StatusCode, words: &Words, stage: bool) -> Class {
    if words.announces_closing() {
        return Class::Gone;
    }

    match status.as_u16() {
        401 => Class::Auth,
        403 => Class::Forbidden,
        // The test environment answers so to an address that is not on its list.
        503 if stage => Class::Forbidden,
        404 => Class::NotFound,
        // Redirects are not followed: the path has moved.
        300..=399 | 410 | 426 => Class::Gone,
        408 | 500.. => Class::Transient,
        _ => Class::Rejected,
    }
}

/// What an error's body says.
#[derive(Debug, Default)]
struct Words<'a> {
    raw: &'a str,
    key: Option<String>,
    says: Vec<String>,
    page: bool,
    path: Option<String>,
}

impl<'a> Words<'a> {
    fn of(raw: &'a str) -> Self {
        let mut words = Self {
            raw,
            page: raw.starts_with('<'),
            ..Self::default()
        };

        if let Ok(raw) = serde_json::from_str::<&RawValue>(raw) {
            words.read(raw);
        }

        words
    }

    fn read(&mut self, raw: &RawValue) {
        let Some(fields) = Fields::of(raw) else {
            self.says.extend(super::wire::text(raw));
            return;
        };

        for error in fields.list(&["errors"]).unwrap_or_default() {
            let Some(error) = Fields::of(error) else {
                self.says.extend(super::wire::text(error));
                continue;
            };
            // The key is the only stable part; of several errors the first one names the cause.
            self.key = self.key.take().or_else(|| error.text(&["key"]));
            self.says.extend(error.text(&["message", "key"]));
        }

        for name in ["message", "error", "exception"] {
            self.says.extend(fields.text(&[name]));
        }

        self.path = fields.text(&["path"]);
        self.key = self
            .key
            .take()
            .or_else(|| fields.text(&["key", "error", "exception"]));
    }

    /// Trendyol closes old paths for a while before it closes them for good.
    fn announces_closing(&self) -> bool {
        self.raw.contains("scheduled brownout")
    }

    fn is_duplicate(&self) -> bool {
        is_duplicate(self.raw) || self.says.iter().any(|text| is_duplicate(text))
    }

    fn shown(&self, status: StatusCode) -> String {
        if self.page {
            return format!("a page{}", title(self.raw));
        }
        if !self.says.is_empty() {
            let path = self.path.iter().map(|path| format!("path {path}"));
            let says: Vec<String> = self.says.iter().cloned().chain(path).collect();
            return says.join("; ");
        }

        match self.raw.chars().next() {
            None => format!("status {status} without a text"),
            // Not understood, so it may be about customers.
            Some('{' | '[') => format!("status {status} with JSON that says nothing about it"),
            Some(_) => self.raw.to_owned(),
        }
    }
}

/// A page's title, which is where it says what is wrong.
fn title(page: &str) -> String {
    let title = page
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"));
    title.map_or_else(String::new, |(title, _)| format!(": {}", title.trim()))
}

/// Seconds, or a date, which is compared with the server's own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return (seconds > 0).then(|| Duration::from_secs(seconds));
    }

    let now = DateTime::parse_from_rfc2822(headers.get(DATE)?.to_str().ok()?).ok()?;
    let until = DateTime::parse_from_rfc2822(value).ok()?;
    (until - now).to_std().ok().filter(|wait| !wait.is_zero())
}

impl Failure {
    /// `paused` is how long the group of calls now waits, if it was asked to.
    pub(super) fn into_error(self, paused: Duration) -> MarketError {
        match self {
            Self::Network(trouble) => MarketError::Unreachable {
                trouble: trouble.to_string(),
            },
            Self::TooMany(_) => MarketError::RateLimited {
                retry_after: paused,
            },
            Self::Answer(complaint) => complaint.into(),
        }
    }

    /// `paused` is how long the group of calls now waits, if it was asked to.
    pub(super) fn into_outcome(self, paused: Duration) -> PushOutcome {
        match self {
            Self::Network(trouble) if trouble.not_sent().is_some() => {
                PushOutcome::NotSent(PushNotSent::Connection(trouble.to_string()))
            }
            Self::Network(trouble) => PushOutcome::Unknown {
                why: trouble.to_string(),
            },
            Self::TooMany(_) => PushOutcome::RateLimited {
                retry_after: paused,
            },
            Self::Answer(complaint) => complaint.into(),
        }
    }
}

impl From<Complaint> for MarketError {
    fn from(complaint: Complaint) -> Self {
        let Complaint {
            class,
            status,
            key,
            text,
            ..
        } = complaint;

        match class {
            Class::Auth => Self::Auth { text },
            Class::Forbidden => Self::Forbidden { text },
            // Callers for whom nothing was found may be an answer have checked that before.
            Class::NotFound | Class::Gone => Self::Gone { status, text },
            Class::Transient => Self::Transient { status, text },
            Class::Blocked => Self::Blocked { status, text },
            Class::Duplicate | Class::Rejected => Self::Rejected { status, key, text },
        }
    }
}

impl From<Complaint> for PushOutcome {
    fn from(complaint: Complaint) -> Self {
        let Complaint {
            class,
            status,
            key,
            text,
            ..
        } = complaint;

        match class {
            Class::Duplicate => Self::DuplicateWindow,
            Class::Auth => Self::Auth { text },
            Class::Forbidden => Self::Forbidden { text },
            Class::NotFound | Class::Gone => Self::Gone { status, text },
            // A gateway may fail after the push was queued.
            Class::Transient => Self::Unknown {
                why: format!("status {status}: {text}"),
            },
            Class::Blocked => Self::Unknown {
                why: MarketError::Blocked { status, text }.to_string(),
            },
            Class::Rejected => Self::Rejected { status, key, text },
        }
    }
}

#[cfg(test)]
mod tests;
