//! Nothing that leaves the provider holds token, address or code, however a panel fails, and no address
//! that it asks for holds the token.

use std::{sync::Arc, time::Duration};

use orderwatch::provider::{HttpSettings, Provider};
use tokio::net::TcpListener;

use super::{
    LONG, TOKEN, barakat, barakat_at,
    panel::{Panel, Script, Then, http, ok},
    purchase, reference,
};

/// Parts of what [`super::TOKEN`], the address and the code below are made of.
const CANARIES: [&str; 5] = ["canary", "127.0.0.1", "nonexistent", "EF56", "AB12CD34"];

/// Everything that one panel makes the provider say.
async fn all_that_is_said(base: &str, settings: HttpSettings) -> String {
    let barakat = barakat_at(base, settings);
    let purchase = barakat.purchase(&purchase()).await;
    let status = barakat.status(&reference()).await;
    let balance = barakat.balance().await;
    let catalogue = barakat.catalogue().await;
    let mut said = format!("{barakat:?} {purchase:?} {status:?} {balance:?} {catalogue:?}");
    for error in [balance.err(), catalogue.err()].into_iter().flatten() {
        said.push_str(&error.to_string());
    }
    said
}

fn assert_silent(case: &str, said: &str) {
    for canary in CANARIES {
        assert!(
            !said.to_lowercase().contains(&canary.to_lowercase()),
            "{case}: {canary} in {said}"
        );
    }
}

/// Repeats the request and a code, as JSON (`{request}`, `{pin}`) or as they are (`{raw}`).
fn echo(form: &'static str) -> impl Fn(&str) -> Vec<u8> + Send + Sync {
    move |request| {
        let quoted = serde_json::to_string(request).unwrap();
        let body = form
            .replace("{request}", &quoted)
            .replace("{raw}", request)
            .replace("{pin}", r#""AB12-CD34-EF56-GH78""#)
            .replace("{bare}", r#""AB12CD34EF56GH78""#);
        match body.split_once('\0') {
            Some((status, body)) => http(status, "location: /client/api/x?canary\r\n", body),
            None => ok(body),
        }
    }
}

#[tokio::test]
async fn a_panel_that_repeats_everything_gives_nothing_away() {
    for form in [
        r#"{"status":"ERROR","message":{request}}"#,
        r#"{"status":"ERROR","message":"Invalid token","error":{request}}"#,
        r#"{"status":"ERROR","message":{request},"pin":{pin}}"#,
        r#"{"status":"OK","data":{"order_id":"7","status":"wait","note":{request}}}"#,
        r#"{"status":"OK","data":{"order_id":"7","status":"success","pin":{pin},"note":{request}}}"#,
        r#"{"status":"OK","data":[{"order_id":"7","status":"success","code":{pin},"note":{bare},"x":{request}}]}"#,
        r#"{"status":"OK","data":[{"order_id":"7","status":"wait","voucher":{pin},"note":{pin},"x":{request}}]}"#,
        r#"{"status":"OK","data":[{"order_id":"7","status":"reject","pin":{pin},"note":{request}}]}"#,
        r#"{"status":"OK","data":[],"replay_api":[{request},{pin}]}"#,
        r#"{"balance":{request},"serial":{pin}}"#,
        r#"{"balance":{pin},"email":{request}}"#,
        r#"[{"id":{request} {pin}"#,
        r#"{"status":"OK","data":{"pin":{pin},"note":"{raw}"}}"#,
        "HATA {pin} {raw}",
        "<html>{pin} {raw}</html>",
        "500 Internal Server Error\0{raw} {pin}",
        "302 Found\0{\"status\":\"ERROR\",\"message\":{request}}",
        "401 Unauthorized\0{\"status\":\"ERROR\",\"message\":{request}}",
    ] {
        let script = Script {
            answer: Arc::new(echo(form)),
            then: Then::Stay,
        };
        let panel = Panel::start(script).await;
        let said = all_that_is_said(&format!("http://{}", panel.address), LONG).await;
        assert_silent(form, &said);
        assert!(said.contains("***"), "nothing was repeated: {said}");
    }
}

#[tokio::test]
async fn a_secret_that_was_cut_off_is_not_shown_either() {
    for text in [
        "Invalid token: canary-tok",
        r#"{"status":"OK","data":[{"pin":"AB12-CD34-EF56"#,
    ] {
        let whole = http("200 OK", "", format!("{text}-and more"));
        let panel = Panel::answering(&whole[..whole.len() - 9], Then::Close).await;
        let said = all_that_is_said(&format!("http://{}", panel.address), LONG).await;
        assert_silent(text, &said);
    }
}

#[tokio::test]
async fn no_failure_on_the_way_gives_anything_away() {
    for then in [Then::Close, Then::Reset, Then::HalfClose] {
        let panel = Panel::answering(vec![], then).await;
        for scheme in ["http", "https"] {
            let base = format!("{scheme}://{}", panel.address);
            assert_silent(scheme, &all_that_is_said(&base, LONG).await);
        }
    }
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().to_string()
    };
    for host in [&closed, "nonexistent.invalid"] {
        for scheme in ["http", "https"] {
            assert_silent(
                host,
                &all_that_is_said(&format!("{scheme}://{host}"), LONG).await,
            );
        }
    }
}

#[tokio::test]
async fn a_time_out_gives_nothing_away() {
    let short = HttpSettings {
        request_timeout: Duration::from_millis(200),
        ..LONG
    };
    let panel = Panel::answering(vec![], Then::Stay).await;
    for scheme in ["http", "https"] {
        let base = format!("{scheme}://{}", panel.address);
        assert_silent(scheme, &all_that_is_said(&base, short).await);
    }
}

#[tokio::test]
async fn the_token_stands_in_its_header_and_nowhere_else() {
    let panel = Panel::answering(ok("{}"), Then::Close).await;
    let barakat = barakat(panel.address);
    drop(barakat.purchase(&purchase()).await);
    drop(barakat.status(&reference()).await);
    drop(barakat.balance().await);
    drop(barakat.catalogue().await);
    let wire = panel.connections().await;
    assert_eq!(wire.len(), 4);
    for request in wire {
        let (line, headers) = request.split_once("\r\n").unwrap();
        assert!(!line.contains("canary"), "{line}");
        let header = format!("api-token: {TOKEN}\r\n");
        assert_eq!(headers.matches("canary").count(), 1, "{headers}");
        assert!(headers.contains(&header), "{headers}");
    }
}
