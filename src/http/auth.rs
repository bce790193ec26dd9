//! Who is let in, and whose requests may change something.
//!
//! With a token: whoever shows it (`Authorization: Bearer`), or a session that was started with it.
//! Without one: this machine alone, which the configuration guarantees by the address, and which is
//! why the `Host` must be a name of this machine: a web site whose name suddenly leads to 127.0.0.1
//! is refused (DNS rebinding).
//!
//! A browser acts for whatever site it shows, so a request that changes something must come from
//! our own pages, unless it carries the token itself.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, Method, Uri, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::{
    AppState,
    problem::{Code, Problem},
    session,
};
use crate::{clock::Clock, config};

#[derive(Debug)]
pub(crate) struct Access {
    token: Option<SecretString>,
}

/// Who asks. Handlers find it among the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A program that showed the token.
    Bearer,
    /// A browser in which somebody logged in.
    Session,
    /// Somebody on this machine; no token is configured.
    Machine,
    /// Anybody: health checks, the log-in and static files.
    Anybody,
}

impl Caller {
    /// Whether the token was shown, now or at the log-in. Codes are shown to nobody else.
    #[must_use]
    pub(crate) const fn showed_token(self) -> bool {
        matches!(self, Self::Bearer | Self::Session)
    }
}

impl Access {
    #[must_use]
    pub(crate) fn new(settings: &config::Http) -> Self {
        Self {
            token: settings.token.clone(),
        }
    }

    #[must_use]
    pub(crate) fn token(&self) -> Option<&SecretString> {
        self.token.as_ref()
    }

    /// Whether this is the token. Takes as long for a wrong one as for the right one.
    #[must_use]
    pub(crate) fn is_token(&self, given: &str) -> bool {
        self.token
            .as_ref()
            .is_some_and(|token| same(token.expose_secret(), given))
    }

    /// Who asks; `wrong` counts a token that is none of ours.
    fn caller(
        &self,
        request: &Request,
        clock: &dyn Clock,
        wrong: impl FnOnce() -> Result<(), Problem>,
    ) -> Result<Caller, Problem> {
        // Without a token the configuration allows loopback addresses only, so the name is left to check.
        let Some(token) = &self.token else {
            local_host(request.headers())?;
            return Ok(Caller::Machine);
        };

        if let Some(value) = request.headers().get(header::AUTHORIZATION) {
            let given = value.to_str().ok().and_then(bearer);
            // A wrong token is refused even where a session would do: the program learns that its token is old.
            if given.is_some_and(|given| self.is_token(given)) {
                return Ok(Caller::Bearer);
            }

            wrong()?;
            return Err(unauthorized(
                "the token in Authorization is not the one of http.token",
            ));
        }

        let now = clock.now();
        if cookies(request.headers()).any(|cookie| session::holds(token, cookie, now)) {
            return Ok(Caller::Session);
        }

        Err(unauthorized(
            "show the token of http.token as \"Authorization: Bearer ...\", or log in at /login",
        ))
    }
}

/// Lets a request in, or answers it.
pub(super) async fn guard(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    match admit(&state, peer, &request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        // A person who opens a page wants to log in; a program wants the status.
        Err(problem) if problem.code == Code::Unauthorized && is_page(&request) => {
            to_login(request.uri()).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

fn admit(state: &AppState, peer: SocketAddr, request: &Request) -> Result<Caller, Problem> {
    let access = state.access();
    let path = request.uri().path();
    // Probes have no token, and learn nothing but whether it works.
    if is_health(path) {
        return Ok(Caller::Anybody);
    }

    let wrong = || state.bearers().wrong(peer.ip());
    let caller = match access.caller(request, state.clock(), wrong) {
        // The log-in page has to be had without the token. A name that is not ours is refused even there.
        Err(problem) if problem.is_of_credentials() && is_open(path) => Caller::Anybody,
        other => other?,
    };

    // A browser adds the cookie to requests of any site, but never this header.
    if caller != Caller::Bearer && !request.method().is_safe() {
        own_page(request)?;
    }

    Ok(caller)
}

fn is_health(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz")
}

fn is_open(path: &str) -> bool {
    path == "/login" || path.starts_with("/static/")
}

/// A browser that wants to show something, rather than a program.
fn is_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT);
    let wants_page = accept
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    request.method() == Method::GET && wants_page && !request.uri().path().starts_with("/api/")
}

fn to_login(uri: &Uri) -> Redirect {
    let wanted = uri.path_and_query().map_or("/", |wanted| wanted.as_str());
    // Whole: otherwise its parameters would become those of the log-in.
    let wanted = percent_encoding::utf8_percent_encode(wanted, percent_encoding::NON_ALPHANUMERIC);
    Redirect::to(&format!("/login?next={wanted}"))
}

fn unauthorized(detail: &'static str) -> Problem {
    Problem::new(Code::Unauthorized, detail)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("Bearer")
        .then_some(token.trim())
}

/// Every cookie of that name: a browser may hold an old one for another path.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == session::COOKIE)
        .map(|(_, value)| value)
}

fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// The request names this machine.
fn local_host(headers: &HeaderMap) -> Result<(), Problem> {
    if only(headers, header::HOST).is_some_and(is_local_name) {
        return Ok(());
    }
    Err(Problem::new(
        Code::Foreign,
        "without http.token only requests to localhost, 127.0.0.1 or [::1] are answered; \
         set http.token to use another name",
    ))
}

fn is_local_name(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        // Also an IPv4 address in the form of IPv6.
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

/// The one value of a header; `None` when it is missing, or there are several.
fn only(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// The request comes from one of our own pages, or from a program that is no browser: those send
/// neither header, and JSON, which no form of another site can.
fn own_page(request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let site = headers.get("sec-fetch-site");
    let origin = headers.get(header::ORIGIN);
    let ours = match (site, origin) {
        // Newer browsers send it with every request, and no page can set it.
        (Some(site), _) => site.as_bytes() == b"same-origin",
        (None, Some(_)) => is_own_origin(headers),
        // No browser: each of them sends one of the two with a form.
        (None, None) => is_json(headers),
    };

    if ours {
        return Ok(());
    }

    Err(Problem::new(
        Code::Foreign,
        "a request that changes something must come from a page of this orderwatch, \
         or be sent by a program as application/json",
    ))
}

/// `Origin` names the host that the request was sent to. A proxy has to hand `Host` on.
fn is_own_origin(headers: &HeaderMap) -> bool {
    let origin = only(headers, header::ORIGIN).and_then(|origin| origin.parse::<Uri>().ok());
    let host = only(headers, header::HOST).and_then(|host| host.parse::<Authority>().ok());
    let (Some(origin), Some(host)) = (origin, host) else {
        return false;
    };

    // Both leave the port of the scheme out, and only `Origin` names the scheme.
    let default = match origin.scheme_str() {
        Some("https") => 443,
        Some("http") => 80,
        _ => return false,
    };

    let Some(authority) = origin.authority() else {
        return false;
    };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(default);
    authority.host().eq_ignore_ascii_case(host.host()) && port(authority) == port(&host)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = only(headers, header::CONTENT_TYPE);
    kind.and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for name in [
            "localhost",
            "LOCALHOST:8787",
            "127.0.0.1:8787",
            "127.9.9.9",
            "[::1]:8787",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(is_local_name(name), "{name}");
        }
        for name in [
            "",
            "shop.example",
            "127.0.0.1.shop.example",
            "localhost.shop.example:8787",
            "10.0.0.1",
            "0.0.0.0",
            "user@127.0.0.1.example",
            "a b",
        ] {
            assert!(!is_local_name(name), "{name}");
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    header::HeaderName::from_static(name),
                    value.parse().unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn an_origin_is_ours_when_host_and_port_are() {
        let own = |origin: &str, host: &str| {
            is_own_origin(&headers(&[("origin", origin), ("host", host)]))
        };
        assert!(own("http://127.0.0.1:8787", "127.0.0.1:8787"));
        assert!(own("https://orders.shop.example", "orders.shop.example"));
        assert!(own(
            "https://orders.shop.example",
            "ORDERS.shop.example:443"
        ));
        assert!(!own(
            "http://orders.shop.example",
            "orders.shop.example:443"
        ));
        assert!(!own("http://127.0.0.1:8788", "127.0.0.1:8787"));
        assert!(!own("http://127.0.0.1", "127.0.0.1:8787"));
        assert!(!own("https://shop.example", "orders.shop.example"));
        assert!(!own("null", "127.0.0.1:8787"));
        assert!(!own("file://", "127.0.0.1:8787"));
    }
}
