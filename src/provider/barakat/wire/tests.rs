//! Raw answers and their meaning, line by line as the shop's own adapters read them or must not.

mod purchase;
mod status;

use proptest::prelude::*;

use super::*;
use Purchase::{SentBefore, Unsure};
use Status::{Cancelled, NotKnown, Unclear};

const OURS: &str = "0b6f3c1e-5d0a-4a53-9d55-6f1c6b0a7e21";

fn done(pin: Option<&str>, text: &str) -> Status {
    Status::Done {
        pin: pin.map(Into::into),
        text: text.into(),
    }
}

fn by_uuid(text: &str) -> Status {
    status(text, AskedBy::Uuid(OURS))
}

/// The answer to a question with one entry of these pairs.
fn entry(pairs: &str) -> String {
    format!(r#"{{"status":"OK","data":[{{{pairs}}}]}}"#)
}

#[test]
fn an_answer_that_is_not_one_json_object_is_unclear() {
    let fine = entry(r#""status":"success","pin":"ABC""#);
    assert_eq!(by_uuid(&format!("\r\n {fine}\n")), done(Some("ABC"), ""));
    for text in [
        format!("{fine}{fine}"),
        format!("{fine}\n{{}}"),
        format!("{fine};"),
        format!("Warning: x {fine}"),
        format!("[{fine}]"),
        fine[..fine.len() - 1].to_owned(),
        fine.replace('"', "'"),
        entry(r#""status":"success","pin":"A\ud800""#),
        entry(&format!(
            r#""status":"success","x":{}1{}"#,
            "[".repeat(500),
            "]".repeat(500)
        )),
        "[".repeat(100_000),
        "<html>success</html>".to_owned(),
        "success".to_owned(),
        String::new(),
    ] {
        assert_eq!(by_uuid(&text), Unclear, "{text:.80}");
        assert_eq!(balance(&text), Balance::Unclear, "{text:.80}");
        let _ = masked(&text);
    }
}

#[test]
fn balances() {
    let is = |sum: &str| Balance::Is(decimal(sum).unwrap());
    for (text, want) in [
        (r#"{"balance":"43.55","email":"a@b.c"}"#, is("43.55")),
        (r#"{"balance":43.55}"#, is("43.55")),
        (r#"{"balance":"1.043,55","status":"active"}"#, is("1043.55")),
        (r#"{"status":"OK","data":{"balance":-2}}"#, is("-2")),
        (r#"{"balance":null,"data":{"balance":" 0 "}}"#, is("0")),
        (
            r#"{"status":"ERROR","message":"Yetki yok","balance":"0"}"#,
            Balance::Refused("Yetki yok".into()),
        ),
        (r#"{"status":"error"}"#, Balance::Refused(String::new())),
        (r#"{"balance":"çok"}"#, Balance::Unclear),
        (r#"{"balance":4e1}"#, Balance::Unclear),
        (r#"{"balance":true}"#, Balance::Unclear),
        (r#"{"balance":{"try":5}}"#, Balance::Unclear),
        (r#"{"balance":1,"balance":2}"#, Balance::Unclear),
        (r#"{"balance":"","data":{}}"#, Balance::Unclear),
        (r#"{"data":[{"balance":5}]}"#, Balance::Unclear),
        (r#"{"status":"HATA","message":"x"}"#, Balance::Unclear),
        ("43.55", Balance::Unclear),
        ("{}", Balance::Unclear),
    ] {
        assert_eq!(balance(text), want, "{text}");
    }
}

/// Answers of likely and unlikely parts, in any order, and any text.
fn answers() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"status\":",
        "\"data\":",
        "\"OK\"",
        "\"ERROR\"",
        "\"success\"",
        "\"reject\"",
        "\"wait\"",
        "\"pin\":",
        "\"A1\"",
        "\"message\":",
        "\"order_id\":",
        "7",
        "null",
        "\"order not found\"",
        "\"balance\":",
        " ",
        "\u{fffd}",
        "\"",
        "\\",
    ]);
    let parts = prop::collection::vec(part, 0..20).prop_map(|parts| parts.concat());
    let value = prop::sample::select(vec![
        "\"OK\"",
        "\"ERROR\"",
        "\"success\"",
        "\"reject\"",
        "\"wait\"",
        "\"x\"",
        "\"\"",
        "\"Stok yok\"",
        "\"duplicate\"",
        "1",
        "0.5",
        "null",
        "true",
        "[]",
        "{}",
    ]);
    let key = prop::sample::select(vec![
        "status", "state", "pin", "code", "order_id", "message", "uuid",
    ]);
    let pairs = prop::collection::vec((key, value), 0..5).prop_map(|pairs| {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, value)| format!("\"{key}\":{value}"))
            .collect();
        pairs.join(",")
    });
    let whole = (pairs.clone(), pairs, any::<bool>()).prop_map(|(outer, inner, list)| {
        let comma = if outer.is_empty() { "" } else { "," };
        let (open, close) = if list { ("[{", "}]") } else { ("{", "}") };
        format!("{{{outer}{comma}\"data\":{open}{inner}{close}}}")
    });
    prop_oneof![any::<String>(), parts, whole]
}

/// Whether a JSON object says one of these under a key, in itself or in its data.
fn says(text: &str, keys: &[&str], words: &[&str]) -> bool {
    let Ok(answer) = serde_json::from_str::<serde_json::Value>(text) else {
        return false;
    };
    let data = &answer["data"];
    let places = [&answer, data, &data[0]];
    let mut found = places
        .iter()
        .flat_map(|place| keys.iter().map(|key| &place[*key]));
    found.any(|value| value.as_str().is_some_and(|word| words.contains(&word)))
}

proptest! {
    #[test]
    fn a_purchase_is_settled_only_by_its_own_words(
        text in answers(),
        http_status in prop_oneof![Just(200), Just(400), 0_u16..600],
    ) {
        match purchase(http_status, &text) {
            Purchase::Refused(_) => {
                prop_assert!(says(&text, &["status"], &["ERROR", "reject"]));
                prop_assert!(!says(&text, &["order_id", "pin", "code"], &["OK", "x", "success", "wait"]));
            }
            SentBefore => prop_assert!(http_status == 200 && text.contains("duplicate")),
            Purchase::Accepted { .. } => prop_assert!(http_status == 200 && says(&text, &["status"], &["OK"])),
            Unsure => {}
        }
    }

    #[test]
    fn a_state_is_final_only_by_its_own_word(text in answers()) {
        let keys = ["status", "state"];
        for asked in [AskedBy::Uuid("x"), AskedBy::PanelId("x")] {
            match status(&text, asked) {
                Status::Done { .. } | Status::DoneUnread(_) => {
                    prop_assert!(says(&text, &keys, &["success", "OK"]));
                }
                Cancelled(_) => prop_assert!(says(&text, &keys, &["reject", "ERROR"])),
                Status::Waiting { .. } => prop_assert!(says(&text, &keys, &["wait"])),
                NotKnown(_) | Unclear => {}
            }
        }
    }

    #[test]
    fn a_code_comes_back_as_it_was_sent(pin in "[^\\s\\p{C}-][^\\p{C}\u{fffd}]{0,30}[^\\s\\p{C}]") {
        prop_assume!(!pin.contains('\u{fffd}'));
        let json = serde_json::Value::from(&*pin).to_string();
        let text = entry(&format!(r#""status":"success","pin":{json}"#));
        prop_assert_eq!(by_uuid(&text), done(Some(&pin), ""));
        let shown = masked(&text);
        prop_assert!(!shown.contains(&json) && shown.contains("****"));
    }

    #[test]
    fn any_text_has_some_meaning(text in answers()) {
        let _ = balance(&text);
        let _ = masked(&text);
    }
}
