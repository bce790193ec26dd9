//! What the panel has to say, and how that is written in its style.
//!
//! What must stay true: every body that leaves here is one JSON document with the keys of the
//! protocol and no other. A body that is less than that is a matter of faults.

use std::{borrow::Cow, collections::BTreeMap};

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

use super::{Ending, Sale, Style};

/// What was said to a request, without its details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Said {
    /// Sold, and not ended yet.
    Accepted,
    /// Sold, with the code in the same answer if there is one.
    Delivered,
    /// Sold and paid back at once: `OK` with the status `reject`.
    Rejected,
    /// An order or a question that makes no sense; nothing is sold.
    Refused,
    /// Sent before under this `order_uuid`; not sold again.
    SentBefore,
    /// The balance does not suffice; not sold.
    NoBalance,
    Waiting,
    Done,
    Cancelled,
    /// A question about more than one order that is known.
    Several,
    /// A question about no order that is known.
    NotFound,
    Balance,
    Catalogue,
    /// A token that nobody has.
    NoAccount,
}

/// What the panel has to say.
pub(super) enum Words {
    Sold(Box<Sale>),
    Refused(Cow<'static, str>),
    SentBefore,
    NoBalance,
    /// The orders that were asked about and are known.
    Orders(Vec<Sale>),
    Balance {
        left: Decimal,
        email: String,
    },
    Catalogue,
    NoAccount,
}

#[derive(Serialize)]
struct Failure<'a> {
    status: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct Success<T> {
    status: &'static str,
    data: T,
}

#[derive(Serialize)]
struct Sold<'a> {
    order_id: Value,
    status: &'static str,
    price: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<&'a str>,
    replay_api: [&'static str; 0],
    note: &'static str,
}

#[derive(Serialize)]
struct Entry<'a> {
    order_id: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_uuid: Option<&'a str>,
    status: &'static str,
    price: Value,
    /// The code under the key of the style, or nothing.
    #[serde(flatten)]
    code: BTreeMap<&'static str, &'a str>,
    note: &'static str,
}

#[derive(Serialize)]
struct Profile<'a> {
    balance: Value,
    email: &'a str,
}

impl Words {
    pub(super) fn said(&self) -> Said {
        match self {
            Self::Sold(sale) => match sale.settled {
                None => Said::Accepted,
                Some(Ending::Cancelled) => Said::Rejected,
                Some(Ending::Code | Ending::TopUp) => Said::Delivered,
            },
            Self::Refused(_) => Said::Refused,
            Self::SentBefore => Said::SentBefore,
            Self::NoBalance => Said::NoBalance,
            Self::Orders(sales) => said_of(sales),
            Self::Balance { .. } => Said::Balance,
            Self::Catalogue => Said::Catalogue,
            Self::NoAccount => Said::NoAccount,
        }
    }

    /// The words as text; the price list is written elsewhere.
    pub(super) fn text(&self, style: &Style) -> serde_json::Result<String> {
        match self {
            Self::Sold(sale) => success(sold(sale, style)),
            Self::Refused(why) => failure(why),
            Self::SentBefore => failure("order_uuid already exists"),
            Self::NoBalance => failure("Insufficient balance"),
            Self::Orders(sales) if sales.is_empty() && style.unknown_is_error => {
                failure("Order not found")
            }
            Self::Orders(sales) => {
                let entries = sales.iter().map(|sale| entry(sale, style));
                success(entries.collect::<Vec<_>>())
            }
            Self::Balance { left, email } => serde_json::to_string(&Profile {
                balance: style.amount(*left),
                email,
            }),
            Self::NoAccount => failure("Invalid token"),
            Self::Catalogue => Ok(String::new()),
        }
    }

    pub(super) const fn http_status(&self, style: &Style) -> u16 {
        match self {
            Self::NoAccount if style.unauthorized => 401,
            _ => 200,
        }
    }
}

fn said_of(sales: &[Sale]) -> Said {
    match sales {
        [] => Said::NotFound,
        [sale] => match sale.settled {
            None => Said::Waiting,
            Some(Ending::Cancelled) => Said::Cancelled,
            Some(Ending::Code | Ending::TopUp) => Said::Done,
        },
        _ => Said::Several,
    }
}

fn failure(message: &str) -> serde_json::Result<String> {
    serde_json::to_string(&Failure {
        status: "ERROR",
        message,
    })
}

fn success<T: Serialize>(data: T) -> serde_json::Result<String> {
    serde_json::to_string(&Success { status: "OK", data })
}

fn sold<'a>(sale: &'a Sale, style: &Style) -> Sold<'a> {
    let (status, note) = match sale.settled {
        None => (style.sold.word(), "Order received"),
        Some(Ending::Cancelled) => ("reject", "Order rejected, balance returned"),
        Some(Ending::Code | Ending::TopUp) => ("success", "Order completed"),
    };
    Sold {
        order_id: style.id(&sale.number.to_string()),
        status,
        price: style.amount(sale.cost),
        pin: sale.pin.as_deref(),
        replay_api: [],
        note,
    }
}

fn entry<'a>(sale: &'a Sale, style: &Style) -> Entry<'a> {
    let (status, note) = match sale.settled {
        None => (style.waiting.word(), "Processing"),
        Some(Ending::Cancelled) => (style.cancelled.word(), "Cancelled, balance returned"),
        Some(Ending::Code | Ending::TopUp) => (style.done.word(), "Completed"),
    };
    let code = sale.pin.as_deref().map(|pin| (style.code_key.name(), pin));

    Entry {
        order_id: style.id(&sale.number.to_string()),
        order_uuid: style.names_uuid.then_some(&sale.order_uuid),
        status,
        price: style.amount(sale.cost),
        code: code.into_iter().collect(),
        note,
    }
}

#[cfg(test)]
mod tests;
