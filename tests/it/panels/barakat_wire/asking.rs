//! Questions: what they look like, and what their answers become.

use orderwatch::{
    order::{Reference, StatusAnswer},
    provider::{AnswerClass, Provider, ReadError},
};
use secrecy::ExposeSecret;

use super::{
    TOKEN, UUID, barakat,
    panel::{Panel, Then, gzip, http, ok},
    reference, request,
};

const PIN: &str = "AB12-CD34-EF56-GH78";
/// The targets of a question by our name for the order and by the panel's.
const BY_UUID: &str = "check?orders=%5B550e8400-e29b-41d4-a716-446655440000%5D&uuid=1";
const BY_NUMBER: &str = "check?orders=%5B67890%5D";

/// A list with these pairs in its one entry.
fn entry(pairs: &str) -> String {
    format!(r#"{{"status":"OK","data":[{{"order_id":"67890",{pairs}}}]}}"#)
}

fn done() -> Vec<u8> {
    ok(entry(&format!(
        r#""status":"success","pin":"{PIN}","note":"Kod {PIN} hazır""#
    )))
}

fn number() -> Reference {
    Reference::parse("67890").unwrap()
}

#[tokio::test]
async fn an_order_is_asked_about_by_the_name_that_it_has() {
    for (name, target) in [(reference(), BY_UUID), (number(), BY_NUMBER)] {
        let panel = Panel::answering(done(), Then::Stay).await;
        let address = panel.address;
        let reply = barakat(address).status(&name).await;
        assert_eq!(panel.connections().await, [request(address, target)]);

        let StatusAnswer::Done {
            pin: Some(pin),
            text,
        } = reply.answer
        else {
            panic!("{reply:?}");
        };
        assert_eq!(pin.expose_secret(), PIN);
        assert_eq!(text, "Kod ****-GH78 hazır");
        let body = &reply.evidence.body;
        assert!(body.contains(r#""pin":"****""#), "{body}");
        assert!(!body.contains("AB12"), "{body}");
        assert_eq!(reply.evidence.class, AnswerClass::Text);
        assert_eq!(reply.evidence.http_status, Some(200));
        assert_eq!(reply.evidence.trouble, "");
    }
}

#[tokio::test]
async fn what_is_said_of_another_order_says_nothing_about_ours() {
    let other = r#""order_uuid":"00000000-0000-4000-8000-000000000001","status":"success""#;
    let two = r#"{"status":"OK","data":[{"order_id":"1","status":"reject"},
        {"order_id":"2","status":"success"}]}"#;
    for (answer, name) in [
        (entry(other), reference()),
        (two.to_owned(), reference()),
        (two.to_owned(), number()),
        (entry(r#""status":"yolda""#), number()),
        (entry(r#""status":"reject","pin":"AB12""#), number()),
    ] {
        let panel = Panel::answering(ok(&answer), Then::Stay).await;
        let reply = barakat(panel.address).status(&name).await;
        assert!(
            matches!(reply.answer, StatusAnswer::Unclear),
            "{answer}: {reply:?}"
        );
    }

    let ours = format!(r#""order_uuid":"{}","status":"wait""#, UUID.to_uppercase());
    let panel = Panel::answering(ok(entry(&ours)), Then::Stay).await;
    let reply = barakat(panel.address).status(&reference()).await;
    assert!(
        matches!(reply.answer, StatusAnswer::Waiting { pin: None, .. }),
        "{reply:?}"
    );
}

#[tokio::test]
async fn each_question_has_a_connection_of_its_own() {
    for then in [Then::Stay, Then::Close] {
        let panel = Panel::answering(done(), then).await;
        let barakat = barakat(panel.address);
        for _ in 0..3 {
            let reply = barakat.status(&reference()).await;
            assert!(
                matches!(reply.answer, StatusAnswer::Done { .. }),
                "{reply:?}"
            );
        }
        drop(barakat);
        let wire = panel.connections().await;
        assert_eq!(wire.len(), 3);
        assert_eq!(wire.concat().matches("GET /client/api/check?").count(), 3);
        assert_eq!(wire.concat().matches(TOKEN).count(), 3);
    }
}

#[tokio::test]
async fn only_a_whole_answer_says_something_about_an_order() {
    let whole = done();
    let cut = whole[..whole.len() - 20].to_vec();
    let cancelled = entry(r#""status":"reject""#);
    let padding = " ".repeat(256 * 1024);
    let long = ok(entry(r#""status":"success""#) + &padding);
    for (case, answer, then, class) in [
        (
            "cut behind the code",
            cut.clone(),
            Then::Close,
            AnswerClass::Cut,
        ),
        ("reset behind the code", cut, Then::Reset, AnswerClass::Cut),
        ("too long", long, Then::Stay, AnswerClass::Cut),
        (
            "error with an answer",
            http("500 Internal Server Error", "", &cancelled),
            Then::Stay,
            AnswerClass::Text,
        ),
        (
            "moved",
            http("302 Found", "location: /\r\n", &cancelled),
            Then::Stay,
            AnswerClass::Text,
        ),
        (
            "accepted",
            http("202 Accepted", "", &cancelled),
            Then::Stay,
            AnswerClass::Text,
        ),
        (
            "page",
            ok(format!("<br>\n{cancelled}")),
            Then::Stay,
            AnswerClass::Html,
        ),
        ("empty", ok("\r\n"), Then::Stay, AnswerClass::Empty),
        ("closed", vec![], Then::Close, AnswerClass::None),
    ] {
        let panel = Panel::answering(answer, then).await;
        let reply = barakat(panel.address).status(&reference()).await;
        assert!(
            matches!(reply.answer, StatusAnswer::Unclear),
            "{case}: {reply:?}"
        );
        assert_eq!(reply.evidence.class, class, "{case}: {reply:?}");
        assert!(!reply.evidence.body.contains("AB12"), "{case}: {reply:?}");
    }
}

#[tokio::test]
async fn an_answer_about_an_unknown_order_keeps_it_readable() {
    for (text, said) in [
        (r#"{"status":"OK","data":[]}"#.to_owned(), ""),
        (
            format!(r#"{{"status":"ERROR","message":"Order {UUID} not found"}}"#),
            "Order 550e8400-e29b-41d4-a716-446655440000 not found",
        ),
    ] {
        let panel = Panel::answering(ok(&text), Then::Stay).await;
        let reply = barakat(panel.address).status(&reference()).await;
        let StatusAnswer::NotKnown { text: words } = &reply.answer else {
            panic!("{reply:?}");
        };
        assert_eq!(words, said);
        assert_eq!(reply.evidence.body, text);
    }
}

#[tokio::test]
async fn a_balance_is_read() {
    for body in [
        r#"{"balance":"12755.23","email":"shop@example.com"}"#,
        r#"{"balance":12755.23}"#,
        r#"{"status":"OK","data":{"balance":"12755.23"}}"#,
    ] {
        let panel = Panel::answering(ok(body), Then::Stay).await;
        let address = panel.address;
        let balance = barakat(address).balance().await.unwrap();
        assert_eq!(balance.to_string(), "12755.23", "{body}");
        assert_eq!(panel.connections().await, [request(address, "profile")]);
    }
}

#[tokio::test]
async fn a_price_list_larger_than_other_answers_is_read() {
    let entry = |id: u32| {
        let filler = "x".repeat(500);
        format!(r#"{{"id":"{id}","name":"{filler}","price":"45.50","params":["uid"]}}"#)
    };
    let entries: Vec<String> = (0..2000).map(entry).collect();
    let list = format!("[{}]", entries.join(","));
    let packed = http(
        "200 OK",
        "content-encoding: gzip\r\n",
        gzip(list.as_bytes()),
    );
    for answer in [ok(&list), packed] {
        let panel = Panel::answering(answer, Then::Stay).await;
        let address = panel.address;
        let catalogue = barakat(address).catalogue().await.unwrap();
        assert_eq!(catalogue.products.len(), 2000);
        assert!(catalogue.products.contains_key("1999"));
        assert_eq!(panel.connections().await, [request(address, "products")]);
    }
}

#[tokio::test]
async fn what_cannot_be_read_says_why() {
    use AnswerClass::{Cut, Empty, Html, Text};
    let sample = r#"[{"id":"501" "price":"45.50","params":["uid","server"],"available":true}]"#;
    let cut = &ok(sample)[..60];
    for (answer, class, says) in [
        (ok(sample), Text, "the JSON does not parse"),
        (ok(r#"{"products":[]}"#), Text, "the JSON is not an array"),
        (ok(""), Empty, "unknown account"),
        (ok("<html>"), Html, "a page"),
        (http("502 Bad Gateway", "", "x"), Text, "HTTP status 502"),
        (cut.to_vec(), Cut, "ended early"),
    ] {
        let panel = Panel::answering(answer, Then::Close).await;
        let error = barakat(panel.address).catalogue().await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(
            matches!(error, ReadError::Unreadable { class: got, .. } if got == class),
            "{error:?}"
        );
    }

    let panel = Panel::answering(vec![], Then::Close).await;
    let error = barakat(panel.address).balance().await.unwrap_err();
    assert!(matches!(error, ReadError::Unreachable { .. }), "{error:?}");

    // As panels of this kind answer to a wrong token.
    let refusal = r#"{"status":"ERROR","message":"Invalid token"}"#;
    let panel = Panel::answering(ok(refusal), Then::Close).await;
    let barakat = barakat(panel.address);
    for error in [
        barakat.balance().await.unwrap_err(),
        barakat.catalogue().await.unwrap_err(),
    ] {
        let ReadError::Refused { text } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(text, "Invalid token");
    }
}
