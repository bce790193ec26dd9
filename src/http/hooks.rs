//! Calls by which Trendyol says that something happened to an order.
//!
//! What must stay true: only whoever shows the configured password is heard; of what they say only the
//! numbers of orders are taken, which are then read from Trendyol itself; and a call is answered with
//! 200 only when these were written down, because Trendyol repeats every other one. Others cost a comparison and
//! nothing else: no body is read, no row is written, and one line of the log stands for a minute of them.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;

use std::{collections::BTreeSet, net::SocketAddr};

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, FromRequest, Path, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::ExposeSecret;
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::{
    AppState, World,
    problem::{self, Code, Problem},
};
use crate::config::{HOOKS_PATH, TrendyolWebhook};
use crate::telemetry::chain;

/// The largest body, in bytes. A package has a few KiB.
const BODY: usize = 1024 * 1024;
/// Orders that one call may name.
const MOST: usize = 200;
/// Order numbers have 11 digits or so.
const LONGEST_NUMBER: usize = 40;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(&format!("{HOOKS_PATH}{{seller}}"), post(take))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY))
}

async fn take(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(seller): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let world = state.world()?;
    if !is_served(&world, &seller) {
        // As for any unknown address: strangers learn of no seller.
        return Err(problem::not_found(request.uri().clone()).await);
    }

    // Before anything of the body is read.
    if !is_known(&world.config.trendyol.webhook, request.headers()) {
        state.calls().wrong(peer.ip())?;
        return Ok(StatusCode::UNAUTHORIZED.into_response());
    }

    let body = Bytes::from_request(request, &state)
        .await
        .map_err(|rejection| Problem::rejected(rejection.status(), rejection.body_text()))?;
    let numbers = order_numbers(&body);
    if numbers.is_empty() {
        return Err(Problem::new(Code::BadRequest, "no order is named in it"));
    }

    let numbers: Vec<String> = numbers.into_iter().collect();
    let noted = world.store.note_order_calls(&numbers, world.clock.now());
    noted.await.map_err(|error| {
        tracing::warn!(
            error = chain(&error),
            "a call about an order is not written down; Trendyol will repeat it"
        );
        Problem::new(Code::Unavailable, "not written down; call again")
    })?;

    // After the numbers are written down: whoever is woken by it looks for them.
    world.bell.notify_one();
    tracing::debug!(orders = numbers.len(), "Trendyol called");

    Ok(StatusCode::OK.into_response())
}

fn is_served(world: &World, seller: &str) -> bool {
    let trendyol = &world.config.trendyol;
    trendyol.enabled && trendyol.webhook.enabled && trendyol.seller_id == seller
}

/// Whether the caller shows the password. Takes as long for a wrong one as for the right one.
fn is_known(webhook: &TrendyolWebhook, headers: &HeaderMap) -> bool {
    let password = webhook.password.expose_secret();
    // Trendyol shows the password in one of two ways, as the webhook was registered.
    if let Some(key) = headers.get("x-api-key") {
        return key.as_bytes().ct_eq(password.as_bytes()).into();
    }

    let shown = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, pair)| STANDARD.decode(pair.trim()).ok());
    let pair = format!("{}:{password}", webhook.user);
    shown.is_some_and(|shown| shown.ct_eq(pair.as_bytes()).into())
}

/// The orders that a call names: a page of packages, several of them, or a single one.
fn order_numbers(body: &[u8]) -> BTreeSet<String> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return BTreeSet::new();
    };
    let packages = match body.get("content").unwrap_or(&body) {
        Value::Array(packages) => packages.iter().collect(),
        single => vec![single],
    };
    let numbers = packages.into_iter().filter_map(order_number);
    // Those beyond it are read by the next pull.
    numbers.take(MOST).collect()
}

fn order_number(package: &Value) -> Option<String> {
    let number = match package.get("orderNumber")? {
        Value::String(text) => text.trim().to_owned(),
        // What went through a float has other digits.
        Value::Number(number) if !number.is_f64() => number.to_string(),
        _ => return None,
    };

    // It goes into a request to Trendyol, so it may hold nothing but what a number holds.
    let sound = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let fits = (1..=LONGEST_NUMBER).contains(&number.len()) && number.chars().all(sound);
    fits.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_a_call_names_its_orders() {
        for (body, want) in [
            (
                r#"{"content":[{"orderNumber":"1"},{"orderNumber":2},{"orderNumber":"1"}]}"#,
                &["1", "2"][..],
            ),
            (
                r#"{"orderNumber":" 10654411111 ","lines":[]}"#,
                &["10654411111"],
            ),
            (r#"[{"orderNumber":"1"},{"id":7},null]"#, &["1"]),
            (r#"{"content":{"orderNumber":"1"}}"#, &["1"]),
            (r#"{"content":[]}"#, &[]),
            (r#"{"orderNumber":"1' OR 1=1"}"#, &[]),
            (r#"{"orderNumber":""}"#, &[]),
            (r#"{"orderNumber":100000000000000000000}"#, &[]),
            (r#"{"orderNumber":{"orderNumber":"1"}}"#, &[]),
            ("orderNumber", &[]),
            ("", &[]),
        ] {
            let found: Vec<_> = order_numbers(body.as_bytes()).into_iter().collect();
            assert_eq!(found, want, "{body}");
        }
        let many: Vec<_> = (0..500)
            .map(|n| format!(r#"{{"orderNumber":{n}}}"#))
            .collect();
        let many = format!("[{}]", many.join(","));
        assert_eq!(order_numbers(many.as_bytes()).len(), MOST);
    }
}
