//! What the Trendyol client puts on the wire, byte by byte, and what it makes of faults.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may stop at the first surprise, as tests do"
)]

mod asking;
mod limits;
mod pushing;

use std::{net::SocketAddr, time::Duration};

use chrono::DateTime;
use orderwatch::{
    marketplace::{
        Window,
        trendyol::{AccountSettings, RateLimits, Trendyol},
    },
    outbound::{Http, HttpSettings},
};

/// Long enough for a busy machine; no test waits for it.
const LONG: Duration = Duration::from_secs(30);
/// `canary-key:canary-secret`.
const LOGIN: &str = "Basic Y2FuYXJ5LWtleTpjYW5hcnktc2VjcmV0";

fn settings(base: &str) -> AccountSettings {
    AccountSettings {
        seller_id: "2738".into(),
        api_key: "canary-key".into(),
        api_secret: "canary-secret".into(),
        base_url: base.into(),
        integrator: "SelfIntegration".into(),
        store_front_code: None,
    }
}

fn trendyol_with(settings: &AccountSettings, timeout: Duration) -> Trendyol {
    let http = Http::new(&HttpSettings {
        connect_timeout: LONG,
        request_timeout: LONG,
    });
    let limits = RateLimits {
        stream_every: Duration::ZERO,
        ..RateLimits::default()
    };
    Trendyol::new(settings, &limits, http.unwrap(), timeout).unwrap()
}

fn trendyol(address: SocketAddr) -> Trendyol {
    trendyol_with(&settings(&format!("http://{address}")), LONG)
}

fn window() -> Window {
    Window {
        start: DateTime::from_timestamp_millis(1_779_540_605_218).unwrap(),
        end: DateTime::from_timestamp_millis(1_779_704_857_541).unwrap(),
    }
}

/// The one request that a call puts on the wire, to the byte.
fn request(address: SocketAddr, line: &str, body: &str) -> String {
    let (kind, length) = if body.is_empty() {
        (String::new(), String::new())
    } else {
        (
            "content-type: application/json\r\n".to_owned(),
            format!("content-length: {}\r\n", body.len()),
        )
    };
    format!(
        "{line} HTTP/1.1\r\n\
         authorization: {LOGIN}\r\n\
         user-agent: 2738 - SelfIntegration\r\n\
         {kind}\
         accept: */*\r\n\
         cache-control: no-store, no-cache\r\n\
         accept-encoding: gzip\r\n\
         host: {address}\r\n\
         {length}\r\n{body}"
    )
}
