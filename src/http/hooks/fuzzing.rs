//! Calls of anybody to the webhook: whom it hears, and which orders it takes from what they say.

use axum::http::{HeaderName, HeaderValue};

use super::*;
use crate::oracle;

const USER: &str = "trendyol";
const PASSWORD: &str = "cok-gizli-parola-4711";

/// Headers, an empty line, and the body.
pub(crate) fn calls(data: &[u8]) {
    let (headers, body) = headers(data);
    let webhook = TrendyolWebhook {
        enabled: true,
        public_url: None,
        user: USER.to_owned(),
        password: PASSWORD.into(),
    };
    assert_eq!(
        is_known(&webhook, &headers),
        shows_the_password(&headers),
        "{headers:?}"
    );

    orders_are_named(&order_numbers(body), body);
    an_order_is_taken(body);
}

fn headers(mut data: &[u8]) -> (HeaderMap, &[u8]) {
    let mut headers = HeaderMap::new();
    loop {
        let (line, rest) = oracle::first_line(data);
        data = rest;
        let Some((name, value)) = line.trim_end_matches('\r').split_once(':') else {
            return (headers, data);
        };
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value.trim())) {
            headers.append(name, value);
        }
    }
}

/// The password alone in its own header, or else encoded with the name; the first of each counts.
fn shows_the_password(headers: &HeaderMap) -> bool {
    if let Some(key) = headers.get("x-api-key") {
        return key.as_bytes() == PASSWORD.as_bytes();
    }
    let shown = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let (scheme, pair) = shown
        .and_then(|shown| shown.split_once(' '))
        .unwrap_or_default();
    let want = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    scheme.eq_ignore_ascii_case("basic") && pair.trim() == want
}

/// Only what stands in the body, and nothing that could be more than a number in an address.
fn orders_are_named(numbers: &BTreeSet<String>, body: &[u8]) {
    assert!(numbers.len() <= MOST);
    let text = String::from_utf8_lossy(body);
    for number in numbers {
        assert!((1..=LONGEST_NUMBER).contains(&number.len()));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        assert!(number.bytes().all(plain), "{number}");
        // A number may be written with escapes, or as `-0`.
        assert!(
            text.contains(number.as_str())
                || text.contains('\\')
                || number == "-0"
                || number == "0"
        );
    }
}

/// A call about one order in its usual form is never overheard.
fn an_order_is_taken(body: &[u8]) {
    let number = String::from_utf8_lossy(body);
    let number = number.lines().next().unwrap_or_default().trim();
    let fits = (1..=LONGEST_NUMBER).contains(&number.len());
    if fits
        && number
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    {
        let call =
            serde_json::json!({ "content": [{ "orderNumber": number, "status": "Created" }] });
        assert!(order_numbers(call.to_string().as_bytes()).contains(number));
    }
}
