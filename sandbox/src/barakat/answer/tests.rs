//! Each answer byte by byte, as the protocol has it and in the habits of other panels.

use tokio::time::Instant;

use super::*;
use crate::barakat::{CancelledWord, CodeKey, DoneWord, Readiness, Scalar, SoldWord, WaitingWord};

fn sale(settled: Option<Ending>) -> Sale {
    Sale {
        number: 67_890,
        account: "shop".to_owned(),
        order_uuid: "550e8400-e29b-41d4-a716-446655440000".to_owned(),
        product: "501".to_owned(),
        params: Vec::new(),
        quantity: 1,
        cost: Decimal::new(4550, 2),
        at: Instant::now(),
        asked: 0,
        ending: Ending::Code,
        settled,
        pin: (settled == Some(Ending::Code)).then(|| "AB12-CD34".to_owned()),
        code: "AB12-CD34".to_owned(),
        readiness: Readiness::default(),
    }
}

fn bought(settled: Option<Ending>) -> Words {
    Words::Sold(Box::new(sale(settled)))
}

fn asked(settled: Option<Ending>) -> Words {
    Words::Orders(vec![sale(settled)])
}

fn written(words: &Words, change: impl FnOnce(&mut Style)) -> String {
    let mut style = Style::default();
    change(&mut style);
    words.text(&style).unwrap()
}

#[test]
fn writes_the_answers_to_a_purchase() {
    for (words, want) in [
        (
            bought(None),
            r#"{"status":"OK","data":{"order_id":"67890","status":"wait","price":"45.50","replay_api":[],"note":"Order received"}}"#,
        ),
        (
            bought(Some(Ending::Code)),
            r#"{"status":"OK","data":{"order_id":"67890","status":"success","price":"45.50","pin":"AB12-CD34","replay_api":[],"note":"Order completed"}}"#,
        ),
        (
            bought(Some(Ending::Cancelled)),
            r#"{"status":"OK","data":{"order_id":"67890","status":"reject","price":"45.50","replay_api":[],"note":"Order rejected, balance returned"}}"#,
        ),
        (
            Words::Refused("missing param: server".into()),
            r#"{"status":"ERROR","message":"missing param: server"}"#,
        ),
        (
            Words::SentBefore,
            r#"{"status":"ERROR","message":"order_uuid already exists"}"#,
        ),
        (
            Words::NoBalance,
            r#"{"status":"ERROR","message":"Insufficient balance"}"#,
        ),
    ] {
        assert_eq!(written(&words, |_| {}), want);
    }
}

#[test]
fn writes_the_answers_to_a_question() {
    for (words, want) in [
        (
            asked(None),
            r#"{"status":"OK","data":[{"order_id":"67890","status":"wait","price":"45.50","note":"Processing"}]}"#,
        ),
        (
            asked(Some(Ending::Code)),
            r#"{"status":"OK","data":[{"order_id":"67890","status":"success","price":"45.50","pin":"AB12-CD34","note":"Completed"}]}"#,
        ),
        (
            asked(Some(Ending::TopUp)),
            r#"{"status":"OK","data":[{"order_id":"67890","status":"success","price":"45.50","note":"Completed"}]}"#,
        ),
        (
            asked(Some(Ending::Cancelled)),
            r#"{"status":"OK","data":[{"order_id":"67890","status":"reject","price":"45.50","note":"Cancelled, balance returned"}]}"#,
        ),
        (Words::Orders(Vec::new()), r#"{"status":"OK","data":[]}"#),
    ] {
        assert_eq!(written(&words, |_| {}), want);
    }
}

#[test]
fn a_question_can_be_answered_in_other_words() {
    let waiting = written(&asked(None), |s| {
        s.waiting = WaitingWord::Accepted;
        s.names_uuid = true;
        s.ids = Scalar::Number;
        s.amounts = Scalar::Number;
    });
    assert_eq!(
        waiting,
        r#"{"status":"OK","data":[{"order_id":67890,"order_uuid":"550e8400-e29b-41d4-a716-446655440000","status":"accepted","price":45.5,"note":"Processing"}]}"#
    );

    let done = written(&asked(Some(Ending::Code)), |s| {
        s.done = DoneWord::Completed;
        s.code_key = CodeKey::Serial;
    });
    assert!(done.contains(r#""status":"completed","price":"45.50","serial":"AB12-CD34""#));
    assert!(!done.contains("pin"), "{done}");

    let cancelled = written(&asked(Some(Ending::Cancelled)), |s| {
        s.cancelled = CancelledWord::Canceled;
    });
    assert!(cancelled.contains(r#""status":"canceled""#), "{cancelled}");

    let unknown = written(&Words::Orders(Vec::new()), |s| s.unknown_is_error = true);
    assert_eq!(unknown, r#"{"status":"ERROR","message":"Order not found"}"#);
}

#[test]
fn a_purchase_that_has_not_ended_is_waiting_or_accepted() {
    for (word, want) in [
        (SoldWord::Wait, "wait"),
        (SoldWord::Accept, "accept"),
        (SoldWord::Instant, "wait"),
    ] {
        let text = written(&bought(None), |s| s.sold = word);
        assert!(text.contains(&format!(r#""status":"{want}""#)), "{text}");
    }
}

#[test]
fn a_wrong_token_is_an_error_with_either_status() {
    let style = Style::default();
    assert_eq!(Words::NoAccount.http_status(&style), 200);
    let strict = Style {
        unauthorized: true,
        ..style
    };
    assert_eq!(Words::NoAccount.http_status(&strict), 401);
    assert_eq!(Words::NoBalance.http_status(&strict), 200);
    assert_eq!(
        Words::NoAccount.text(&strict).unwrap(),
        r#"{"status":"ERROR","message":"Invalid token"}"#
    );
}

#[test]
fn the_profile_has_balance_and_address() {
    let profile = Words::Balance {
        left: Decimal::new(4355, 2),
        email: "shop@example.com".to_owned(),
    };
    assert_eq!(
        written(&profile, |_| {}),
        r#"{"balance":"43.55","email":"shop@example.com"}"#
    );
}
