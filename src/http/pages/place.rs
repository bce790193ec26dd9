//! A place in a list, as an address hands it on.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, de::Error};
use uuid::Uuid;

use crate::{order::OrderId, store::Place};

/// The place behind an order: microseconds and its id, which need no escaping in an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub Place);

/// Not a place.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not a place that an earlier page named")]
pub struct InvalidCursor;

impl Cursor {
    /// The place behind that order.
    #[must_use]
    pub const fn at(at: DateTime<Utc>, order: OrderId) -> Self {
        Self(Place { at, order })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.0.at.timestamp_micros(), self.0.order)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (at, order) = text.split_once('_').ok_or(InvalidCursor)?;
        let at = at.parse().ok().and_then(DateTime::from_timestamp_micros);
        let order = Uuid::parse_str(order).map_err(|_| InvalidCursor)?;
        Ok(Self::at(at.ok_or(InvalidCursor)?, OrderId(order)))
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_to_the_microsecond() {
        let at = DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap();
        let place = Cursor::at(at, OrderId(Uuid::from_u128(7)));
        assert_eq!(place.to_string().parse::<Cursor>().unwrap(), place);
        for text in ["", "1", "x_y", "1_2", "99999999999999999999_x"] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
