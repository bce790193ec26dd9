//! Questions: what they look like, and what their answers become.

use orderwatch::{
    order::{Reference, StatusAnswer},
    provider::{AnswerClass, Provider, Purchase, ReadError},
};
use rust_decimal::Decimal;
use sandbox::{
    panel::{Account, Endpoint, PanelPlan},
    trouble::{Fault, Trouble},
};
use secrecy::ExposeSecret;

use super::{
    KOD, LONG, REFERENCE, SIFRE, pairs,
    panel::{Panel, Then, gzip, http, ok},
    purchase, reference, request, znet, znet_at,
};

const PIN: &str = "AB12-CD34-EF56-GH78";

fn done() -> Vec<u8> {
    ok(format!("OK|2|{PIN}|Kod {PIN} hazır"))
}

#[tokio::test]
async fn a_delivered_code_comes_back_whole_and_is_shown_masked() {
    let panel = Panel::answering(done(), Then::Stay).await;
    let address = panel.address;
    let reply = znet(address).status(&reference()).await;
    let query = format!("tahsilat_api_islem_id={REFERENCE}");
    assert_eq!(
        panel.connections().await,
        [request(address, "pin_kontrol", &query)]
    );

    let StatusAnswer::Done {
        pin: Some(pin),
        text,
    } = reply.answer
    else {
        panic!("{reply:?}");
    };
    assert_eq!(pin.expose_secret(), PIN);
    assert_eq!(text, "Kod ****-GH78 hazır");
    assert_eq!(reply.evidence.body, "OK|2|****-GH78|Kod ****-GH78 hazır");
    assert_eq!(reply.evidence.class, AnswerClass::Text);
    assert_eq!(reply.evidence.http_status, Some(200));
    assert_eq!(reply.evidence.trouble, "");
}

#[tokio::test]
async fn each_question_has_a_connection_of_its_own() {
    for then in [Then::Stay, Then::Close] {
        let panel = Panel::answering(done(), then).await;
        let znet = znet(panel.address);
        for _ in 0..3 {
            let reply = znet.status(&reference()).await;
            assert!(
                matches!(reply.answer, StatusAnswer::Done { .. }),
                "{reply:?}"
            );
        }
        drop(znet);
        let wire = panel.connections().await;
        assert_eq!(wire.len(), 3);
        assert_eq!(
            wire.concat()
                .matches("GET /servis/pin_kontrol.php?")
                .count(),
            3
        );
    }
}

/// No answer says which order it is about: one that is left over would be taken for that to the next question.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_twice_is_not_the_code_of_the_next_order() {
    let mut plan = PanelPlan::sample(7);
    plan.accounts = vec![Account::new(KOD, SIFRE, Decimal::from(1_000_000))];
    let panel = sandbox::panel::Panel::start(plan).await.unwrap();
    let twice = Fault::After(Trouble::Twice);
    panel.faults().stand(Endpoint::Status, twice);
    let znet = znet_at(&panel.base_url(), LONG);
    let references =
        [123, 124].map(|end| Reference::parse(&format!("2000000000000{end}")).unwrap());
    for reference in &references {
        let mut bought = Purchase {
            reference: reference.clone(),
            ..purchase()
        };
        bought.goods.product = pairs([("oyun", "1"), ("kupur", "325")]);
        znet.purchase(&bought).await;
    }

    for reference in references.iter().cycle().take(400) {
        let reply = znet.status(reference).await;
        let StatusAnswer::Done { pin: Some(pin), .. } = reply.answer else {
            panic!("{reply:?}");
        };
        let of_this_order = panel.pin_of(KOD, reference.as_str());
        assert_eq!(pin.expose_secret(), of_this_order);
    }
}

#[tokio::test]
async fn only_a_whole_answer_says_something_about_an_order() {
    let whole = done();
    let cut = whole[..whole.len() - 20].to_vec();
    let long = ok(format!("OK|2|{PIN}|{}", "x".repeat(256 * 1024)));
    for (case, answer, then, class) in [
        (
            "cut in the code",
            cut.clone(),
            Then::Close,
            AnswerClass::Cut,
        ),
        ("reset in the code", cut, Then::Reset, AnswerClass::Cut),
        ("too long", long, Then::Stay, AnswerClass::Cut),
        (
            "error with an answer",
            http("500 Internal Server Error", "", "OK|3| |x"),
            Then::Stay,
            AnswerClass::Text,
        ),
        (
            "moved",
            http("302 Found", "location: /\r\n", "OK|3| |x"),
            Then::Stay,
            AnswerClass::Text,
        ),
        (
            "accepted",
            http("202 Accepted", "", "OK|3| |x"),
            Then::Stay,
            AnswerClass::Text,
        ),
        ("page", ok("<br>\nOK|3| |x"), Then::Stay, AnswerClass::Html),
        ("empty", ok("\r\n"), Then::Stay, AnswerClass::Empty),
        ("closed", vec![], Then::Close, AnswerClass::None),
    ] {
        let panel = Panel::answering(answer, then).await;
        let reply = znet(panel.address).status(&reference()).await;
        assert!(
            matches!(reply.answer, StatusAnswer::Unclear),
            "{case}: {reply:?}"
        );
        assert_eq!(reply.evidence.class, class, "{case}: {reply:?}");
        assert!(!reply.evidence.body.contains("AB12"), "{case}: {reply:?}");
    }
}

#[tokio::test]
async fn an_answer_about_an_unknown_reference_keeps_it_readable() {
    let text = format!("3|{REFERENCE} numaralı kayıt yok");
    let panel = Panel::answering(ok(&text), Then::Stay).await;
    let reply = znet(panel.address).status(&reference()).await;
    assert!(
        matches!(reply.answer, StatusAnswer::NotKnown { .. }),
        "{reply:?}"
    );
    assert_eq!(reply.evidence.body, text);
}

#[tokio::test]
async fn a_balance_is_read() {
    let panel = Panel::answering(ok("OK|12.755,23"), Then::Stay).await;
    let address = panel.address;
    let balance = znet(address).balance().await.unwrap();
    assert_eq!(balance.to_string(), "12755.23");
    assert_eq!(
        panel.connections().await,
        [request(address, "bakiye_kontrol", "")]
    );
}

#[tokio::test]
async fn a_price_list_larger_than_other_answers_is_read() {
    let entry = |id: u32| {
        let filler = "x".repeat(500);
        format!(r#"{{"id":"{id}","aciklama":"{filler}","kupur":"{id}","oyun_bilgi_id":"7"}}"#)
    };
    let entries: Vec<String> = (0..2000).map(entry).collect();
    let list = format!(r#"{{"success":true,"result":[{}]}}"#, entries.join(","));
    let packed = http(
        "200 OK",
        "content-encoding: gzip\r\n",
        gzip(list.as_bytes()),
    );
    for answer in [ok(&list), packed] {
        let panel = Panel::answering(answer, Then::Stay).await;
        let address = panel.address;
        let catalogue = znet(address).catalogue().await.unwrap();
        assert_eq!(catalogue.products.len(), 2000);
        assert_eq!(catalogue.products["1999"].numbers[1].1, "1999");
        assert_eq!(
            panel.connections().await,
            [request(address, "pin_listesi", "")]
        );
    }
}

#[tokio::test]
async fn what_cannot_be_read_says_why() {
    use AnswerClass::{Cut, Empty, Html, Text};
    let sample = r#"{"success":true,"result":[{"id":"2" "kupur":"325"}],"error":null}"#;
    let cut = &ok(sample)[..60];
    for (answer, class, says) in [
        (ok(sample), Text, "the JSON does not parse"),
        (ok(""), Empty, "unknown account"),
        (ok("<html>"), Html, "a page"),
        (http("502 Bad Gateway", "", "x"), Text, "HTTP status 502"),
        (cut.to_vec(), Cut, "ended early"),
    ] {
        let panel = Panel::answering(answer, Then::Close).await;
        let error = znet(panel.address).catalogue().await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(
            matches!(error, ReadError::Unreadable { class: got, .. } if got == class),
            "{error:?}"
        );
    }
    let panel = Panel::answering(vec![], Then::Close).await;
    let error = znet(panel.address).balance().await.unwrap_err();
    assert!(matches!(error, ReadError::Unreachable { .. }), "{error:?}");
}
