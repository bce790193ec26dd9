//! Nothing that leaves the provider holds account, address or code, however a panel fails.

use std::{sync::Arc, time::Duration};

use orderwatch::provider::{HttpSettings, Provider};
use tokio::net::TcpListener;

use super::{
    LONG,
    panel::{Panel, Script, Then, http, ok},
    purchase, reference, znet_at,
};

/// Parts of what [`super::KOD`], [`super::SIFRE`], the address and the code below are made of.
const CANARIES: [&str; 7] = [
    "canary",
    "şifre",
    "fifre",
    "127.0.0.1",
    "nonexistent",
    "EF56",
    "AB12CD34",
];

/// Everything that one panel makes the provider say.
async fn all_that_is_said(base: &str, settings: HttpSettings) -> String {
    let znet = znet_at(base, settings);
    let purchase = znet.purchase(&purchase()).await;
    let status = znet.status(&reference()).await;
    let balance = znet.balance().await;
    let catalogue = znet.catalogue().await;
    let mut said = format!("{znet:?} {purchase:?} {status:?} {balance:?} {catalogue:?}");
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

/// Repeats the request, its decoded query and a code, in a form that a panel may use.
fn echo(form: &'static str) -> impl Fn(&str) -> Vec<u8> + Send + Sync {
    move |request| {
        let login = "kod: canary-kod, sifre: canary+şifre &1, canary+şifre &amp;1";
        let body = form
            .replace("{request}", request)
            .replace("{login}", login)
            .replace("{pin}", "AB12-CD34-EF56-GH78");
        match body.split_once('\0') {
            Some((status, body)) => http(
                status,
                "location: /servis/x?canary\r\nset-cookie: canary=1\r\n",
                body,
            ),
            None => ok(body),
        }
    }
}

#[tokio::test]
async fn a_panel_that_repeats_everything_gives_nothing_away() {
    for form in [
        "3|{login} {request}",
        "4|{request}{login}",
        "8|{login}",
        "OK|1| |{login}",
        "OK|2|{pin}|{pin} {login} AB12CD34EF56GH78",
        "OK|3|{pin}|{login}",
        "2|{pin}",
        "2|{pin} {login}",
        "OK|9|{pin}|{pin}",
        "HATA {pin} {login} {request}",
        "<html>{pin} {request} {login}</html>",
        "{\"success\":false,\"error\":\"{login}\"}",
        "{\"success\":true,\"result\":[{\"{login}\" {pin}",
        "500 Internal Server Error\0{request} {login} OK|2|{pin}|x",
        "500 Internal Server Error\0OK|2|{pin}|x",
        "302 Found\0{request} {login}",
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
        "Hatalı: canary+şif",
        "Hatalı: canary-k",
        "OK|2|AB12-CD34-EF56",
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
    let short = Duration::from_millis(200);
    let panel = Panel::answering(vec![], Then::Stay).await;
    let whole = HttpSettings {
        request_timeout: short,
        ..LONG
    };
    let connecting = HttpSettings {
        connect_timeout: short,
        ..LONG
    };
    for (scheme, settings) in [("http", whole), ("https", whole), ("https", connecting)] {
        let base = format!("{scheme}://{}", panel.address);
        assert_silent(scheme, &all_that_is_said(&base, settings).await);
    }
}
