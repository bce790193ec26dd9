//! Where a page of orders ended, as the API, the command line and the pages hand it back.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::order::OrderId;

/// The key of a page's last order: what is inserted meanwhile neither hides an order nor shows one twice.
/// As text microseconds and an id, which need no escaping in an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct OrderCursor {
    pub(crate) at: DateTime<Utc>,
    pub(crate) order: OrderId,
}

#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not a cursor that an earlier page named")]
pub(crate) struct InvalidCursor;

/// A time that Postgres can hold: from 1970 to the year 9999.
pub(crate) fn time_of(micros: i64) -> Option<DateTime<Utc>> {
    const END: i64 = 253_402_300_800_000_000;
    let micros = Some(micros).filter(|micros| (0..END).contains(micros))?;
    DateTime::from_timestamp_micros(micros)
}

/// Cuts rows, of which one more than wanted was asked for; whether there is another page.
pub(crate) fn cut_page<T>(rows: &mut Vec<T>, wanted: usize) -> bool {
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    more
}

impl fmt::Display for OrderCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.timestamp_micros(), self.order)
    }
}

impl FromStr for OrderCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (at, order) = text.split_once('.').ok_or(InvalidCursor)?;
        // It comes from outside: a time that Postgres cannot hold would fail the statement.
        let at = at.parse().ok().and_then(time_of).ok_or(InvalidCursor)?;
        let order = Uuid::parse_str(order).map_err(|_| InvalidCursor)?;
        Ok(Self {
            at,
            order: OrderId(order),
        })
    }
}

impl TryFrom<String> for OrderCursor {
    type Error = InvalidCursor;

    fn try_from(text: String) -> Result<Self, InvalidCursor> {
        text.parse()
    }
}

impl From<OrderCursor> for String {
    fn from(cursor: OrderCursor) -> Self {
        cursor.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_to_the_microsecond() {
        let at = DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap();
        let order = OrderId(Uuid::from_u128(7));
        let cursor = OrderCursor { at, order };
        assert_eq!(cursor.to_string().parse::<OrderCursor>().unwrap(), cursor);
        let year_10000 = format!("253402300800000000.{order}");
        for text in ["", "1", "x.y", "1.2", "99999999999999999999.x", &year_10000] {
            assert!(text.parse::<OrderCursor>().is_err(), "{text}");
        }
    }
}
