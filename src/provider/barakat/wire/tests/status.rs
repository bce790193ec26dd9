//! Answers to a question.

use super::*;

fn waits(pin: Option<&str>, text: &str) -> Status {
    Status::Waiting {
        pin: pin.map(Into::into),
        text: text.into(),
    }
}

fn unread() -> Status {
    Status::DoneUnread(String::new())
}

fn by_id(text: &str) -> Status {
    status(text, AskedBy::PanelId("67890"))
}

#[test]
fn the_state_of_an_order_is_a_listed_word() {
    for (pairs, want) in [
        (
            r#""status":"success","price":"45.50","pin":"ABC","note":" tamam ""#,
            done(Some("ABC"), "tamam"),
        ),
        (r#""status":"SUCCESS","pin":" - ""#, done(None, "")),
        (r#""status":"ok""#, done(None, "")),
        (
            r#""state":"Done","code":" AB 12\t""#,
            done(Some("AB 12"), ""),
        ),
        (
            r#""orderStatus":"complete","voucher":12"#,
            done(Some("12"), ""),
        ),
        (r#""status":null,"state":"completed""#, done(None, "")),
        (r#""status":" Accept ","serial":"S""#, done(Some("S"), "")),
        (r#""status":"success","state":"ok""#, done(None, "")),
        (
            r#""status":"reject","note":"İptal edildi""#,
            Cancelled("İptal edildi".into()),
        ),
        (
            r#""status":"Rejected","replay_api":["مرفوض"],"note":"x""#,
            Cancelled("مرفوض".into()),
        ),
        (r#""status":"failed""#, Cancelled(String::new())),
        (r#""status":"fail","pin":null"#, Cancelled(String::new())),
        (r#""status":"error","pin":"--""#, Cancelled(String::new())),
        (r#""status":"CANCELLED""#, Cancelled(String::new())),
        (r#""status":"canceled""#, Cancelled(String::new())),
        (
            r#""status":"wait","message":"sırada""#,
            waits(None, "sırada"),
        ),
        (r#""status":"pending","pin":"ABC""#, waits(Some("ABC"), "")),
        (r#""status":"processing""#, waits(None, "")),
        (r#""status":"inProgress""#, waits(None, "")),
        (r#""status":"queued""#, waits(None, "")),
        (r#""status":"queue""#, waits(None, "")),
        (r#""status":"accepted","pin":"ABC""#, waits(Some("ABC"), "")),
        // Everything else.
        (r#""status":"reject","pin":"ABC""#, Unclear),
        (r#""status":"delivered","pin":"ABC""#, Unclear),
        (r#""status":"in progress""#, Unclear),
        (r#""status":"başarılı","pin":"ABC""#, Unclear),
        (r#""status":"","pin":"ABC""#, Unclear),
        (r#""status":1,"pin":"ABC""#, Unclear),
        (r#""status":true"#, Unclear),
        (r#""status":["success"]"#, Unclear),
        (r#""status":{"status":"success"}"#, Unclear),
        (r#""Status":"success""#, Unclear),
        (r#""pin":"ABC""#, Unclear),
        ("", Unclear),
        // What contradicts itself, or is no code.
        (r#""status":"success","status":"reject""#, Unclear),
        (r#""status":"success","state":"wait""#, Unclear),
        (r#""status":"success","state":"iade""#, Unclear),
        (r#""status":"success","pin":"A","pin":"B""#, unread()),
        (r#""status":"success","pin":null,"pin":"B""#, unread()),
        (r#""status":"success","pin":["A"]"#, done(Some("A"), "")),
        (
            r#""status":"success","replay_api":["A1","B2"]"#,
            done(Some("A1 / B2"), ""),
        ),
        (
            r#""status":"wait","replay_api":["A1"]"#,
            waits(Some("A1"), ""),
        ),
        (r#""status":"success","pin":1.5"#, unread()),
        (r#""status":"success","pin":"A\ufffdB""#, unread()),
    ] {
        assert_eq!(by_uuid(&entry(pairs)), want, "{pairs}");
        let single = format!(r#"{{"data":{{{pairs}}},"status":" ok "}}"#);
        assert_eq!(by_uuid(&single), want, "{pairs}");
        assert_eq!(by_id(&entry(pairs)), Unclear, "{pairs}");
        let comma = if pairs.is_empty() { "" } else { "," };
        let with_id = entry(&format!(r#""order_id":"67890"{comma}{pairs}"#));
        assert_eq!(by_id(&with_id), want, "{pairs}");
    }
}

#[test]
fn only_entries_about_the_order_count() {
    let upper = OURS.to_uppercase();
    let ours = format!(r#"{{"order_uuid":"{OURS}","status":"success","pin":"A"}}"#);
    let again = format!(r#"{{"uuid":"{upper}","state":"done","code":"A","note":"x"}}"#);
    let waiting = format!(r#"{{"uuid":"{OURS}","status":"wait"}}"#);
    let other_code = format!(r#"{{"uuid":"{OURS}","status":"done","pin":"B"}}"#);
    let no_code = format!(r#"{{"uuid":"{OURS}","status":"done"}}"#);
    let strange = format!(r#"{{"uuid":"{OURS}","status":"iade"}}"#);
    let theirs = r#"{"order_uuid":"x","status":"reject"}"#;
    let two_names = format!(r#"{{"order_uuid":"{OURS}","uuid":"x","status":"success"}}"#);
    let nameless = r#"{"order_id":"67890","status":"success"}"#;
    for (list, want) in [
        (vec![&*ours], done(Some("A"), "")),
        (vec![theirs, &ours], done(Some("A"), "")),
        (vec![&ours, theirs, nameless], done(Some("A"), "")),
        (vec![&again, &ours], done(Some("A"), "x")),
        (vec![&two_names], done(None, "")),
        (vec![nameless], done(None, "")),
        (vec![&ours, &waiting], Unclear),
        (vec![&ours, &other_code], Unclear),
        (vec![&ours, &again, &no_code], Unclear),
        (vec![&ours, &strange], Unclear),
        (vec![nameless, nameless], Unclear),
        (vec![theirs], Unclear),
        (vec![theirs, nameless], Unclear),
        (vec![&ours, "null"], Unclear),
        (vec!["null"], Unclear),
        (vec!["[]"], Unclear),
        (vec!["\"success\""], Unclear),
        (vec![r#"{"uuid":{},"status":"success"}"#], Unclear),
        (
            vec![r#"{"uuid":"x","uuid":"y","status":"success"}"#],
            Unclear,
        ),
        (vec![], NotKnown(String::new())),
    ] {
        let text = format!(r#"{{"status":"OK","data":[{}]}}"#, list.join(","));
        assert_eq!(by_uuid(&text), want, "{text}");
    }
}

#[test]
fn the_panels_own_number_is_compared_letter_by_letter() {
    for (id, want) in [
        (r#""67890""#, done(None, "")),
        ("67890", done(None, "")),
        (r#""067890""#, Unclear),
        (r#"" 67890""#, Unclear),
        ("67890.0", Unclear),
        ("6789", Unclear),
        (r#""""#, Unclear),
        ("null", Unclear),
        ("[67890]", Unclear),
        (r#"67890,"order_id":"7""#, Unclear),
    ] {
        let pairs = format!(r#""order_id":{id},"status":"success""#);
        assert_eq!(by_id(&entry(&pairs)), want, "{id}");
    }

    let two = r#""order_id":"1","status":"reject"},{"order_id":"67890","status":"wait""#;
    assert_eq!(by_id(&entry(two)), waits(None, ""));
    assert_eq!(
        by_id(r#"{"status":"OK","data":[]}"#),
        NotKnown(String::new())
    );
}

#[test]
fn an_order_is_not_known_only_where_the_panel_says_so() {
    for (text, is_unclear) in [
        ("Order not found", false),
        ("ORDER NOT FOUND!", false),
        ("No order with this uuid", false),
        ("Order matching query does not exist.", false),
        ("Sipariş bulunamadı", false),
        ("KAYIT BULUNAMADI", false),
        ("الطلب غير موجود", false),
        ("Product not found", true),
        ("User not found", true),
        ("Ürün bulunamadı", true),
        ("Kullanıcı bulunamadı", true),
        ("المنتج غير موجود", true),
        ("relation \\\"orders\\\" does not exist", true),
        ("Internal error: not found", true),
        ("no order_uuid given", true),
        ("Yetkiniz yok", true),
        ("", true),
    ] {
        let want = |text: &str| {
            if is_unclear {
                Unclear
            } else {
                NotKnown(text.into())
            }
        };
        let answer = format!(r#"{{"status":"ERROR","message":" {text} ","data":null}}"#);
        assert_eq!(by_uuid(&answer), want(text), "{answer}");
        assert_eq!(by_id(&answer), want(text), "{answer}");
        let second = format!(r#"{{"status":"NOT_FOUND","message":"Hata","error":"{text}"}}"#);
        assert_eq!(by_uuid(&second), want(text), "{second}");

        // What speaks of an order beside it, or is no error.
        for (status, more) in [
            ("\"ERROR\"", r#","data":{"order_id":"67890"}"#),
            ("\"ERROR\"", r#","pin":"ABC""#),
            ("\"ERROR\"", r#","error":"User not found""#),
            ("\"wait\"", ""),
            ("\"success\"", ""),
            ("404", ""),
            ("null", ""),
            ("\"OK\"", ""),
            ("\"OK\"", r#","data":"""#),
            ("\"OK\"", r#","data":[],"error":"Server error""#),
            ("\"OK\"", r#","data":[],"order_id":"67890""#),
            ("\"OK\"", r#","data":[],"pin":"ABC""#),
            ("\"OK\"", r#","data":[[]]"#),
            ("\"ERROR\",\"status\":\"OK\"", r#","data":[]"#),
        ] {
            let answer = format!(r#"{{"message":"{text}","status":{status}{more}}}"#);
            assert_eq!(by_uuid(&answer), Unclear, "{answer}");
        }
    }
}
