//! Every shape of an error that was ever seen, and what it becomes.

use proptest::prelude::*;

use super::*;
use crate::marketplace::trendyol::account::AccountSettings;

const PROD: &str = "https://apigw.trendyol.com";
const STAGE: &str = "https://stageapigw.trendyol.com";

fn account(base: &str) -> Account {
    Account::new(&AccountSettings {
        seller_id: "2738".into(),
        api_key: "canary-key".into(),
        api_secret: "canary-secret".into(),
        base_url: base.into(),
        integrator: "SelfIntegration".into(),
        store_front_code: None,
    })
    .unwrap()
}

fn answer(status: u16, headers: &[(&str, &str)]) -> Answer {
    let headers = headers.iter().map(|(name, value)| {
        let name = reqwest::header::HeaderName::try_from(*name).unwrap();
        (name, value.parse().unwrap())
    });
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: headers.collect(),
        body: Vec::new(),
        cut: None,
    }
}

fn fail(status: u16, body: &str) -> Failure {
    failure(&answer(status, &[]), body, &account(PROD))
}

fn complaint(status: u16, body: &str) -> Complaint {
    match fail(status, body) {
        Failure::Answer(complaint) => complaint,
        other => panic!("{status} {body}: {other:?}"),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn every_shape_is_read() {
    for (status, body, class, key, text) in [
        (
            400,
            r#"{"errors":[{"key":"invalid.storefrontcode","message":"Geçersiz","errorCode":"400"}]}"#,
            Class::Rejected,
            Some("invalid.storefrontcode"),
            "Geçersiz",
        ),
        (
            500,
            r#"{"timestamp":1616362328517,"exception":"TrendyolSystemException","errors":[{"key":"generic.exception","message":"Exception Occured","errorCode":""}]}"#,
            Class::Transient,
            Some("generic.exception"),
            "Exception Occured; TrendyolSystemException",
        ),
        (
            400,
            r#"{"exception":"ClientApiBusinessException","errors":[{"key":"bad.request","message":null}]}"#,
            Class::Rejected,
            Some("bad.request"),
            "bad.request; ClientApiBusinessException",
        ),
        (
            401,
            r#"{"exception":"ClientApiAuthenticationException"}"#,
            Class::Auth,
            Some("ClientApiAuthenticationException"),
            "ClientApiAuthenticationException",
        ),
        (
            401,
            r#"{"status":401,"exception":"TrendyolAuthorizationException","message":"Tedarikçi bulunamadı"}"#,
            Class::Auth,
            Some("TrendyolAuthorizationException"),
            "Tedarikçi bulunamadı; TrendyolAuthorizationException",
        ),
        (
            403,
            "<html><head><title>Attention Required!</title>",
            Class::Forbidden,
            None,
            "a page: Attention Required!",
        ),
        (
            403,
            "",
            Class::Forbidden,
            None,
            "status 403 Forbidden without a text",
        ),
        (
            404,
            r#"{"errors":[{"key":"product.not.found","message":"Ürün sistemde bulunamadı"}]}"#,
            Class::NotFound,
            Some("product.not.found"),
            "Ürün sistemde bulunamadı",
        ),
        (
            400,
            r#"{"error":"Bad Request","message":"size must be at most 200"}"#,
            Class::Rejected,
            Some("Bad Request"),
            "size must be at most 200; Bad Request",
        ),
        (409, r#"{"errors":["used"]}"#, Class::Rejected, None, "used"),
        (414, "URI too long", Class::Rejected, None, "URI too long"),
        (415, r#""no""#, Class::Rejected, None, "no"),
        (
            410,
            "{}",
            Class::Gone,
            None,
            "status 410 Gone with JSON that says nothing about it",
        ),
        (
            426,
            "",
            Class::Gone,
            None,
            "status 426 Upgrade Required without a text",
        ),
        (
            302,
            "",
            Class::Gone,
            None,
            "status 302 Found without a text",
        ),
        (
            503,
            r#"{"message":"This endpoint is temporarily unavailable due to a scheduled brownout. See the docs."}"#,
            Class::Gone,
            None,
            "This endpoint is temporarily unavailable due to a scheduled brownout. See the docs.",
        ),
        (502, "Bad Gateway", Class::Transient, None, "Bad Gateway"),
        (
            504,
            "",
            Class::Transient,
            None,
            "status 504 Gateway Timeout without a text",
        ),
        (
            556,
            "Service Unavailable",
            Class::Transient,
            None,
            "Service Unavailable",
        ),
        (
            408,
            "",
            Class::Transient,
            None,
            "status 408 Request Timeout without a text",
        ),
        (
            400,
            r#"{"errors":{"message":"one, not in a list"}}"#,
            Class::Rejected,
            None,
            "one, not in a list",
        ),
        (
            400,
            r#"{"customerFirstName":"canary-name""#,
            Class::Rejected,
            None,
            "status 400 Bad Request with JSON that says nothing about it",
        ),
        (
            404,
            r#"{"timestamp":"2026-11-20T09:00:00Z","status":404,"error":"Not Found","path":"/integration/order/sellers/1/claims"}"#,
            Class::NotFound,
            Some("Not Found"),
            "Not Found; path /integration/order/sellers/1/claims",
        ),
        (
            404,
            r#"{"path":"/sellers/123456/products/approved","exception":"TrendyolNotFoundException"}"#,
            Class::NotFound,
            Some("TrendyolNotFoundException"),
            "TrendyolNotFoundException; path /sellers/123456/products/approved",
        ),
    ] {
        let got = complaint(status, body);
        assert_eq!(got.class, class, "{status} {body}");
        assert_eq!(got.key.as_deref(), key, "{status} {body}");
        assert_eq!(got.text, text, "{status} {body}");
        assert_eq!(got.status, status);
        assert_eq!(got.page, body.starts_with('<'));
        assert_eq!(got.path, body.contains(r#""path""#));
    }
}

#[test]
fn the_15_minute_rule_is_seen_at_any_status_and_in_any_shape() {
    let text = "15 dakika boyunca aynı isteği tekrarlı olarak atamazsınız!";
    let escaped = r"ayn\u0131 iste\u011fi tekrar";
    for status in [400, 403, 409, 422, 429, 500] {
        for body in [
            text.to_owned(),
            format!(r#"{{"errors":[{{"key":"","message":"{text}","errorCode":""}}]}}"#),
            format!(r#"{{"message":"{text}"}}"#),
            format!(r#"{{"errors":[{{"message":"{escaped}"}}]}}"#),
            format!(r#"{{"errors":["{escaped}"]}}"#),
        ] {
            let outcome = fail(status, &body).into_outcome(Duration::ZERO);
            assert_eq!(outcome, PushOutcome::DuplicateWindow, "{status} {body}");
        }
    }
}

#[test]
fn what_a_push_may_have_done_follows_from_the_status() {
    let outcome = |status| fail(status, "x").into_outcome(Duration::ZERO);
    for status in [500, 502, 503, 504, 556, 408] {
        assert!(matches!(outcome(status), PushOutcome::Unknown { .. }));
    }
    assert!(matches!(outcome(400), PushOutcome::Rejected { .. }));
    assert!(matches!(outcome(401), PushOutcome::Auth { .. }));
    assert!(matches!(outcome(403), PushOutcome::Forbidden { .. }));
    assert!(matches!(outcome(404), PushOutcome::Gone { .. }));
    for trouble in [
        Trouble::Timeout,
        Trouble::Reset,
        Trouble::Cut,
        Trouble::Ended,
    ] {
        let outcome = Failure::Network(trouble).into_outcome(Duration::ZERO);
        assert!(matches!(outcome, PushOutcome::Unknown { .. }));
    }
    for trouble in [Trouble::Refused, Trouble::Name, Trouble::ConnectTimeout] {
        let outcome = Failure::Network(trouble).into_outcome(Duration::ZERO);
        assert!(matches!(outcome, PushOutcome::NotSent(_)));
    }
}

#[test]
fn the_test_environment_says_with_503_that_the_address_is_unknown() {
    let unavailable = answer(503, &[]);
    let stage = failure(&unavailable, "", &account(STAGE)).into_error(Duration::ZERO);
    assert!(matches!(stage, MarketError::Forbidden { .. }));
    let prod = failure(&unavailable, "", &account(PROD)).into_error(Duration::ZERO);
    assert!(matches!(prod, MarketError::Transient { status: 503, .. }));
}

#[test]
fn a_wish_to_wait_is_read_in_both_forms() {
    let date = ("date", "Fri, 20 Nov 2026 08:00:00 GMT");
    let wait = |headers: &[(&str, &str)]| match failure(&answer(429, headers), "", &account(PROD)) {
        Failure::TooMany(wait) => wait.map(|wait| wait.as_secs()),
        other => panic!("{other:?}"),
    };
    assert_eq!(wait(&[]), None);
    for (value, want) in [
        ("7", Some(7)),
        (" 7 ", Some(7)),
        ("0", None),
        ("-1", None),
        ("soon", None),
        ("Fri, 20 Nov 2026 08:00:30 GMT", Some(30)),
        ("Fri, 20 Nov 2026 07:00:30 GMT", None),
    ] {
        assert_eq!(wait(&[("retry-after", value), date]), want, "{value}");
    }
    let keyed = fail(400, r#"{"errors":[{"key":"too.many.requests"}]}"#);
    assert_eq!(keyed, Failure::TooMany(None));
}

#[test]
fn a_success_without_its_content_says_what_it_is() {
    let account = account(PROD);
    let shown = |text| unreadable("no JSON object", text, &account).to_string();
    assert!(shown("<title>Login</title>").contains("a page: Login"));
    assert!(shown(r#"{"errors":[{"message":"Kapalı"}]}"#).contains("Kapalı"));
    let cut = shown(r#"{"content":[{"customerFirstName":"canary-name"#);
    assert!(!cut.contains("canary"), "{cut}");
    let brownout = r#"{"message":"... a scheduled brownout ..."}"#;
    let gone = unreadable("x", brownout, &account);
    assert!(matches!(gone, MarketError::Gone { status: 200, .. }));
}

#[test]
fn a_long_text_is_cut_after_the_secrets_were_taken_out() {
    let filler = "ş".repeat(TEXT_CHARS - 4);
    let body = format!("{filler}canary-secret canary-key");
    assert_eq!(complaint(400, &body).text, format!("{filler}***…"));
}

proptest! {
    #[test]
    fn any_body_has_a_class_and_a_short_text(
        status in 300_u16..600,
        body in prop_oneof![".{0,400}", "[\\[\\]{}:,\"a-z0-9]{0,60}"],
    ) {
        if let Failure::Answer(complaint) = fail(status, &body) {
            prop_assert!(complaint.text.chars().count() <= TEXT_CHARS);
        }
    }

    #[test]
    fn no_text_holds_a_secret(before in "[a-z<{\" ]{0,20}", after in ".{0,20}") {
        let body = format!("{before}canary-key{after}");
        let shown = format!("{:?}", fail(400, &body));
        prop_assert!(!shown.contains("canary-key"), "{}", shown);
    }
}
