//! How a panel writes: the words, keys and types that differ from panel to panel.

use rust_decimal::Decimal;
use serde_json::{Number, Value};

use crate::http::{Answer, Framing};

/// The habits of one panel. The default is the panel that the shop buys at.
#[derive(Clone, Debug, Default)]
pub struct Style {
    /// How the ids of products and orders are written.
    pub ids: Scalar,
    /// How prices and the balance are written.
    pub amounts: Scalar,
    /// Whether a wrong token is answered with HTTP 401.
    pub unauthorized: bool,
    /// What the answer to a purchase says.
    pub sold: SoldWord,
    pub waiting: WaitingWord,
    pub done: DoneWord,
    pub cancelled: CancelledWord,
    /// The key of the code in the answer to a question.
    pub code_key: CodeKey,
    /// Whether the answer to a question names the `order_uuid` of each order.
    pub names_uuid: bool,
    /// Whether a question that finds no order is answered with an error, not with an empty list.
    pub unknown_is_error: bool,
    /// How the end of a body is marked.
    pub framing: Framing,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scalar {
    /// `"45.50"`.
    #[default]
    Text,
    /// `45.5`.
    Number,
}

/// What the answer to a purchase says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SoldWord {
    #[default]
    Wait,
    /// `accept`, which is no more than "waiting" here.
    Accept,
    /// `success` and the code, where it is ready at once; otherwise `wait`. A cancellation still
    /// takes a question.
    Instant,
}

/// What the answer to a question says of an order that is waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitingWord {
    #[default]
    Wait,
    Pending,
    Processing,
    Accepted,
}

/// What the answer to a question says of an order that has ended well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DoneWord {
    #[default]
    Success,
    Accept,
    Completed,
}

/// What the answer to a question says of an order that was cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CancelledWord {
    #[default]
    Reject,
    Rejected,
    Canceled,
}

/// The key of a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodeKey {
    #[default]
    Pin,
    Code,
    Voucher,
    Serial,
}

impl WaitingWord {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Accepted => "accepted",
        }
    }
}

impl DoneWord {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Accept => "accept",
            Self::Completed => "completed",
        }
    }
}

impl CancelledWord {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Rejected => "rejected",
            Self::Canceled => "canceled",
        }
    }
}

impl CodeKey {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Code => "code",
            Self::Voucher => "voucher",
            Self::Serial => "serial",
        }
    }
}

impl SoldWord {
    /// What is said of a purchase that has not ended by its own answer.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Wait | Self::Instant => "wait",
        }
    }
}

impl Style {
    pub(super) fn id(&self, id: &str) -> Value {
        scalar(self.ids, id)
    }

    /// An amount: as text with two decimals, as a number without those that say nothing.
    pub(super) fn amount(&self, amount: Decimal) -> Value {
        match self.amounts {
            Scalar::Text => Value::String(format!("{amount:.2}")),
            Scalar::Number => scalar(Scalar::Number, &amount.normalize().to_string()),
        }
    }

    /// An answer with this text, which is JSON unless something goes wrong on purpose.
    pub(super) fn answer(&self, status: u16, text: &str) -> Answer {
        let mut answer = Answer::new(status, "application/json; charset=utf-8", text);
        answer.framing = self.framing;
        answer
    }
}

/// The text as it is asked for. What is no number stays text.
fn scalar(how: Scalar, text: &str) -> Value {
    let number = match how {
        Scalar::Text => None,
        Scalar::Number => text.parse::<Number>().ok(),
    };
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_ids_and_amounts_as_text_or_as_numbers() {
        let text = Style::default();
        let numbers = Style {
            ids: Scalar::Number,
            amounts: Scalar::Number,
            ..Style::default()
        };

        for (amount, as_text, as_number) in [
            (Decimal::new(4550, 2), r#""45.50""#, "45.5"),
            (Decimal::new(35, 0), r#""35.00""#, "35"),
            (Decimal::new(1012, 2), r#""10.12""#, "10.12"),
            (
                Decimal::new(100_000_001, 2),
                r#""1000000.01""#,
                "1000000.01",
            ),
            (Decimal::ZERO, r#""0.00""#, "0"),
        ] {
            assert_eq!(text.amount(amount).to_string(), as_text);
            assert_eq!(numbers.amount(amount).to_string(), as_number);
        }

        assert_eq!(text.id("501").to_string(), r#""501""#);
        assert_eq!(numbers.id("501").to_string(), "501");
        assert_eq!(numbers.id("p-501").to_string(), r#""p-501""#);
    }
}
