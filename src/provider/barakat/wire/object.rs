//! JSON objects as a panel wrote them: each pair in its place, no value read before it is asked for.
//!
//! A map keeps the last of two pairs and makes floats of numbers; a code or a status must not pass
//! through either. What must stay true: a key that is given twice with different values is [`Odd`],
//! and a code comes out with the characters that it was sent with, or not at all.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use crate::provider::redact::BETWEEN_CODES;

/// Where a code may stand, first come first.
const CODE_KEYS: [&str; 4] = ["pin", "code", "voucher", "serial"];
/// Where a code may stand, or words that repeat it.
pub(super) const SECRET_KEYS: [&str; 5] = ["pin", "code", "voucher", "serial", "replay_api"];
/// Where the shop's own adapter looks for words, and panels put codes.
const REPLAY_KEY: &str = "replay_api";
/// Where words for people may stand, first come first.
const TEXT_KEYS: [&str; 7] = [
    "note",
    "message",
    "desc",
    "text",
    "error",
    "status_text",
    "statusMessage",
];

/// The answer is not understood.
#[derive(Debug)]
pub(super) struct Odd;

pub(super) type Read<T> = Result<T, Odd>;

/// The pairs of an object, as many as were written.
pub(super) struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Object(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

impl<'a> Object<'a> {
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), *value))
    }

    fn all(&self, key: &str) -> impl Iterator<Item = &'a RawValue> {
        let named = self.pairs().filter(move |(name, _)| *name == key);
        named.map(|(_, value)| value)
    }

    /// The value of a key, `null` being none.
    pub(super) fn one(&self, key: &str) -> Read<Option<&'a RawValue>> {
        let mut values = self.all(key);
        let first = values.next();
        // An answer that contradicts itself settles nothing.
        if values.any(|other| first.is_some_and(|first| first.get() != other.get())) {
            return Err(Odd);
        }

        Ok(first.filter(|value| value.get() != "null"))
    }

    /// Its code. The first key that has one counts, as in the shop; only a serial number is added to it
    /// (`code / serial`), because many vouchers are of no use without. Where no key has one, what stands in
    /// `replay_api` is the code, unless it is plainly a sentence: several pieces have several codes there.
    pub(super) fn code(&self) -> Read<Option<String>> {
        let mut code: Option<String> = None;
        for key in CODE_KEYS {
            let Some(next) = self.one(key)?.map(code_in).transpose()?.flatten() else {
                continue;
            };
            code = match code {
                None => Some(next),
                Some(first) if key == "serial" && first != next => {
                    Some([&*first, BETWEEN_CODES, &next].concat())
                }
                first => first,
            };
        }

        let replayed = || {
            self.all(REPLAY_KEY)
                .flat_map(strings)
                .filter(|text| !is_sentence(text))
        };
        Ok(code.or_else(|| joined(replayed().collect())))
    }

    /// Whether a code stands under a key of its own.
    pub(super) fn has_code(&self) -> bool {
        let mut values = CODE_KEYS.iter().flat_map(|key| self.all(key));
        values.any(|value| !is_none(value))
    }

    /// Its words for people, trimmed; blank ones are left out.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        // A code is no text, whoever reads it.
        let replayed = self
            .all(REPLAY_KEY)
            .flat_map(strings)
            .filter(|text| is_sentence(text));
        let values = TEXT_KEYS.iter().flat_map(|key| self.all(key));
        let texts = replayed.chain(values.flat_map(strings));
        texts.filter(|text| !text.is_empty())
    }

    /// The first of its words for people; empty when there are none.
    pub(super) fn text(&self) -> String {
        self.texts().next().unwrap_or_default()
    }
}

/// A whole text of one JSON value, if it is that.
pub(super) fn parse(text: &str) -> Option<&RawValue> {
    // It reads every letter and refuses to go very deep, so that nothing below has to.
    serde_json::from_str::<Value>(text).ok()?;
    serde_json::from_str(text).ok()
}

/// A value as something of this type, if it is that.
pub(super) fn read<'a, T: Deserialize<'a>>(value: &'a RawValue) -> Option<T> {
    serde_json::from_str(value.get()).ok()
}

/// A string, or a number in the digits that were sent.
pub(super) fn scalar(value: &RawValue) -> Read<String> {
    if value
        .get()
        .starts_with(|c: char| c == '-' || c.is_ascii_digit())
    {
        return Ok(value.get().to_owned());
    }
    read(value).ok_or(Odd)
}

/// Any way of writing "nothing": `null`, `false`, the number 0, blanks or dashes.
pub(super) fn is_none(value: &RawValue) -> bool {
    let blank = |text: String| {
        let dash = |c: char| matches!(c, '-' | '–' | '—');
        text.chars().all(|c| c.is_whitespace() || dash(c))
    };
    matches!(value.get(), "null" | "false" | "0") || read(value).is_some_and(blank)
}

pub(super) fn is_code_key(key: &str) -> bool {
    CODE_KEYS.iter().any(|name| name.eq_ignore_ascii_case(key))
}

pub(super) fn is_secret_key(key: &str) -> bool {
    let key = key.trim();
    SECRET_KEYS
        .iter()
        .any(|name| name.eq_ignore_ascii_case(key))
}

fn code_in(value: &RawValue) -> Read<Option<String>> {
    if is_none(value) {
        return Ok(None);
    }

    if let Some(list) = read::<Vec<&RawValue>>(value) {
        let codes = list.into_iter().map(code_in).collect::<Read<Vec<_>>>()?;
        return Ok(joined(codes.into_iter().flatten().collect()));
    }

    let code = scalar(value)?;
    let is_string = value.get().starts_with('"');
    // Digits that went through a float may be others by now.
    if !is_string && !code.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Odd);
    }

    // A letter that was lost makes it another code, and the database takes no hidden ones.
    if code.contains(|c| c == char::REPLACEMENT_CHARACTER || is_hidden(c)) {
        return Err(Odd);
    }
    Ok(Some(code.trim().to_owned()))
}

/// Several codes as one text, since the shop has one column for them.
fn joined(codes: Vec<String>) -> Option<String> {
    let codes: Vec<String> = codes.into_iter().filter(|code| !code.is_empty()).collect();
    (!codes.is_empty()).then(|| codes.join(BETWEEN_CODES))
}

/// Words for people: letters that no code has and not a digit, or several words.
fn is_sentence(text: &str) -> bool {
    let word = text.contains(|c: char| c.is_lowercase() || (c.is_alphabetic() && !c.is_ascii()));
    let digit = text.contains(|c: char| c.is_ascii_digit());
    word && (!digit || text.split_whitespace().count() >= 3)
}

/// A string, or those that are directly in a list.
fn strings(value: &RawValue) -> Vec<String> {
    let values = match read(value) {
        Some(Value::Array(values)) => values,
        Some(value) => vec![value],
        None => Vec::new(),
    };
    let printable = |text: &str| text.replace(is_hidden, "").trim().to_owned();
    values
        .iter()
        .filter_map(|value| value.as_str().map(printable))
        .collect()
}

/// Control characters but for those that part words.
fn is_hidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(pairs: &str) -> String {
        format!("{{{pairs}}}")
    }

    #[test]
    fn a_code_is_taken_whole_or_not_at_all() {
        for (pairs, want) in [
            (r#""pin":"ABC""#, Some("ABC")),
            (r#""pin":" A  b-1\n2 ""#, Some("A  b-1\n2")),
            (r#""pin":"\u0041\/B\"""#, Some("A/B\"")),
            (r#""pin":"şifre 🎁""#, Some("şifre 🎁")),
            (r#""pin":"0""#, Some("0")),
            (r#""pin":"00123.50""#, Some("00123.50")),
            (
                r#""pin":123456789012345678901234567890"#,
                Some("123456789012345678901234567890"),
            ),
            // The order of the keys is the shop's, not the answer's.
            (r#""serial":"S","voucher":"V","code":"C""#, Some("C / S")),
            (r#""voucher":"V","pin":"","code":"--""#, Some("V")),
            (r#""pin":"P","serial":"P""#, Some("P")),
            (r#""serial":77"#, Some("77")),
            // None.
            ("", None),
            (r#""PIN":"ABC""#, None),
            (r#""data":{"pin":"ABC"}"#, None),
            (
                r#""pin":null,"code":false,"voucher":0,"serial":"\u00a0""#,
                None,
            ),
            (r#""pin":"—""#, None),
            // Several pieces.
            (r#""pin":["A1","B2",null]"#, Some("A1 / B2")),
            (r#""replay_api":["C1","C2"]"#, Some("C1 / C2")),
            (r#""replay_api":["erg3eg"],"pin":null"#, Some("erg3eg")),
            (r#""replay_api":["C1"],"pin":"P""#, Some("P")),
            (r#""replay_api":["ABCD-EFGH"]"#, Some("ABCD-EFGH")),
            (
                r#""replay_api":["Order completed successfully","Tamamlandı"]"#,
                None,
            ),
            (r#""replay_api":["Order 12 is done"]"#, None),
            (r#""replay_api":["مرفوض",""]"#, None),
            (r#""pin":"A","pin":"A""#, Some("A")),
        ] {
            let text = object(pairs);
            let object: Object<'_> = read(parse(&text).unwrap()).unwrap();
            assert_eq!(object.code().unwrap().as_deref(), want, "{pairs}");
        }
    }

    #[test]
    fn what_is_no_code_for_certain_is_odd() {
        for pairs in [
            r#""pin":true"#,
            r#""pin":[1.5]"#,
            r#""pin":["A",{}]"#,
            r#""pin":{"a":1}"#,
            r#""pin":1.0"#,
            r#""pin":1e5"#,
            r#""pin":-5"#,
            r#""pin":"A\ufffd""#,
            r#""pin":"A\u0000B""#,
            r#""pin":"A","pin":"B""#,
            r#""pin":"A","pin":null"#,
            r#""pin":"1","pin":1"#,
            r#""pin":"A","serial":[true]"#,
        ] {
            let text = object(pairs);
            let object: Object<'_> = read(parse(&text).unwrap()).unwrap();
            assert!(object.code().is_err(), "{pairs}");
        }
    }

    #[test]
    fn words_for_people_come_in_the_order_of_their_keys() {
        for (pairs, want) in [
            (r#""note":"b","replay_api":["a","z"]"#, "a"),
            (r#""note":"b","replay_api":"a""#, "a"),
            (r#""note":"b","replay_api":["C1"]"#, "b"),
            (r#""note":" b\n ","replay_api":[""," ",5,null,["x"]]"#, "b"),
            (r#""message":"m","note":null,"desc":"d""#, "m"),
            (r#""desc":"d","text":"t""#, "d"),
            (r#""text":"t","error":"e""#, "t"),
            (r#""error":["e"],"status_text":"s""#, "e"),
            (r#""error":{"message":"x"},"status_text":"s""#, "s"),
            (r#""statusMessage":"a\u0000b""#, "ab"),
            (r#""message":7,"title":"x""#, ""),
            ("", ""),
        ] {
            let text = object(pairs);
            let object: Object<'_> = read(parse(&text).unwrap()).unwrap();
            assert_eq!(object.text(), want, "{pairs}");
        }
    }
}
