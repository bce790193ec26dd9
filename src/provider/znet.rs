//! znet reseller panels.
//!
//! The parts: [`Account`] knows address and password and builds requests, [`Http`] sends them, `seen` says
//! whether an answer counts at all, `wire` and `catalogue` what it means, `fill` what a purchase says. Here they are
//! put together.
//! What must stay true:
//!
//! * only a whole body that came with status 200 and is no page is ever understood,
//! * every text that leaves goes through the account's redactor first.

mod account;
mod catalogue;
mod fill;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
#[cfg(test)]
mod tests;
mod wire;

use std::{borrow::Cow, fmt, sync::Arc, time::Instant};

use async_trait::async_trait;
use reqwest::{Method, Request, Url};
use rust_decimal::Decimal;

pub use account::Account;

use self::wire::{Balance, Status};
use super::{
    AnswerClass, Catalogue, Evidence, Http, Provider, Purchase, PurchaseReply, ReadError,
    StatusReply,
    kind::Kind,
    redact::{self, Redactor},
    seen::{Came, Seen},
};
use crate::order::{Naming, PurchaseOutcome, Reference, StatusAnswer};

/// The panels of this kind, in the registry.
pub(super) static KIND: Kind = Kind {
    names: &["znet"],
    naming: Naming::Digits,
    refuses_repeats: true,
    connect: |credentials, http| {
        let [base_url, kod, sifre] = credentials.znet();
        let account = Account::new(base_url, kod, sifre)?;
        Ok(Arc::new(Znet::new(account, http.clone())))
    },
    fill: fill::fill,
    rule: |rules, integration, package, _| Ok(Some(rules.fixed(integration, package))),
};

/// Maximum number of bytes that are read of an answer, unpacked.
const ANSWER_LIMIT: usize = 256 * 1024;
/// Maximum number of bytes that are read of a price list, unpacked: large panels sell thousands of products.
const LIST_LIMIT: usize = 4 * 1024 * 1024;

/// One account on a znet panel.
pub struct Znet {
    account: Account,
    http: Http,
}

impl Znet {
    /// Puts an account and the shared clients together. Opens no connection.
    #[must_use]
    pub const fn new(account: Account, http: Http) -> Self {
        Self { account, http }
    }

    /// A panel's words without secrets, and without the code that they may repeat: they are shown as no secret.
    fn words(&self, text: &str, pin: Option<&str>) -> String {
        self.account.redactor().words(text, pin)
    }

    fn evidence(
        &self,
        seen: &Seen,
        body: &str,
        reference: &Reference,
        started: Instant,
    ) -> Evidence {
        Evidence {
            class: seen.class,
            http_status: seen.http_status,
            body: self.account.redactor().evidence(body, reference.as_str()),
            trouble: seen
                .trouble
                .map_or_else(String::new, |trouble| trouble.to_string()),
            took: started.elapsed(),
        }
    }

    fn outcome(&self, seen: &Seen) -> PurchaseOutcome {
        if let Some(why) = seen.not_sent() {
            return PurchaseOutcome::NotSent(why);
        }

        match seen.whole().map(wire::purchase) {
            Some(PurchaseOutcome::Refused(text)) => {
                PurchaseOutcome::Refused(self.words(&text, None))
            }
            Some(outcome) => outcome,
            // The request may have arrived, whatever came back.
            None => PurchaseOutcome::Unsure,
        }
    }

    fn answer(&self, status: &Status<'_>) -> StatusAnswer {
        match *status {
            Status::Waiting { pin, text } => StatusAnswer::Waiting {
                pin: pin.map(Into::into),
                text: self.words(text, pin),
            },
            Status::Done { pin, text } => StatusAnswer::Done {
                pin: pin.map(Into::into),
                text: self.words(text, pin),
            },
            Status::Cancelled(text) => StatusAnswer::Cancelled {
                text: self.words(text, None),
            },
            Status::NotKnown(text) => StatusAnswer::NotKnown {
                text: self.words(text, None),
            },
            Status::Unclear => StatusAnswer::Unclear,
        }
    }
}

/// What came back, read: all that stands between the wire and the reply, without a network.
impl Znet {
    fn bought(&self, came: &Came, reference: &Reference, started: Instant) -> PurchaseReply {
        let seen = Seen::of(came);
        PurchaseReply {
            outcome: self.outcome(&seen),
            pin: None,
            evidence: self.evidence(&seen, &seen.text, reference, started),
        }
    }

    fn became(&self, came: &Came, reference: &Reference, started: Instant) -> StatusReply {
        let seen = Seen::of(came);
        let status = seen.whole().map_or(Status::Unclear, wire::status);
        let body = masked(&seen.text, &status);

        StatusReply {
            answer: self.answer(&status),
            evidence: self.evidence(&seen, &body, reference, started),
        }
    }

    fn list(&self, came: &Came) -> Result<Catalogue, ReadError> {
        let seen = Seen::of(came);
        catalogue::parse(seen.readable()?, self.account.redactor())
    }

    fn sum(&self, came: &Came) -> Result<Decimal, ReadError> {
        let seen = Seen::of(came);
        let text = seen.readable()?;

        match wire::balance(text) {
            Balance::Is(sum) => Ok(sum),
            Balance::Refused(text) => Err(ReadError::Refused {
                text: self.account.redactor().evidence(&text, ""),
            }),
            Balance::Unclear => Err(ReadError::Unreadable {
                class: AnswerClass::Text,
                detail: self.account.redactor().evidence(text, ""),
            }),
        }
    }
}

#[async_trait]
impl Provider for Znet {
    async fn purchase(&self, purchase: &Purchase) -> PurchaseReply {
        let started = Instant::now();
        let request = get(self.account.purchase(purchase));
        // On a connection of its own, which nothing repeats: one call is one request on the wire.
        let came = self.http.once(request, ANSWER_LIMIT).await;
        self.bought(&came, &purchase.reference, started)
    }

    async fn status(&self, reference: &Reference) -> StatusReply {
        let started = Instant::now();
        let request = get(self.account.status(reference));
        let came = self.http.once(request, ANSWER_LIMIT).await;
        self.became(&came, reference, started)
    }

    async fn catalogue(&self) -> Result<Catalogue, ReadError> {
        let request = get(self.account.catalogue());
        self.list(&self.http.once(request, LIST_LIMIT).await)
    }

    async fn balance(&self) -> Result<Decimal, ReadError> {
        let request = get(self.account.balance());
        self.sum(&self.http.once(request, ANSWER_LIMIT).await)
    }
}

/// The text of an answer to `pin_kontrol` with its code masked, understood or not.
fn masked<'a>(answer: &'a str, status: &Status<'_>) -> Cow<'a, str> {
    let Some(place) = wire::pin_place(answer) else {
        return Cow::Borrowed(answer);
    };

    let mut text = answer.to_owned();
    if let Status::Done { pin: Some(pin), .. } = status {
        text.replace_range(place, &redact::mask(pin));
        return Cow::Owned(redact::mask_pin(&text, pin).into_owned());
    }

    // What is no code for certain may still be one; what follows one that is too long to look for is not shown.
    if place.len() > redact::LONGEST_CODE {
        text.truncate(place.start);
        text.push_str(redact::CODE_MASK);
        return Cow::Owned(text);
    }

    // It may be repeated, in part at the end.
    let perhaps = Redactor::new([answer[place.clone()].to_owned()]);
    text.replace_range(place, redact::CODE_MASK);
    Cow::Owned(perhaps.clean(&text).into_owned())
}

fn get(url: Url) -> Request {
    Request::new(Method::GET, url)
}

impl fmt::Debug for Znet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Znet").finish_non_exhaustive()
    }
}
