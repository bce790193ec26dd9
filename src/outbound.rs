//! HTTP to the outside world: the one client that every account shares.
//!
//! What must stay true: one call of `Http::once` is at most one request on the wire, on a connection of its own. A
//! connection that is used again is the only case in which the HTTP library sends a request again by itself; and
//! most answers do not say what they are about, so one that a server sends twice would be taken for that to the
//! next question, which may be about the code of another order. The client never retries, follows no redirect and
//! knows no proxy (which would also resolve names in our place). No answer is read beyond its limit, and no error holds an address.

mod base;
mod plain;
mod reach;
#[cfg(test)]
mod tests;
mod trouble;

use std::{sync::Arc, time::Duration};

use reqwest::{
    Client, ClientBuilder, Request, Response, StatusCode,
    dns::Resolve,
    header::{CACHE_CONTROL, HeaderMap, HeaderValue},
    redirect, retry,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

pub(crate) use base::BaseUrlFault;
pub(crate) use base::base_url;
pub(crate) use plain::{PlainHttp, Secrecy};
pub(crate) use reach::names_forbidden;
pub(crate) use trouble::Trouble;

/// The limits of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// From looking up the name to an (encrypted) connection. Should be shorter than
    /// `request_timeout`: only then is a host that does not answer known to have got nothing.
    pub connect_timeout: Duration,
    /// From the beginning to the last byte of the answer.
    pub request_timeout: Duration,
}

/// The client.
#[derive(Clone, Debug)]
pub struct Http(Client);

#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The encryption library does not take its own settings.
    #[error("the TLS settings are not usable")]
    Tls(#[source] rustls::Error),
    /// The HTTP library does not take its settings.
    #[error("the HTTP client cannot be built")]
    Client(#[source] reqwest::Error),
}

/// What came back, as far as it came.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Set when the body did not arrive whole.
    pub(crate) cut: Option<Trouble>,
}

impl Http {
    /// Builds the client. Reads the platform's root certificates.
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpError> {
        Self::resolving(settings, &(Arc::new(reach::System) as _))
    }

    fn resolving(settings: &HttpSettings, names: &Arc<dyn Resolve>) -> Result<Self, HttpError> {
        let tls = tls(roots()).map_err(HttpError::Tls)?;
        let client = builder(settings, tls, names).build();
        client.map(Self).map_err(HttpError::Client)
    }

    /// Sends one request on a connection of its own. Of its answer at most `limit` bytes are read,
    /// unpacked.
    pub(crate) async fn once(&self, request: Request, limit: usize) -> Result<Answer, Trouble> {
        exchange(&self.0, request, limit).await
    }
}

fn builder(settings: &HttpSettings, tls: ClientConfig, names: &Arc<dyn Resolve>) -> ClientBuilder {
    // An address may hold a password: nothing on the way may keep it or its answer.
    let uncached = HeaderValue::from_static("no-store, no-cache");

    // One call is one request, to the configured address and no other.
    Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .pool_max_idle_per_host(0)
        .no_proxy()
        .dns_resolver(reach::Guard(Arc::clone(names)))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .user_agent(concat!("orderwatch/", env!("CARGO_PKG_VERSION")))
        .default_headers(HeaderMap::from_iter([(CACHE_CONTROL, uncached)]))
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.request_timeout)
}

fn roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, unusable) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        // No error: `http` addresses can be reached all the same.
        let errors = found.errors.len();
        tracing::warn!(
            unusable,
            errors,
            "no root certificates found: https addresses cannot be reached"
        );
    }

    roots
}

fn tls(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let mut tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A request inside the first packet of a handshake may be replayed by anyone.
    tls.enable_early_data = false;
    Ok(tls)
}

async fn exchange(client: &Client, request: Request, limit: usize) -> Result<Answer, Trouble> {
    // The library resolves names only; a number is connected to as it stands.
    if names_forbidden(request.url()) {
        return Err(Trouble::Forbidden);
    }

    let sent = client.execute(request).await;
    // The address may hold a password, and errors are logged.
    let mut response = sent.map_err(|error| Trouble::of(&error.without_url()))?;

    // An answer that breaks off is an answer: the server has got the request.
    let mut body = Vec::new();
    let cut = read(&mut response, limit, &mut body).await.err();
    Ok(Answer {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body,
        cut,
    })
}

/// Reads a body up to its limit. What was read stays in `body` whatever happens.
async fn read(response: &mut Response, limit: usize, body: &mut Vec<u8>) -> Result<(), Trouble> {
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                // What fits is kept: the beginning of a page may say what is wrong.
                let room = limit - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    return Err(Trouble::TooLarge);
                }
            }
            Ok(None) => return Ok(()),
            Err(error) => return Err(Trouble::of_body(&error.without_url())),
        }
    }
}
