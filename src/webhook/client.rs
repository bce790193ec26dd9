//! One delivery: a signed request, and what its status means.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use reqwest::{
    Method, Request, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue},
};

use super::Endpoint;
use crate::outbound::{self, HttpError, HttpSettings};

/// Bytes of an answer that are read, so that its connection can be used again.
const ANSWER_LIMIT: usize = 64 * 1024;
/// To open a connection; an endpoint with a shorter time-out waits that long only.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Above the time-out of every endpoint.
const LONGEST: Duration = Duration::from_mins(1);

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The client; clones share connections.
#[derive(Clone, Debug)]
pub struct Http(outbound::Http);

/// What is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Names it, the same in every try: who gets it twice can tell.
    pub(crate) id: String,
    /// JSON, byte for byte as it is signed and sent.
    pub(crate) body: String,
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 2xx.
    Accepted,
    /// No longer wanted (410): not retried.
    Gone,
    /// Any other status, a redirect too.
    Refused(u16),
    /// No answer; why, in words without the address.
    None(String),
}

impl Http {
    /// Builds the client. Reads the platform's root certificates.
    pub fn new() -> Result<Self, HttpError> {
        let settings = HttpSettings {
            connect_timeout: CONNECT_TIMEOUT,
            request_timeout: LONGEST,
        };
        outbound::Http::new(&settings).map(Self)
    }

    /// Delivers a notice once. `now` is the time of this try, in seconds since 1970.
    pub(crate) async fn deliver(&self, endpoint: &Endpoint, notice: &Notice, now: i64) -> Answer {
        let Ok(request) = request(endpoint, notice, now) else {
            return Answer::None("the request cannot be written".to_owned());
        };

        // What the answer says beyond its status, and whether it ends well, changes nothing.
        match self.0.once(request, ANSWER_LIMIT).await {
            Ok(answer) => Answer::of(answer.status),
            Err(trouble) => Answer::None(trouble.to_string()),
        }
    }
}

impl Answer {
    fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::GONE => Self::Gone,
            status if status.is_success() => Self::Accepted,
            status => Self::Refused(status.as_u16()),
        }
    }
}

fn request(endpoint: &Endpoint, notice: &Notice, now: i64) -> Result<Request, InvalidHeaderValue> {
    // While keys are changed, both sign: the receiver may know either.
    let signatures: Vec<String> = endpoint
        .keys
        .iter()
        .map(|key| key.sign(&notice.id, now, &notice.body))
        .collect();

    let mut headers = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (ID, HeaderValue::from_str(&notice.id)?),
        // Of this try, not of the first: receivers refuse old ones.
        (TIMESTAMP, HeaderValue::from(now)),
        (SIGNATURE, HeaderValue::from_str(&signatures.join(" "))?),
    ]);

    if let Some(login) = login(&endpoint.url)? {
        headers.insert(AUTHORIZATION, login);
    }

    let mut request = Request::new(Method::POST, endpoint.url.clone());
    *request.headers_mut() = headers;
    *request.timeout_mut() = Some(endpoint.timeout);
    *request.body_mut() = Some(notice.body.clone().into());
    Ok(request)
}

/// The user information of an address as the header that stands for it.
fn login(url: &Url) -> Result<Option<HeaderValue>, InvalidHeaderValue> {
    let password = url.password();
    if url.username().is_empty() && password.is_none() {
        return Ok(None);
    }

    let mut login: Vec<u8> = percent_decode_str(url.username()).collect();
    login.push(b':');
    login.extend(percent_decode_str(password.unwrap_or_default()));
    let mut header = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(login)))?;
    // Keeps it out of every Debug text.
    header.set_sensitive(true);
    Ok(Some(header))
}
