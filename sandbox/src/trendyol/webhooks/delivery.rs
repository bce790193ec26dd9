//! Telling a webhook of a change.

use std::{sync::Arc, time::Duration};

use super::registration::Registration;
use crate::{http::Call, trendyol::status::Status};
use chrono::{DateTime, Utc};

/// How long a receiver may take. No document names it.
const PATIENCE: Duration = Duration::from_secs(5);

/// One try to send a change to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookDelivery {
    /// When, by the store's clock.
    pub at: DateTime<Utc>,
    pub webhook: String,
    /// The package that changed.
    pub package: i64,
    pub order_number: String,
    /// Its status in what was sent.
    pub status: Status,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// The HTTP status that came back; `None` when no answer did.
    pub answered: Option<u16>,
}

/// A call that is to be made.
#[derive(Debug)]
pub(in crate::trendyol) struct Outgoing {
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

    /// Calls the webhook once. The HTTP status that came back, if any did.
    pub(in crate::trendyol) async fn carry(&self) -> Option<u16> {
        let (name, value) = self.registration.header();
        let call = Call {
            method: "POST",
            url: &self.registration.url,
            header: Some((name, &value)),
            body: &self.body,
        };
        let answered = tokio::time::timeout(PATIENCE, call.send()).await;
        Some(answered.ok()?.ok()?.status)
    }
}
