//! The log-in of people: the token once, and a session for half a day.
//!
//! What must stay true: wrong tokens are slowed down and right ones never, and a log-in leads to a page of ours.

use std::net::SocketAddr;

use askama::Template;
use axum::{
    Extension, Form, Router,
    extract::{ConnectInfo, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;

use super::{
    AppState,
    auth::Caller,
    extract::Query,
    pages::reader::{Chrome, lang_of},
    problem::{Code, Problem},
    session,
};
use crate::telemetry::chain;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    c: Chrome,
    next: &'a str,
    failed: bool,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Given {
    token: String,
    #[serde(default)]
    next: String,
}

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/login", get(form).post(log_in))
        .route("/logout", post(log_out))
}

async fn form(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let next = own_path(&wanted.next);
    if state.access().token().is_none() || caller.showed_token() {
        return Ok(Redirect::to(next).into_response());
    }

    page(&state, StatusCode::OK, (&uri, &headers), next, false)
}

fn page(
    state: &AppState,
    status: StatusCode,
    (uri, headers): (&Uri, &HeaderMap),
    next: &str,
    failed: bool,
) -> Result<Response, Problem> {
    let lang = lang_of(uri, headers);
    let title = lang.words().page.sign_in.to_owned();
    let c = Chrome::new(lang, title, uri, state.base());
    let page = LoginPage { c, next, failed }.render().map_err(|error| {
        tracing::error!(error = chain(&error), "no log-in page");
        Problem::new(Code::Internal, "the log of orderwatch says what went wrong")
    })?;

    Ok((status, Html(page)).into_response())
}

async fn log_in(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    uri: Uri,
    headers: HeaderMap,
    given: Result<Form<Given>, FormRejection>,
) -> Result<Response, Problem> {
    let access = state.access();
    // Not in the words of the rejection, which may repeat what was typed.
    let Form(given) =
        given.map_err(|rejection| Problem::rejected(rejection.status(), "the form"))?;
    let next = own_path(&given.next);
    let Some(token) = access.token() else {
        return Ok(Redirect::to(next).into_response());
    };

    if !access.is_token(&given.token) {
        state.log_ins().wrong(peer.ip())?;
        return page(
            &state,
            StatusCode::UNAUTHORIZED,
            (&uri, &headers),
            next,
            true,
        );
    }

    let session = session::begin(token, state.clock().now());
    let lasts = session::LASTS.num_seconds();
    let cookie = cookie(&session, lasts, &headers);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response())
}

async fn log_out(headers: HeaderMap) -> Response {
    let cookie = cookie("", 0, &headers);
    ([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response()
}

fn cookie(value: &str, lasts: i64, headers: &HeaderMap) -> String {
    // Said by the proxy that ends TLS. A client that lies about it harms itself alone.
    let https = headers
        .get("x-forwarded-proto")
        .is_some_and(|proto| proto == HeaderValue::from_static("https"));
    let secure = if https { "; Secure" } else { "" };
    let name = session::COOKIE;
    format!("{name}={value}; Max-Age={lasts}; HttpOnly; SameSite=Strict{secure}")
}

/// A path of ours, whatever was asked for.
fn own_path(wanted: &str) -> &str {
    // Otherwise a link to our log-in could end at another site.
    let own = wanted.starts_with('/')
        && !wanted.starts_with("//")
        && wanted
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own { wanted } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for path in ["/", "/orders?q=1", "/orders/1#x"] {
            assert_eq!(own_path(path), path);
        }
        for path in [
            "",
            "orders",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
        ] {
            assert_eq!(own_path(path), "/", "{path:?}");
        }
    }
}
