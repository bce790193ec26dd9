//! From what came back to what it means for the order, without a panel.

use std::{sync::LazyLock, time::Duration};

use secrecy::ExposeSecret;

use super::*;
use crate::{
    order::NotSent,
    outbound::{Answer, HttpSettings},
    provider::seen::tests::{answer, cut},
};

const UUID: &str = "550e8400-e29b-41d4-a716-446655440000";

/// The clients are built once: they read all root certificates.
static BARAKAT: LazyLock<Barakat> = LazyLock::new(|| {
    let account = Account::new(Some("https://panel.example"), Some("token-9")).unwrap();
    let second = Duration::from_secs(1);
    let settings = HttpSettings {
        connect_timeout: second,
        request_timeout: second,
    };
    Barakat::new(account, Http::new(&settings).unwrap())
});

fn bought(came: &Result<Answer, Trouble>) -> (PurchaseOutcome, Option<String>) {
    BARAKAT.outcome(&Seen::of(came))
}

#[test]
fn a_purchase_is_sure_only_by_an_answer_that_came_whole() {
    let accepted =
        r#"{"status":"OK","data":{"order_id":"7","status":"success","price":"4.5","pin":"AB12"}}"#;
    let (outcome, pin) = bought(&answer(200, accepted));
    let want = PurchaseOutcome::Accepted {
        cost: Some(Decimal::new(45, 1)),
        balance: None,
        ready: true,
    };
    assert_eq!((outcome, pin.as_deref()), (want, Some("AB12")));

    let refused = r#"{"status":"ERROR","message":"Stok yok, token-9"}"#;
    let refusal = PurchaseOutcome::Refused("Stok yok, ***".to_owned());
    for (came, want) in [
        (answer(400, refused), refusal),
        (
            answer(200, r#"{"status":"ERROR","message":"duplicate"}"#),
            PurchaseOutcome::SentBefore,
        ),
        (
            Err(Trouble::Refused),
            PurchaseOutcome::NotSent(NotSent::Connect),
        ),
        (answer(500, refused), PurchaseOutcome::Unsure),
        (cut(200, accepted), PurchaseOutcome::Unsure),
        (answer(200, "<html>"), PurchaseOutcome::Unsure),
        (Err(Trouble::Timeout), PurchaseOutcome::Unsure),
    ] {
        assert_eq!(bought(&came), (want, None));
    }
}

/// What an answer to the question by this name means.
fn asked(name: &str, status: u16, body: &str) -> StatusAnswer {
    let came = answer(status, body);
    let reference = Reference::parse(name).unwrap();
    BARAKAT.became(&came, &reference, Instant::now()).answer
}

#[test]
fn a_question_is_answered_with_200_and_only_that_it_is_not_known_with_404() {
    let done = format!(
        r#"{{"status":"OK","data":[{{"order_id":"7","uuid":"{UUID}","status":"success","pin":"AB12-34","note":"Kod: AB12-34, token-9"}}]}}"#
    );
    for name in [UUID, "7"] {
        let StatusAnswer::Done { pin, text } = asked(name, 200, &done) else {
            panic!("{name}");
        };
        assert_eq!(pin.unwrap().expose_secret(), "AB12-34");
        assert!(
            !text.contains("AB12") && !text.contains("token-9"),
            "{text}"
        );
        for status in [201, 400, 404, 500] {
            let got = asked(name, status, &done);
            assert!(matches!(got, StatusAnswer::Unclear), "{status}");
        }
    }

    let unknown = r#"{"status":"ERROR","message":"order not found"}"#;
    for status in [200, 404] {
        let got = asked(UUID, status, unknown);
        assert!(matches!(got, StatusAnswer::NotKnown { text } if text == "order not found"));
    }
    assert!(matches!(asked(UUID, 400, unknown), StatusAnswer::Unclear));
}

#[test]
fn each_state_has_its_answer() {
    let of = |pairs: &str| {
        let text = format!(r#"{{"status":"OK","data":[{{{pairs},"note":"x"}}]}}"#);
        asked(UUID, 200, &text)
    };
    let waiting = of(r#""status":"wait","pin":"AB12""#);
    assert!(
        matches!(&waiting, StatusAnswer::Waiting { pin: Some(pin), text } if pin.expose_secret() == "AB12" && text == "x")
    );
    let unread = of(r#""status":"success","pin":{}"#);
    assert!(matches!(unread, StatusAnswer::DoneWithoutCode { text } if text == "x"));
    let cancelled = of(r#""status":"reject""#);
    assert!(matches!(cancelled, StatusAnswer::Cancelled { text } if text == "x"));
}

#[test]
fn evidence_has_no_code_and_no_token() {
    let came = answer(200, r#"{"pin":"AB12-34","note":"token-9"}"#);
    let evidence = BARAKAT.evidence(&Seen::of(&came), UUID, None, Instant::now());
    assert_eq!(evidence.body, r#"{"pin":"****","note":"***"}"#);
    assert_eq!(
        (evidence.class, evidence.http_status),
        (AnswerClass::Text, Some(200))
    );
    assert_eq!(evidence.trouble, "");

    let never = Err(Trouble::Timeout);
    let evidence = BARAKAT.evidence(&Seen::of(&never), UUID, None, Instant::now());
    assert_eq!(evidence.trouble, "no whole answer within the time-out");
    assert_eq!(format!("{:?}", *BARAKAT), "Barakat { .. }");
}
