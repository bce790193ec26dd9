//! From what came back to what it means for the order, without a panel.

use std::{sync::LazyLock, time::Duration};

use secrecy::ExposeSecret;

use super::*;
use crate::{
    order::NotSent,
    outbound::{HttpSettings, Trouble},
    provider::seen::tests::{answer, cut},
};

/// The clients are built once: they read all root certificates.
static ZNET: LazyLock<Znet> = LazyLock::new(|| {
    let account = Account::new(Some("https://bayi.example"), Some("bayi1"), Some("gizli9"));
    let second = Duration::from_secs(1);
    let settings = HttpSettings {
        connect_timeout: second,
        request_timeout: second,
    };
    Znet::new(account.unwrap(), Http::new(&settings).unwrap())
});

#[test]
fn a_purchase_is_sure_only_by_a_whole_answer_with_200() {
    let accepted = PurchaseOutcome::Accepted {
        cost: Some(Decimal::new(1012, 2)),
        balance: Some(Decimal::new(98_088, 2)),
        ready: false,
    };
    for (came, want) in [
        (answer(200, "OK|10.12|980.88"), accepted),
        (
            answer(200, "3|Yetersiz bakiye, gizli9"),
            PurchaseOutcome::Refused("Yetersiz bakiye, ***".to_owned()),
        ),
        (answer(200, "4|x"), PurchaseOutcome::SentBefore),
        (
            Err(Trouble::Refused),
            PurchaseOutcome::NotSent(NotSent::Connect),
        ),
        (answer(500, "3|Yetersiz bakiye"), PurchaseOutcome::Unsure),
        (cut(200, "3|Yetersiz"), PurchaseOutcome::Unsure),
        (answer(200, "<html>3|x"), PurchaseOutcome::Unsure),
        (Err(Trouble::Timeout), PurchaseOutcome::Unsure),
    ] {
        assert_eq!(ZNET.outcome(&Seen::of(&came)), want);
    }
}

#[test]
fn a_code_leaves_as_a_secret_and_never_in_the_panels_words() {
    let answer = |text| ZNET.answer(&wire::status(text));
    let StatusAnswer::Done { pin, text } = answer("OK|2|AB12-CD34|Kodunuz AB12-CD34, gizli9")
    else {
        panic!("delivered");
    };
    assert_eq!(pin.unwrap().expose_secret(), "AB12-CD34");
    assert!(
        !text.contains("AB12") && !text.contains("gizli9") && text.contains("Kodunuz"),
        "{text}"
    );

    let StatusAnswer::Waiting { pin, text } = answer("OK|1|AB12-CD34|Kodunuz AB12-CD34") else {
        panic!("waiting");
    };
    assert_eq!(pin.unwrap().expose_secret(), "AB12-CD34");
    assert!(!text.contains("AB12") && text.contains("Kodunuz"), "{text}");
}

#[test]
fn each_state_has_its_answer() {
    let answer = |text| ZNET.answer(&wire::status(text));
    assert!(matches!(
        answer("OK|1| |x"),
        StatusAnswer::Waiting { pin: None, text } if text == "x"
    ));
    assert!(matches!(
        answer("OK|2| |x"),
        StatusAnswer::Done { pin: None, text } if text == "x"
    ));
    assert!(matches!(answer("OK|3| |x"), StatusAnswer::Cancelled { text } if text == "x"));
    assert!(matches!(answer("3|x"), StatusAnswer::NotKnown { text } if text == "x"));
    assert!(matches!(answer("x"), StatusAnswer::Unclear));
}

#[test]
fn what_people_are_shown_has_no_code_in_it() {
    let shown = |text| masked(text, &wire::status(text)).into_owned();
    for text in [
        "OK|2|AB12-CD34|Kodunuz AB12-CD34",
        // No code for certain.
        "OK|7|AB12-CD34|Kodunuz AB12-CD34",
        "OK|1|AB12-CD34|Kodunuz AB12-CD34",
        "OK|2|AB12-CD34",
    ] {
        let shown = shown(text);
        assert!(
            !shown.contains("AB12") && shown.starts_with("OK|"),
            "{shown}"
        );
    }
    assert_eq!(shown("OK|3| |İptal edildi"), "OK|3| |İptal edildi");
}

#[test]
fn evidence_says_what_came_and_what_went_wrong() {
    let reference = Reference::parse("4711").unwrap();
    let evidence =
        |came: &_, body| ZNET.evidence(&Seen::of(came), body, &reference, Instant::now());
    let got = evidence(&answer(403, "x"), "gizli9 hatalı");
    assert_eq!((got.class, got.http_status), (AnswerClass::Text, Some(403)));
    assert_eq!((&*got.body, &*got.trouble), ("*** hatalı", ""));
    let got = evidence(&Err(Trouble::Timeout), "");
    assert_eq!(got.trouble, "no whole answer within the time-out");
    assert_eq!(format!("{:?}", *ZNET), "Znet { .. }");
}
