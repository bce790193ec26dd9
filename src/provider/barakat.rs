//! Panels of the kind barakat, which the shop also calls apstore.
//!
//! The parts: [`Account`] knows address and token and builds requests, [`Http`] sends them, `seen` says whether
//! an answer counts at all, `wire` and `catalogue` what it means, `fill` what a purchase says. Here they are put
//! together. What must stay true:
//!
//! * an answer that came whole is understood by its JSON alone, whatever page or text is around it,
//! * a repeated name is not assumed to be refused: what may have been bought is asked about, never sent again,
//! * every text that leaves goes through the account's redactor first.

mod account;
mod catalogue;
mod fill;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
#[cfg(test)]
mod tests;
mod wire;

use std::{fmt, sync::Arc, time::Instant};

use async_trait::async_trait;
use rust_decimal::Decimal;

pub use account::Account;

use self::wire::{AskedBy, Balance, Purchase as Bought, Status};
use super::{
    AnswerClass, Catalogue, Evidence, Http, Provider, Purchase, PurchaseReply, ReadError,
    StatusReply,
    kind::Kind,
    redact,
    seen::{Came, Seen},
};
use crate::{
    order::{Naming, PurchaseOutcome, Reference, StatusAnswer},
    outbound::Trouble,
};

/// Maximum number of bytes that are read of an answer, unpacked.
const ANSWER_LIMIT: usize = 256 * 1024;
/// Maximum number of bytes that are read of a price list, unpacked: it tells much about each product.
const LIST_LIMIT: usize = 16 * 1024 * 1024;

/// The panels of this kind, in the registry.
pub(super) static KIND: Kind = Kind {
    names: &["barakat", "apstore"],
    naming: Naming::OrderId,
    refuses_repeats: false,
    connect: |credentials, http| {
        let [base_url, token] = credentials.barakat();
        let account = Account::new(base_url, token)?;
        Ok(Arc::new(Barakat::new(account, http.clone())))
    },
    fill: fill::fill,
    rule: |rules, integration, package, params| {
        let rule = params.map(|params| rules.params(integration, package, params));
        rule.transpose()
    },
};

/// One account on a panel of this kind.
pub struct Barakat {
    account: Account,
    http: Http,
}

impl Barakat {
    /// Puts an account and the shared clients together. Opens no connection.
    #[must_use]
    pub const fn new(account: Account, http: Http) -> Self {
        Self { account, http }
    }

    /// A panel's words without secrets, and without the code that they may repeat.
    fn words(&self, text: &str, pin: Option<&str>) -> String {
        self.account.redactor().words(text, pin)
    }

    /// `name` is shown, though it may look like a code; `pin` is not, wherever it is repeated.
    fn evidence(&self, seen: &Seen, name: &str, pin: Option<&str>, started: Instant) -> Evidence {
        let redactor = self.account.redactor();
        let body = wire::masked(&seen.text);
        let clean = redactor.clean(&body);
        let masked = pin.map(|pin| redact::mask_pin(&clean, pin));

        Evidence {
            class: seen.class,
            http_status: seen.http_status,
            body: redactor.evidence(masked.as_ref().unwrap_or(&clean), name),
            trouble: seen
                .trouble
                .map_or_else(String::new, |trouble| trouble.to_string()),
            took: started.elapsed(),
        }
    }

    fn outcome(&self, seen: &Seen) -> (PurchaseOutcome, Option<String>) {
        if let Some(why) = seen.not_sent() {
            return (PurchaseOutcome::NotSent(why), None);
        }

        // The request may have arrived, whatever came back.
        let Some((status, text)) = seen.complete() else {
            return (PurchaseOutcome::Unsure, None);
        };
        match wire::purchase(status, text) {
            Bought::Accepted { cost, pin, ready } => {
                let outcome = PurchaseOutcome::Accepted {
                    cost,
                    balance: None,
                    ready,
                };
                (outcome, pin)
            }
            Bought::Refused(text) => (PurchaseOutcome::Refused(self.words(&text, None)), None),
            Bought::SentBefore => (PurchaseOutcome::SentBefore, None),
            Bought::Unsure => (PurchaseOutcome::Unsure, None),
        }
    }

    fn answer(&self, status: Status) -> StatusAnswer {
        match status {
            Status::Waiting { pin, text } => StatusAnswer::Waiting {
                text: self.words(&text, pin.as_deref()),
                pin: pin.map(Into::into),
            },
            Status::Done { pin, text } => StatusAnswer::Done {
                text: self.words(&text, pin.as_deref()),
                pin: pin.map(Into::into),
            },
            Status::DoneUnread(text) => StatusAnswer::DoneWithoutCode {
                text: self.words(&text, None),
            },
            Status::Cancelled(text) => StatusAnswer::Cancelled {
                text: self.words(&text, None),
            },
            Status::NotKnown(text) => StatusAnswer::NotKnown {
                text: self.words(&text, None),
            },
            Status::Unclear => StatusAnswer::Unclear,
        }
    }
}

/// What came back, read: all that stands between the wire and the reply, without a network.
impl Barakat {
    fn bought(&self, came: &Came, started: Instant) -> PurchaseReply {
        let seen = Seen::of(came);
        let (outcome, pin) = self.outcome(&seen);
        let name = wire::order_id(&seen.text).unwrap_or_default();

        PurchaseReply {
            outcome,
            evidence: self.evidence(&seen, &name, pin.as_deref(), started),
            pin: pin.map(Into::into),
        }
    }

    fn became(&self, came: &Came, reference: &Reference, started: Instant) -> StatusReply {
        let seen = Seen::of(came);
        let asked = if reference.is_uuid() {
            AskedBy::Uuid(reference.as_str())
        } else {
            AskedBy::PanelId(reference.as_str())
        };

        let status = match seen.complete() {
            Some((200, text)) => wire::status(text, asked),
            // Some say by it that they have no such order.
            Some((404, text)) => match wire::status(text, asked) {
                Status::NotKnown(text) => Status::NotKnown(text),
                _ => Status::Unclear,
            },
            _ => Status::Unclear,
        };

        let evidence = self.evidence(&seen, reference.as_str(), status.pin(), started);
        StatusReply {
            answer: self.answer(status),
            evidence,
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
impl Provider for Barakat {
    async fn purchase(&self, purchase: &Purchase) -> PurchaseReply {
        let started = Instant::now();
        // On a connection of its own, which nothing repeats: one call is one request on the wire.
        let came = match self.account.purchase(purchase) {
            Some(request) => self.http.once(request, ANSWER_LIMIT).await,
            None => Err(Trouble::NoRequest),
        };
        self.bought(&came, started)
    }

    async fn status(&self, reference: &Reference) -> StatusReply {
        let started = Instant::now();
        let request = self.account.status(reference);
        let came = self.http.once(request, ANSWER_LIMIT).await;
        self.became(&came, reference, started)
    }

    async fn catalogue(&self) -> Result<Catalogue, ReadError> {
        let request = self.account.catalogue();
        self.list(&self.http.once(request, LIST_LIMIT).await)
    }

    async fn balance(&self) -> Result<Decimal, ReadError> {
        let request = self.account.balance();
        self.sum(&self.http.once(request, ANSWER_LIMIT).await)
    }
}

impl fmt::Debug for Barakat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barakat").finish_non_exhaustive()
    }
}
