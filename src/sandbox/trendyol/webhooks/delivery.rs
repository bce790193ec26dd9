//! Telling a webhook of a change.

use std::{sync::Arc, sync::OnceLock, time::Duration};

use chrono::{DateTime, Utc};
use reqwest::{
    Method, Request,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};

use super::registration::Registration;
use crate::{
    outbound::{Http, HttpSettings},
    sandbox::trendyol::status::Status,
};

/// How long a receiver may take. No document names it.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read; nobody asks what they say.
const ANSWER: usize = 4096;

/// One try to tell a webhook of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookDelivery {
    /// When, by the store's clock.
    pub at: DateTime<Utc>,
    /// The webhook.
    pub webhook: String,
    /// The package that changed.
    pub package: i64,
    /// Its order.
    pub order_number: String,
    /// Its status in what was told.
    pub status: Status,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// The HTTP status that came back; `None` when no answer did.
    pub answered: Option<u16>,
}

/// Something that is to be told.
#[derive(Debug)]
pub(in crate::sandbox::trendyol) struct Outgoing {
    pub(super) webhook: String,
    pub(super) registration: Arc<Registration>,
    pub(super) package: i64,
    pub(super) order_number: String,
    pub(super) status: Status,
    pub(super) attempt: u32,
    pub(super) body: Arc<str>,
}

impl Outgoing {
    pub(super) fn record(&self, answered: Option<u16>, at: DateTime<Utc>) -> HookDelivery {
        HookDelivery {
            at,
            webhook: self.webhook.clone(),
            package: self.package,
            order_number: self.order_number.clone(),
            status: self.status.clone(),
            attempt: self.attempt,
            answered,
        }
    }

    fn request(&self) -> Option<Request> {
        let mut request = Request::new(Method::POST, self.registration.url.clone());
        let (name, value) = self.registration.header();
        let value = HeaderValue::try_from(value).ok()?;
        let headers = request.headers_mut();
        headers.insert(HeaderName::from_static(name), value);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(self.body.to_string().into());
        Some(request)
    }
}

/// Carries what is to be told, on connections that it makes when there is something.
#[derive(Debug, Default)]
pub(in crate::sandbox::trendyol) struct Postman(OnceLock<Option<Http>>);

impl Postman {
    /// The HTTP status that came back, if any did.
    pub(in crate::sandbox::trendyol) async fn carry(&self, outgoing: &Outgoing) -> Option<u16> {
        let settings = HttpSettings {
            connect_timeout: PATIENCE,
            request_timeout: PATIENCE,
        };
        let http = self.0.get_or_init(|| Http::new(&settings).ok()).as_ref()?;
        let answer = http.once(outgoing.request()?, ANSWER).await;
        answer.ok().map(|answer| answer.status.as_u16())
    }
}
