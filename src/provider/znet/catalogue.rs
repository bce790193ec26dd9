//! The price list (`pin_listesi`), read leniently where leniency is safe.
//!
//! Numbers may come as text or as numbers, fields may be missing, and an entry that cannot be
//! bought is left out. What must stay true: an order is never sent with another product than its
//! own, so JSON that does not parse is an error and not a guess, and an id that stands for two
//! products stands for none.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::{
    order::HoldReason,
    provider::{
        AnswerClass, Catalogue, Product, ReadError,
        number::decimal,
        redact::{self, Redactor},
    },
};

/// Characters of the list that an error shows before the place where it does not parse.
const SHOWN: usize = 40;

/// Reads a whole answer to `pin_listesi`.
///
/// # Errors
/// [`ReadError::Refused`] when the panel says so, [`ReadError::Unreadable`] when it is no list.
pub(super) fn parse(text: &str, redactor: &Redactor) -> Result<Catalogue, ReadError> {
    let list: Value = match serde_json::from_str(text) {
        Ok(list) => list,
        Err(error) => return Err(unreadable(broken(text, &error, redactor))),
    };
    let Value::Object(mut list) = list else {
        return Err(unreadable("the JSON is not an object".to_owned()));
    };

    if list.get("success").is_some_and(is_no) {
        let text = list.get("error").and_then(scalar).unwrap_or_default();
        return Err(ReadError::Refused {
            text: redactor.evidence(&text, ""),
        });
    }

    match list.remove("result") {
        Some(Value::Array(entries)) => Ok(products(entries)),
        // PHP writes an array with gaps in its numbering as an object.
        Some(Value::Object(entries)) => Ok(products(entries.into_iter().map(|(_, entry)| entry))),
        _ => Err(unreadable(
            "the JSON holds no list in \"result\"".to_owned(),
        )),
    }
}

fn unreadable(detail: String) -> ReadError {
    ReadError::Unreadable {
        class: AnswerClass::Text,
        detail,
    }
}

fn products(entries: impl IntoIterator<Item = Value>) -> Catalogue {
    let mut products = HashMap::new();
    let mut prices = HashMap::new();
    let mut ambiguous = HashSet::new();
    let mut incomplete = HashMap::new();

    for entry in entries {
        // Without an id no order leads to it.
        let Some((id, product)) = entry.as_object().and_then(product) else {
            continue;
        };
        let product = match product {
            Ok(product) => product,
            Err(missing) => {
                incomplete.insert(id, missing);
                continue;
            }
        };

        if let Some(price) = entry.get("fiyat").and_then(scalar) {
            prices.extend(decimal(&price).map(|price| (id.clone(), price)));
        }
        let known = products
            .entry(id.clone())
            .or_insert_with(|| product.clone());
        if *known != product {
            ambiguous.insert(id);
        }
    }

    // An id that is listed once whole and once not stands for its product no more than two do.
    products.retain(|id, _| !ambiguous.contains(id) && !incomplete.contains_key(id));
    incomplete.retain(|id, _| !ambiguous.contains(id));

    Catalogue {
        products,
        prices,
        incomplete,
    }
}

/// The entry's id and what its orders say, or which number they would lack.
fn product(entry: &Map<String, Value>) -> Option<(String, Result<Product, HoldReason>)> {
    let filled = |name: &str| {
        entry
            .get(name)
            .and_then(scalar)
            .filter(|text| !text.is_empty())
    };

    // The shop takes the id in the place of a missing number. That is a guess about money: the id of one
    // product may be the number of another.
    let product = match (filled("oyun_bilgi_id"), filled("kupur")) {
        (Some(oyun), Some(kupur)) => Ok(super::fill::product(oyun, kupur)),
        (None, _) => Err(HoldReason::ListedWithoutOyun),
        (_, None) => Err(HoldReason::ListedWithoutKupur),
    };
    Some((filled("id")?, product))
}

/// A text or a number as text.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Any way in which PHP programs write "no".
pub(super) fn is_no(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => !yes,
        Value::String(text) => {
            let text = text.trim();
            text.is_empty() || text == "0" || text.eq_ignore_ascii_case("false")
        }
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

/// Where the JSON breaks, and what stands just before it.
fn broken(text: &str, error: &serde_json::Error, redactor: &Redactor) -> String {
    let line = text
        .split('\n')
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    // The parser counts bytes, so a column may fall into a character.
    let column = (0..=error.column().min(line.len())).rfind(|at| line.is_char_boundary(*at));

    // Before anything is skipped: half a secret would not be found.
    let before = redactor.clean(&line[..column.unwrap_or(0)]);
    let before = redact::mask_codes(&before, "");
    let skipped = before.chars().count().saturating_sub(SHOWN);
    let near: String = before.chars().skip(skipped).collect();
    format!("the JSON does not parse: {error}, after `{near}`")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Catalogue, ReadError> {
        parse(text, &Redactor::new(["gizli-sifre".to_owned()]))
    }

    fn list(text: &str) -> Vec<String> {
        let mut list: Vec<String> = read(text)
            .unwrap()
            .products
            .into_iter()
            .map(|(id, product)| format!("{id}: {}/{}", product.numbers[0].1, product.numbers[1].1))
            .collect();
        list.sort();
        list
    }

    #[test]
    fn the_sheets_own_entry_is_read() {
        let text = r#"{"success":true,"result":[{"id":"2","adi":"PUBG Mobile 325 UC","aciklama":"…",
            "oyun_id":"1","oyun_adi":"PUBG","fiyat":"35.00","kupur":"325","oyun_bilgi_id":"9"}],"error":null}"#;
        assert_eq!(list(text), ["2: 9/325"]);
    }

    #[test]
    fn oddities_are_read_and_what_cannot_be_bought_is_left_out() {
        for (result, want) in [
            (
                r#"[{"id":2,"kupur":325,"oyun_bilgi_id":9}]"#,
                vec!["2: 9/325"],
            ),
            (
                r#"[{"id":" 2 ","kupur":"325 ","oyun_bilgi_id":"9"}]"#,
                vec!["2: 9/325"],
            ),
            (
                r#"{"0":{"id":1,"kupur":2,"oyun_bilgi_id":3},"7":{"id":4,"kupur":5,"oyun_bilgi_id":6}}"#,
                vec!["1: 3/2", "4: 6/5"],
            ),
            (
                r#"[{"kupur":1,"oyun_bilgi_id":1},{"id":2,"oyun_bilgi_id":1},{"id":3,"kupur":1}]"#,
                vec![],
            ),
            (
                r#"[{"id":"","kupur":1,"oyun_bilgi_id":1},{"id":2,"kupur":null,"oyun_bilgi_id":1},
                {"id":3,"kupur":" ","oyun_bilgi_id":1},{"id":4,"kupur":[1],"oyun_bilgi_id":1}, null, 5, "x"]"#,
                vec![],
            ),
            (
                r#"[{"id":1,"kupur":2,"oyun_bilgi_id":3},{"id":1,"kupur":2,"oyun_bilgi_id":3}]"#,
                vec!["1: 3/2"],
            ),
            (
                r#"[{"id":1,"kupur":2,"oyun_bilgi_id":3},{"id":1,"kupur":9,"oyun_bilgi_id":3}]"#,
                vec![],
            ),
            ("[]", vec![]),
        ] {
            for head in [r#""success":true,"#, r#""success":"1","#, ""] {
                assert_eq!(
                    list(&format!("{{{head}\"result\":{result}}}")),
                    want,
                    "{result}"
                );
            }
        }
    }

    #[test]
    fn a_refusal_is_told_with_its_text() {
        for (text, want) in [
            (
                r#"{"success":false,"result":null,"error":"Yetkiniz yok"}"#,
                "Yetkiniz yok",
            ),
            (r#"{"success":"false","result":[],"error":7}"#, "7"),
            (r#"{"success":0,"error":null}"#, ""),
            (
                r#"{"success":false,"error":"sifre gizli-sifre hatali"}"#,
                "sifre *** hatali",
            ),
        ] {
            match read(text) {
                Err(ReadError::Refused { text }) => assert_eq!(text, want),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_list_is_an_error_that_says_where() {
        let missing_comma = "{\"success\":true,\"result\":[\n{\"id\":\"2\" \"kupur\":\"325\"}]}";
        for (text, want) in [
            (missing_comma, "line 2 column 11, after `{\"id\":\"2\" \"`"),
            ("{\"x\":\"gizli-sifre\" 1}", "after `{\"x\":\"***\" 1`"),
            ("OK|12", "does not parse"),
            ("[]", "not an object"),
            ("{}", "no list"),
            (r#"{"success":true,"result":null}"#, "no list"),
            (r#"{"success":true,"result":"x"}"#, "no list"),
        ] {
            let error = read(text).unwrap_err();
            assert!(matches!(error, ReadError::Unreadable { .. }), "{error:?}");
            let error = error.to_string();
            assert!(error.contains(want), "{error}");
            assert!(!error.contains("gizli"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_list_or_an_error(text in "(\\PC|[{}\\[\\]\":,0-9a-z\n]){0,80}") {
            let _ = read(&text);
        }
    }
}
