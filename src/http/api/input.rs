//! What requests may say. What must stay true: a value that is not allowed never gets further than here.

use chrono::{DateTime, Datelike, Utc};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{http::problem::Problem, store::Person, worker::signature};

/// Longest text that is looked for.
pub(super) const LONGEST: usize = 200;

/// No parameters at all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// A short text without control characters, without blanks around it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Text(pub(super) String);

impl TryFrom<String> for Text {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        match text.chars().count() {
            0 => Err("a text must not be empty".to_owned()),
            length if length > LONGEST => {
                Err(format!("a text must have at most {LONGEST} characters"))
            }
            _ if text.chars().any(char::is_control) => {
                Err("a text must not hold control characters".to_owned())
            }
            _ => Ok(Self(text.to_owned())),
        }
    }
}

/// A time that a database can hold.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "DateTime<Utc>")]
pub(super) struct Time(pub(super) DateTime<Utc>);

impl TryFrom<DateTime<Utc>> for Time {
    type Error = &'static str;

    fn try_from(time: DateTime<Utc>) -> Result<Self, Self::Error> {
        if (1970..=9999).contains(&time.year()) {
            Ok(Self(time))
        } else {
            Err("a time must lie between the years 1970 and 9999")
        }
    }
}

/// Who acts and why; kept for ever.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Signed {
    /// Who acts.
    #[schema(min_length = 1, max_length = 500)]
    pub(super) by: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    pub(super) reason: String,
}

/// The person who signs.
pub(super) fn person(by: &str, reason: &str) -> Result<Person, Problem> {
    let words = |name: &'static str, text: &str| {
        signature::words(text).map_err(|fault| Problem::invalid(name, format!("{name} {fault}")))
    };
    Ok(Person {
        who: words("by", by)?,
        why: words("reason", reason)?,
    })
}

impl Signed {
    pub(super) fn person(&self) -> Result<Person, Problem> {
        person(&self.by, &self.reason)
    }
}

/// An order of the path.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OrderPath {
    /// The order's id.
    pub(super) order: uuid::Uuid,
}
