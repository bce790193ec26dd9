//! Bodies as people may see them: what stands where codes stand is masked.
//!
//! What must stay true: the keys of codes are found whatever their case and depth, and nothing
//! else of the body changes but the blanks between its parts.

use std::borrow::Cow;

use serde_json::{Value, value::RawValue};

use super::object::{self, Object, SECRET_KEYS, is_none, is_secret_key, read};

/// Stands where a code was.
const CODE_MASK: &str = "\"****\"";

/// The body without its codes. Where there is none under a key of codes, that stays to be seen.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    let Some(whole) = object::parse(text) else {
        return Cow::Borrowed(before_codes(text));
    };

    let mut shown = String::new();
    if mask(whole, false, &mut shown) {
        Cow::Owned(shown)
    } else {
        Cow::Borrowed(text)
    }
}

/// Writes a value with its codes masked, and says whether there were any.
fn mask(value: &RawValue, secret: bool, out: &mut String) -> bool {
    if let Some(object) = read::<Object<'_>>(value) {
        return mask_object(&object, secret, out);
    }
    if let Some(list) = read::<Vec<&RawValue>>(value) {
        return mask_list(&list, secret, out);
    }

    let hides = secret && !is_none(value);
    out.push_str(if hides { CODE_MASK } else { value.get() });
    hides
}

fn mask_object(object: &Object<'_>, secret: bool, out: &mut String) -> bool {
    let mut hides = false;
    let mut before = "{";
    for (key, value) in object.pairs() {
        out.push_str(before);
        out.push_str(&Value::from(key).to_string());
        out.push(':');
        hides |= mask(value, secret || is_secret_key(key), out);
        before = ",";
    }

    out.push_str(if before == "{" { "{}" } else { "}" });
    hides
}

fn mask_list(list: &[&RawValue], secret: bool, out: &mut String) -> bool {
    let mut hides = false;
    let mut before = "[";
    for value in list {
        out.push_str(before);
        hides |= mask(value, secret, out);
        before = ",";
    }

    out.push_str(if before == "[" { "[]" } else { "]" });
    hides
}

/// A text up to the first key of codes, or all of it.
fn before_codes(text: &str) -> &str {
    let small = text.to_ascii_lowercase();
    let keys = SECRET_KEYS.iter().flat_map(|key| {
        let found = small.match_indices(key);
        found.map(|(at, key)| (at, at + key.len()))
    });
    let first = keys
        .filter(|&(start, end)| is_key(&small, start, end))
        .map(|(start, _)| start)
        .min();
    &text[..first.unwrap_or(text.len())]
}

/// Whether a whole word stands there, and a mark behind it: `"pin":`, `pin = `, `<pin>`, `[pin] =>`.
fn is_key(text: &str, start: usize, end: usize) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    if text[..start].ends_with(in_word) || text[end..].starts_with(in_word) {
        return false;
    }

    // A sentence such as "error code 502." tells what went wrong.
    let next = text[end..].trim_start().chars().next();
    next.is_some_and(|next| !next.is_alphanumeric() && !".,;!?)".contains(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_where_codes_stand_is_masked() {
        for (text, want) in [
            (
                r#"{"status": "OK", "data": [{"pin": "AB\"12", "price": 45.50, "note": "x"}]}"#,
                r#"{"status":"OK","data":[{"pin":"****","price":45.50,"note":"x"}]}"#,
            ),
            (
                r#"{"code":12,"Voucher":["A","",{"a":"B","b":[]}],"SERIAL":{},"p\u0069n":1.5}"#,
                r#"{"code":"****","Voucher":["****","",{"a":"****","b":[]}],"SERIAL":{},"pin":"****"}"#,
            ),
            (
                r#"[{"pin":"A","pin":"B"}]"#,
                r#"[{"pin":"****","pin":"****"}]"#,
            ),
            (
                r#"{"replay_api":["Kod: A1",["A2"]],"ş\n":1}"#,
                r#"{"replay_api":["****",["****"]],"ş\n":1}"#,
            ),
            (r#"{"replay_api":"A1"}"#, r#"{"replay_api":"****"}"#),
        ] {
            assert_eq!(masked(text), want, "{text}");
        }
    }

    #[test]
    fn what_holds_no_code_is_shown_as_it_came() {
        for text in [
            r#"{ "status": "ERROR", "message": "PIN: yok", "pin_count": 3 }"#,
            r#"{ "pin": null, "code": " - ", "voucher": 0, "serial": false, "replay_api": [] }"#,
            "\"pin\"",
            "[ 1 ]",
            "Error code 502. Bad gateway",
            "Invalid pin",
            "PIN kodu yok",
            "spin: 5, pin_count: 3",
            "",
        ] {
            assert!(
                matches!(masked(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_json_ends_before_the_first_key() {
        for (text, want) in [
            (r#"{"a":1,"serial":"S","pin":"A"#, r#"{"a":1,""#),
            (r#"{"a":"Şş","PIN" : "A"}x"#, r#"{"a":"Şş",""#),
            (r#"{"pin":"A"}{"pin":"B"}"#, r#"{""#),
            ("{'note':'x','voucher':'A'}", "{'note':'x','"),
            (r#"{"replay_api":["A"#, r#"{""#),
            ("x&code=A1", "x&"),
            ("<a/><pin>A</pin>", "<a/><"),
            ("<td>pin</td><td>A</td>", "<td>"),
            ("[pin] => A", "["),
            (r#"spin: {\"pin\":\"A\"}"#, r#"spin: {\""#),
            ("&quot;pin&quot;:&quot;A&quot;", "&quot;"),
        ] {
            assert_eq!(masked(text), want, "{text}");
        }
    }
}
