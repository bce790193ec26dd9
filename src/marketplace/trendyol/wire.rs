//! JSON as Trendyol writes it: numbers as texts, texts as numbers, fields renamed and missing.
//!
//! What must stay true: nothing here fails because of a field that nobody asks for, numbers keep all of their
//! digits (parcel numbers are longer than 64 bits, money is exact), and no text of a body is in a reason.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::value::RawValue;

use crate::{
    marketplace::{MarketError, Page},
    stock::{Personal, Unreadable},
};

/// The fields of one object. Of a name that stands there twice the last one counts.
#[derive(Default)]
pub(super) struct Fields<'a>(HashMap<String, &'a RawValue>);

/// An answer's body as one object.
pub(super) fn body(text: &str) -> Result<Fields<'_>, MarketError> {
    match serde_json::from_str(text) {
        Ok(fields) => Ok(Fields(fields)),
        // The library's own words may quote the body.
        Err(error) => Err(MarketError::Unreadable {
            detail: format!(
                "no JSON object (line {}, column {})",
                error.line(),
                error.column()
            ),
        }),
    }
}

impl<'a> Fields<'a> {
    /// `None` when the value is no object.
    pub(super) fn of(raw: &'a RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok().map(Self)
    }

    /// The first of these names that is there and not null: the current name first, then older ones.
    pub(super) fn raw(&self, names: &[&str]) -> Option<&'a RawValue> {
        let mut there = names.iter().filter_map(|name| self.0.get(*name).copied());
        there.find(|raw| raw.get() != "null")
    }

    /// The first of these names that can be read.
    fn read<T>(&self, names: &[&str], read: impl Fn(&RawValue) -> Option<T>) -> Option<T> {
        let mut there = names.iter().filter_map(|name| self.0.get(*name));
        there.find_map(|raw| read(raw))
    }

    /// A text, or a number to the digit. Without blanks around it; an empty one is `None`.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        self.read(names, text)
    }

    pub(super) fn personal(&self, names: &[&str]) -> Option<Personal> {
        self.text(names).map(Personal::from)
    }

    /// A whole number, also between quotes.
    pub(super) fn int(&self, names: &[&str]) -> Option<i64> {
        self.read(names, int)
    }

    /// A number of pieces: whole and not negative.
    pub(super) fn count(&self, names: &[&str]) -> Option<i32> {
        let count = |raw: &RawValue| i32::try_from(int(raw)?).ok();
        self.read(names, |raw| count(raw).filter(|count| *count >= 0))
    }

    pub(super) fn decimal(&self, names: &[&str]) -> Option<Decimal> {
        self.read(names, |raw| decimal(&text(raw)?))
    }

    pub(super) fn flag(&self, names: &[&str]) -> Option<bool> {
        self.read(names, |raw| match text(raw)?.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        })
    }

    /// Milliseconds since 1970, or a written date. 0 means that there is none.
    pub(super) fn time(&self, names: &[&str]) -> Option<DateTime<Utc>> {
        self.read(names, time)
    }

    pub(super) fn object(&self, names: &[&str]) -> Option<Self> {
        let mut there = names.iter().filter_map(|name| self.0.get(*name).copied());
        there.find_map(Fields::of)
    }

    /// The elements of a list; a single value is a list of one. `None` when it is missing or null.
    pub(super) fn list(&self, names: &[&str]) -> Option<Vec<&'a RawValue>> {
        let raw = self.raw(names)?;
        Some(serde_json::from_str(raw.get()).unwrap_or_else(|_| vec![raw]))
    }
}

/// The records of a page. None at all is an error, unless the page says that there are none.
pub(super) fn content<'a>(
    body: &Fields<'a>,
    may_be_none: bool,
) -> Result<Vec<&'a RawValue>, MarketError> {
    match body.list(&["content"]) {
        Some(list) => Ok(list),
        None if may_be_none => Ok(Vec::new()),
        None => Err(MarketError::Unreadable {
            detail: missing("content"),
        }),
    }
}

/// Puts a page (the first is 0) of at most `size` records together.
pub(super) fn page<T>(
    body: &Fields<'_>,
    records: Vec<T>,
    unreadable: Vec<Unreadable>,
    number: u32,
    size: usize,
) -> Page<T> {
    // What cannot be read stands on the page as well.
    let count = records.len() + unreadable.len();
    let pages = body.int(&["totalPages"]);

    Page {
        records,
        unreadable,
        total: body
            .int(&["totalElements"])
            .and_then(|total| u64::try_from(total).ok()),
        // An empty page ends the list whatever it says of further ones, or it would never end.
        last: count == 0 || pages.map_or(count < size, |pages| i64::from(number) + 1 >= pages),
    }
}

/// Reads each element by itself: one that cannot be read is named, and its neighbours are kept.
pub(super) fn each<'a, T>(
    list: &[&'a RawValue],
    place: &str,
    ids: &[&str],
    read: impl Fn(&Fields<'a>) -> Result<T, String>,
) -> (Vec<T>, Vec<Unreadable>) {
    let mut good = Vec::with_capacity(list.len());
    let mut bad = Vec::new();

    for (index, raw) in list.iter().enumerate() {
        let fields = Fields::of(raw);
        let read = fields.as_ref().map_or_else(
            || Err("it is no JSON object that can be read".to_owned()),
            &read,
        );

        match read {
            Ok(record) => good.push(record),
            Err(reason) => bad.push(Unreadable {
                record: fields
                    .and_then(|fields| fields.text(ids))
                    .unwrap_or_else(|| format!("{place}#{index}")),
                reason,
            }),
        }
    }

    (good, bad)
}

/// The reason for a field without which a record means nothing.
pub(super) fn missing(name: &str) -> String {
    format!("{name} is missing or cannot be read")
}

/// The text of a text, a number or a truth value.
pub(super) fn text(raw: &RawValue) -> Option<String> {
    let text = match raw.get().as_bytes().first()? {
        b'"' => serde_json::from_str(raw.get()).ok()?,
        b'{' | b'[' | b'n' => return None,
        _ => raw.get().to_owned(),
    };

    // Postgres refuses NUL, and the other control characters only hide in displays.
    let text = text.replace(|c: char| c.is_control() && !c.is_whitespace(), "");
    let bare = text.trim();
    (!bare.is_empty()).then(|| bare.to_owned())
}

pub(super) fn int(raw: &RawValue) -> Option<i64> {
    let text = text(raw)?;
    if let Ok(int) = text.parse() {
        return Some(int);
    }

    // `7.0` and `1e3` are whole numbers, too.
    let decimal = decimal(&text)?;
    decimal.is_integer().then(|| i64::try_from(decimal).ok())?
}

/// To the digit, or not at all.
fn decimal(text: &str) -> Option<Decimal> {
    // The library takes `1_0` for 10, and rounds a number of too many digits that has an exponent.
    let mantissa = text.split(['e', 'E']).next()?;
    let exact = Decimal::from_str_exact(mantissa)
        .ok()
        .filter(|_| !text.contains('_'))?;
    if mantissa.len() == text.len() {
        return Some(exact);
    }
    Decimal::from_scientific(text).ok()
}

fn time(raw: &RawValue) -> Option<DateTime<Utc>> {
    match int(raw) {
        Some(ms) if ms > 0 => DateTime::from_timestamp_millis(ms),
        Some(_) => None,
        None => DateTime::parse_from_rfc3339(&text(raw)?)
            .ok()
            .map(|time| time.to_utc()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(text: &str) -> Fields<'_> {
        body(text).unwrap()
    }

    #[test]
    fn values_are_read_however_they_are_written() {
        let json = r#"{"a":7,"b":"7","c":7.0,"d":"x","e":null,"f":[7],"g":72602420957047272632,
            "h":498.90,"i":"  M ","j":"","k":1762865408581,"l":"2025-05-08T11:37:07.950+00:00",
            "m":0,"n":true,"o":"a\u0000b","p":-1,"q":1e3,"r":"1","s":12.5,"t":"\ud800","u":"1_0",
            "v":"1.00000000000000000000000000000000001e1"}"#;
        let fields = fields(json);
        for (name, want) in [
            ("a", Some(7)),
            ("b", Some(7)),
            ("c", Some(7)),
            ("d", None),
            ("e", None),
            ("f", None),
            ("g", None),
            ("p", Some(-1)),
            ("q", Some(1000)),
            ("s", None),
            ("u", None),
            ("none", None),
        ] {
            assert_eq!(fields.int(&[name]), want, "{name}");
        }
        for (name, want) in [
            ("a", Some("7")),
            ("g", Some("72602420957047272632")),
            ("i", Some("M")),
            ("j", None),
            ("e", None),
            ("f", None),
            ("n", Some("true")),
            ("o", Some("ab")),
            ("t", None),
        ] {
            assert_eq!(fields.text(&[name]).as_deref(), want, "{name}");
        }
        assert_eq!(fields.decimal(&["h"]), Some(Decimal::new(49_890, 2)));
        assert_eq!(fields.count(&["p"]), None);
        assert_eq!(fields.decimal(&["u"]), None);
        assert_eq!(fields.decimal(&["v"]), None);
        assert_eq!(
            fields.time(&["k"]).unwrap().timestamp_millis(),
            1_762_865_408_581
        );
        assert_eq!(
            fields.time(&["l"]).unwrap().timestamp_millis(),
            1_746_704_227_950
        );
        assert_eq!(fields.time(&["m"]), None);
        assert_eq!(fields.flag(&["n"]), Some(true));
        assert_eq!(fields.flag(&["r"]), Some(true));
        assert_eq!(fields.flag(&["d"]), None);
        assert_eq!(fields.list(&["f"]).unwrap().len(), 1);
        assert_eq!(fields.list(&["a"]).unwrap().len(), 1);
        assert!(fields.list(&["e"]).is_none());
    }

    #[test]
    fn the_current_name_goes_before_the_older_one() {
        let both = fields(r#"{"id":1,"shipmentPackageId":2}"#);
        assert_eq!(both.int(&["shipmentPackageId", "id"]), Some(2));
        let spoilt = fields(r#"{"id":1,"shipmentPackageId":null}"#);
        assert_eq!(spoilt.int(&["shipmentPackageId", "id"]), Some(1));
    }

    proptest! {
        #[test]
        fn every_element_is_kept_or_named(texts in prop::collection::vec(any_json(), 0..8)) {
            let json = format!("{{\"list\":[{}]}}", texts.join(","));
            let fields = body(&json).unwrap();
            let list = fields.list(&["list"]).unwrap();
            prop_assert_eq!(list.len(), texts.len());
            let (good, bad) = each(&list, "", &["id"], |fields| {
                fields.int(&["id"]).ok_or_else(|| missing("id"))
            });
            prop_assert_eq!(good.len() + bad.len(), texts.len());
        }

        #[test]
        fn exact_numbers_stay_exact(cents in -99_999_999_i64..99_999_999) {
            let sum = Decimal::new(cents, 2);
            let json = format!("{{\"n\":{sum},\"t\":\"{sum}\"}}");
            let fields = body(&json).unwrap();
            prop_assert_eq!(fields.decimal(&["n"]), Some(sum));
            prop_assert_eq!(fields.decimal(&["t"]), Some(sum));
        }
    }

    fn any_json() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("null".to_owned()),
            Just("{}".to_owned()),
            Just("[]".to_owned()),
            Just("\"\\ud800\"".to_owned()),
            any::<i64>().prop_map(|id| format!("{{\"id\":{id}}}")),
            any::<u128>().prop_map(|id| format!("{{\"id\":\"{id}\"}}")),
            any::<u128>().prop_map(|n| n.to_string()),
        ]
    }
}
