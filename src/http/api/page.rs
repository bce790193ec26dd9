//! Lists in pages. A cursor is the key of the last row that was shown; to clients it is opaque.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as CODE};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::problem::{Code, Problem},
    store::{cut_page, time_of},
    telemetry::chain,
};

const MOST: u32 = 500;
const USUAL: u32 = 50;
const LONGEST_CURSOR: usize = 2000;

/// Which page.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Turn {
    /// Maximum number of rows.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, default = 50)]
    pub(super) limit: Option<Limit>,
    /// `next` of the page before.
    pub(super) cursor: Option<String>,
}

/// How many rows of a page.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct Limit(u32);

impl TryFrom<u32> for Limit {
    type Error = String;

    fn try_from(limit: u32) -> Result<Self, String> {
        if (1..=MOST).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err(format!("limit must be from 1 to {MOST}"))
        }
    }
}

impl Limit {
    /// Rows of a page.
    pub(super) fn rows(limit: Option<Self>) -> usize {
        limit.map_or(USUAL, |limit| limit.0) as usize
    }

    /// One more tells whether there is another page.
    pub(super) fn asked(limit: Option<Self>) -> i64 {
        i64::from(limit.map_or(USUAL, |limit| limit.0)) + 1
    }
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The rows.
    items: Vec<T>,
    /// Hand it back as `cursor` for the next page; null on the last one.
    next: Option<String>,
}

impl<T> Page<T> {
    /// Of rows of which one more than wanted was asked for. `key` names a row for the cursor of
    /// this list.
    pub(super) fn of<K: Serialize>(
        mut rows: Vec<T>,
        limit: Option<Limit>,
        list: &str,
        key: impl FnOnce(&T) -> K,
    ) -> Result<Self, Problem> {
        let more = cut_page(&mut rows, Limit::rows(limit));
        let next = rows.last().filter(|_| more).map(key);
        Self::with(rows, list, next)
    }

    /// Of rows whose reader knows where the next page begins.
    pub(super) fn with<K: Serialize>(
        items: Vec<T>,
        list: &str,
        key: Option<K>,
    ) -> Result<Self, Problem> {
        let next = key.map(|key| cursor(list, key)).transpose()?;
        Ok(Self { items, next })
    }
}

fn cursor<K: Serialize>(list: &str, key: K) -> Result<String, Problem> {
    let text = serde_json::to_vec(&(list, key)).map_err(|error| {
        tracing::error!(error = chain(&error), "no cursor");
        Problem::new(Code::Internal, "the log of orderwatch says what went wrong")
    })?;
    Ok(CODE.encode(text))
}

/// The key in a cursor of this list.
pub(super) fn place<K: DeserializeOwned>(
    list: &str,
    cursor: Option<&str>,
) -> Result<Option<K>, Problem> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };

    let wrong = || {
        let detail = "cursor must be the value of `next` that an earlier page of this list had";
        Problem {
            parameter: Some("cursor".into()),
            ..Problem::new(Code::BadRequest, detail)
        }
    };
    // Before it is decoded: it comes from outside.
    if cursor.len() > LONGEST_CURSOR {
        return Err(wrong());
    }

    let bytes = CODE.decode(cursor).map_err(|_| wrong())?;
    let (of, key): (String, K) = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    // The key of another list means something else in this one.
    if of == list {
        Ok(Some(key))
    } else {
        Err(wrong())
    }
}

/// A time in a cursor: exact, and one that a database can hold.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub(super) struct At(pub(super) DateTime<Utc>);

impl From<At> for i64 {
    fn from(at: At) -> Self {
        at.0.timestamp_micros()
    }
}

impl TryFrom<i64> for At {
    type Error = &'static str;

    fn try_from(micros: i64) -> Result<Self, Self::Error> {
        time_of(micros).map(Self).ok_or("no time")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_of_its_list() {
        let at = At(DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap());
        let text = cursor("orders", (at, 7)).unwrap();
        let back: Option<(At, i32)> = place("orders", Some(&text)).unwrap();
        assert_eq!(back.map(|(at, seven)| (at.0, seven)), Some((at.0, 7)));
        assert!(place::<(At, i32)>("stock", Some(&text)).is_err());
        assert!(place::<i32>("orders", Some(&text)).is_err());
        for bad in ["", "x", "????", &"A".repeat(2000)] {
            assert!(place::<i32>("orders", Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_page_says_whether_there_is_another() {
        let page = |rows: Vec<i32>| Page::of(rows, Some(Limit(2)), "x", |row| *row).unwrap();
        let whole = page(vec![1, 2]);
        assert_eq!((whole.items, whole.next), (vec![1, 2], None));
        let part = page(vec![1, 2, 3]);
        assert_eq!(part.items, [1, 2]);
        let after: Option<i32> = place("x", part.next.as_deref()).unwrap();
        assert_eq!(after, Some(2));
    }
}
