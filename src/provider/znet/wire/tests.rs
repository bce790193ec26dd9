//! Raw answers and their meaning, line by line as the protocol sheet and its clients have them.

use proptest::prelude::*;

use super::*;
use Status::{Cancelled, NotKnown, Unclear};

fn accepted(cost: &str, balance: &str) -> PurchaseOutcome {
    PurchaseOutcome::Accepted {
        cost: decimal(cost),
        balance: decimal(balance),
        ready: false,
    }
}

fn refused(text: &str) -> PurchaseOutcome {
    PurchaseOutcome::Refused(text.to_owned())
}

const fn done<'a>(pin: &'a str, text: &'a str) -> Status<'a> {
    Status::Done {
        pin: Some(pin),
        text,
    }
}

const fn waits(text: &str) -> Status<'_> {
    Status::Waiting { pin: None, text }
}

const fn top_up(text: &str) -> Status<'_> {
    Status::Done { pin: None, text }
}

#[test]
fn answers_of_pin_ekle() {
    use PurchaseOutcome::{SentBefore, Unsure};
    for (text, want) in [
        ("OK|10.12|980.88", accepted("10.12", "980.88")),
        ("ok|10,12|1.980,88", accepted("10.12", "1980.88")),
        (
            " Ok | 10.12 | 980.88 |more|and more",
            accepted("10.12", "980.88"),
        ),
        ("OK|10.12", accepted("10.12", "")),
        ("OK|", accepted("", "")),
        ("OK|ücretsiz|?", accepted("", "")),
        ("OK|-1|-2.5", accepted("", "-2.5")),
        ("3|Yetersiz bakiye", refused("Yetersiz bakiye")),
        (
            "3|Hata | ayrıntı\nikinci satır",
            refused("Hata | ayrıntı\nikinci satır"),
        ),
        ("3|", refused("")),
        (" 3 | x ", refused("x")),
        ("3|Hata\nOK|10.12|980.88", Unsure),
        ("4|Bu referans kullanılmış (2000000000000123)", SentBefore),
        ("4|", SentBefore),
        ("8|Bağlantı hatası", Unsure),
        ("1|x", Unsure),
        ("2|x", Unsure),
        ("33|x", Unsure),
        ("03|x", Unsure),
        ("3.0|x", Unsure),
        ("-3|x", Unsure),
        ("３|x", Unsure),
        ("34|x", Unsure),
        ("3", Unsure),
        ("4", Unsure),
        ("OK", Unsure),
        ("OKAY|1|2", Unsure),
        ("HATA OK|1|2", Unsure),
        ("|3|x", Unsure),
        ("Warning: 3|x", Unsure),
        ("3;x", Unsure),
        ("", Unsure),
    ] {
        assert_eq!(purchase(text), want, "{text:?}");
    }
}

#[test]
fn answers_of_pin_kontrol() {
    for (text, want) in [
        // As the sheet has them.
        ("OK|1| |İşleminiz sırada", waits("İşleminiz sırada")),
        (
            "OK|2|AB12-CD34-EF56-GH78|açıklama",
            done("AB12-CD34-EF56-GH78", "açıklama"),
        ),
        ("OK|3| |İptal edildi", Cancelled("İptal edildi")),
        ("ok|2| AB12 |x", done("AB12", "x")),
        (" oK | 2 |AB12|x", done("AB12", "x")),
        // No code: a top-up.
        ("OK|2||yüklendi", top_up("yüklendi")),
        ("OK|2| - |yüklendi", top_up("yüklendi")),
        ("OK|2| -", top_up("")),
        ("OK|2|\u{a0}|yüklendi", top_up("yüklendi")),
        ("OK|2|", top_up("")),
        ("OK|2", top_up("")),
        ("OK|2|Yükleme tamam", top_up("Yükleme tamam")),
        // Fewer and more fields, separators and line breaks in the last one.
        ("OK|2|AB12-CD34", done("AB12-CD34", "")),
        ("OK|2|AB12 CD34 EF56", done("AB12 CD34 EF56", "")),
        ("OK|2|ABCD EFGH IJKL", done("ABCD EFGH IJKL", "")),
        ("OK|2|AB12|a|b\nc", done("AB12", "a|b\nc")),
        ("OK|2|K1: a1\nK2: b2|x", done("K1: a1\nK2: b2", "x")),
        ("OK|1|sırada", waits("sırada")),
        ("OK|1|çok iş | var", waits("çok iş | var")),
        ("OK|1|", waits("")),
        ("OK|1", waits("")),
        ("OK|3|iptal", Cancelled("iptal")),
        ("OK|3", Cancelled("")),
        // A code beside another state is no code.
        (
            "OK|1|AB12|x",
            Status::Waiting {
                pin: Some("AB12"),
                text: "x",
            },
        ),
        ("OK|1|7|x", waits("x")),
        ("OK|1|12:45|sırada", waits("sırada")),
        ("OK|1|120/345|x", waits("x")),
        ("OK|3|AB12|x", Cancelled("x")),
        // Without OK.
        ("1|sırada", waits("sırada")),
        ("1| |sırada", waits("sırada")),
        ("1|", waits("")),
        ("2|AB12-CD34|x", done("AB12-CD34", "x")),
        ("2|AB12-CD34", done("AB12-CD34", "")),
        ("2|-|yüklendi", top_up("yüklendi")),
        ("2|", top_up("")),
        ("2|Hatalı kullanıcı", Unclear),
        ("2|Hatalı", Unclear),
        ("2|Hatalı kullanıcı|x", Unclear),
        ("3|Kayıt bulunamadı", NotKnown("Kayıt bulunamadı")),
        ("3| |iptal", NotKnown("iptal")),
        ("3|Hata | ayrıntı", NotKnown("Hata | ayrıntı")),
        ("3|", NotKnown("")),
        // Two answers that contradict each other.
        ("OK|3| |x\nOK|2|AB12|y", Unclear),
        ("3|x\nok|1| |y", Unclear),
        // A letter that was lost makes it another code.
        ("OK|2|AB\u{fffd}2|x", Unclear),
        // Everything else.
        ("OK|4| |x", Unclear),
        ("OK|0|x|y", Unclear),
        ("OK|02|AB12|x", Unclear),
        ("OK|2.0|AB12|x", Unclear),
        ("OK|22|AB12|x", Unclear),
        ("OK|2 AB12|x", Unclear),
        ("OK||AB12|x", Unclear),
        ("OK|OK|2|AB12|x", Unclear),
        ("OK|10.12|980.88", Unclear),
        ("OK", Unclear),
        ("OK|", Unclear),
        ("2", Unclear),
        ("3", Unclear),
        ("4|x", Unclear),
        ("8|x", Unclear),
        ("03|x", Unclear),
        ("22|AB12|x", Unclear),
        ("TAMAM|2|AB12|x", Unclear),
        ("Notice: x OK|2|AB12|x", Unclear),
        ("|OK|2|AB12|x", Unclear),
        ("{\"success\":true}", Unclear),
        ("", Unclear),
    ] {
        assert_eq!(status(text), want, "{text:?}");
    }
}

#[test]
fn answers_of_bakiye_kontrol() {
    for (text, want) in [
        ("OK|12755.23", decimal("12755.23").map(Balance::Is)),
        ("ok| 12.755,23 ", decimal("12755.23").map(Balance::Is)),
        ("OK|-5,5|TRY", decimal("-5.5").map(Balance::Is)),
        ("OK|0", decimal("0").map(Balance::Is)),
        ("3|Yetki yok", Some(Balance::Refused("Yetki yok".into()))),
        ("8|a|b", Some(Balance::Refused("a|b".into()))),
        // As a proxy before the panel may write it.
        (
            r#"{"balance": 12755.23, "currency": "TRY"}"#,
            decimal("12755.23").map(Balance::Is),
        ),
        (
            "\n{\"bakiye\":\"12.755,23\",\"borc\":\"0\"}",
            decimal("12755.23").map(Balance::Is),
        ),
        (
            r#"{"success":true,"data":{"bakiye":"0"}}"#,
            decimal("0").map(Balance::Is),
        ),
        (r#"{"Balance":-5.5}"#, decimal("-5.5").map(Balance::Is)),
        (
            r#"{"success":false,"error":"Yetki yok"}"#,
            Some(Balance::Refused("Yetki yok".into())),
        ),
        (r#"{"balance":null,"data":{"balance":true}}"#, None),
        (r#"{"balance":"çok"}"#, None),
        (r#"{"debt":5}"#, None),
        (r#"{"balance":1"#, None),
        ("[1]", None),
        ("OK|", None),
        ("OK|çok", None),
        ("OK", None),
        ("12755.23", None),
        ("hata|x", None),
        ("|x", None),
        ("", None),
    ] {
        assert_eq!(balance(text), want.unwrap_or(Balance::Unclear), "{text:?}");
    }
}

#[test]
fn the_place_of_a_code_is_found_in_any_answer() {
    for (text, want) in [
        ("OK|2|AB12|x", Some("AB12")),
        ("OK|2| AB12 |x", Some("AB12")),
        ("OK|2|AB1", Some("AB1")),
        ("OK|7|AB12|x", Some("AB12")),
        ("ok| 2 |\n AB 12 ", Some("AB 12")),
        ("2|AB12", Some("AB12")),
        ("2|AB12|x", Some("AB12")),
        ("22|AB12|x", Some("AB12")),
        ("OK|1| |sırada", None),
        ("OK|2|-|x", None),
        ("3|Kayıt bulunamadı", None),
        ("1|sırada", None),
        ("OK", None),
        ("", None),
    ] {
        assert_eq!(pin_place(text).map(|place| &text[place]), want, "{text:?}");
    }
}

/// Texts of the pieces that answers are made of, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "OK",
        "ok",
        "|",
        "|",
        "|",
        "1",
        "2",
        "3",
        "4",
        "8",
        " ",
        "-",
        "\n",
        "\r\n",
        "AB12-CD34",
        "sırada",
        "<html>",
        "\u{fffd}",
        "10,12",
        "\u{feff}",
        "0",
        "٢",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_final_state_only_comes_from_its_own_code(text in prop_oneof![pieces(), any::<String>()]) {
        let fields: Vec<&str> = text.split('|').map(str::trim).collect();
        let ok = fields[0].eq_ignore_ascii_case("ok");
        let code = fields.get(usize::from(ok)).copied().unwrap_or_default();
        match status(&text) {
            Status::Done { pin, .. } => {
                prop_assert_eq!(code, "2");
                if let Some(pin) = pin {
                    // The code stands in its field, whole.
                    prop_assert_eq!(fields[usize::from(ok) + 1], pin);
                    prop_assert_eq!(pin_place(&text).map(|place| &text[place]), Some(pin));
                }
            }
            Status::Cancelled(_) => prop_assert!(ok && code == "3"),
            Status::NotKnown(_) => prop_assert!(!ok && code == "3"),
            Status::Waiting { .. } => prop_assert_eq!(code, "1"),
            Status::Unclear => {}
        }
    }

    #[test]
    fn a_purchase_is_settled_only_by_a_known_code(text in prop_oneof![pieces(), any::<String>()]) {
        let first = text.split_once('|').map(|(first, _)| first.trim().to_lowercase());
        match purchase(&text) {
            PurchaseOutcome::Accepted { .. } => prop_assert_eq!(first.as_deref(), Some("ok")),
            PurchaseOutcome::Refused(_) => prop_assert_eq!(first.as_deref(), Some("3")),
            PurchaseOutcome::SentBefore => prop_assert_eq!(first.as_deref(), Some("4")),
            PurchaseOutcome::NotSent(_) => prop_assert!(false, "a text was an answer"),
            PurchaseOutcome::Unsure => {}
        }
    }

    #[test]
    fn a_balance_is_what_the_panel_wrote(text in prop_oneof![pieces(), any::<String>()]) {
        if let Balance::Is(sum) = balance(&text) {
            let written = text.split('|').nth(1).and_then(decimal);
            prop_assert_eq!(written, Some(sum));
        }
    }

    #[test]
    fn a_code_comes_back_as_it_was_sent(pin in "[A-Z0-9][A-Z0-9-]{3,30}", text in "[a-zşığ |]{0,30}") {
        let answer = format!("OK|2|{pin}|{text}");
        prop_assert_eq!(status(&answer), done(&pin, text.trim()));
        let bare = format!("2|{pin}|{text}");
        prop_assert_eq!(status(&bare), done(&pin, text.trim()));
    }
}
