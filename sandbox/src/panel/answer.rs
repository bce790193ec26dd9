//! What the panel has to say, and how that is written in its style.

use rust_decimal::Decimal;

use super::{OkWord, Style};

/// What was said to a request, without its details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Said {
    /// `OK|cost|balance`: sold.
    Accepted,
    /// `3|…`: not sold, or a question that makes no sense.
    Refused,
    /// `4|…`: sold before under this reference.
    SoldBefore,
    /// `8|…`: the balance does not suffice; not sold.
    NoBalance,
    /// `OK|1|…`.
    Waiting,
    /// `OK|2|…`.
    Done,
    /// `OK|3|…`.
    Cancelled,
    /// `OK|balance`.
    Balance,
    /// The price list.
    Catalogue,
    /// The price list with `success: false`.
    NoCatalogue,
    /// Nothing at all: an account that the panel does not know.
    Nothing,
}

/// What the panel has to say.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Words {
    Accepted { cost: Decimal, left: Decimal },
    Refused(&'static str),
    SoldBefore { number: u64 },
    NoBalance,
    Waiting,
    Done { pin: Option<String> },
    Cancelled,
    Balance(Decimal),
    Catalogue,
    NoCatalogue,
    Nothing,
}

impl Words {
    pub(super) const fn said(&self) -> Said {
        match self {
            Self::Accepted { .. } => Said::Accepted,
            Self::Refused(_) => Said::Refused,
            Self::SoldBefore { .. } => Said::SoldBefore,
            Self::NoBalance => Said::NoBalance,
            Self::Waiting => Said::Waiting,
            Self::Done { .. } => Said::Done,
            Self::Cancelled => Said::Cancelled,
            Self::Balance(_) => Said::Balance,
            Self::Catalogue => Said::Catalogue,
            Self::NoCatalogue => Said::NoCatalogue,
            Self::Nothing => Said::Nothing,
        }
    }

    /// The words as text; the two price lists are written elsewhere.
    pub(super) fn text(&self, style: &Style) -> String {
        match self {
            Self::Accepted { cost, left } => {
                let (cost, left) = (style.number(*cost), style.number(*left));
                format!("{}{cost}|{left}", style.ok())
            }
            Self::Refused(why) => format!("3|{why}"),
            Self::SoldBefore { number } => {
                format!("4|Bu referans daha önce gönderilmiş ({number})")
            }
            Self::NoBalance => "8|Bağlantı hatası veya bakiye yetersiz".to_owned(),
            Self::Waiting => without_pin(style, 1, "İşlem sırada bekliyor"),
            Self::Done { pin } => {
                let pin = pin.as_deref().unwrap_or(style.no_pin());
                let (ok, tail) = (style.status_ok(), style.tail("İşlem başarılı"));
                format!("{ok}2|{pin}{tail}")
            }
            Self::Cancelled => without_pin(style, 3, "İşlem iptal edildi, iade yapıldı"),
            Self::Balance(left) => format!("{}{}", style.ok(), style.number(*left)),
            Self::Catalogue | Self::NoCatalogue | Self::Nothing => String::new(),
        }
    }
}

/// A state that never has a PIN. A panel that leaves out `OK` leaves out the empty field too, so
/// that its cancellation looks like an error of the question.
fn without_pin(style: &Style, state: u8, text: &str) -> String {
    let tail = style.tail(text);
    match style.ok {
        OkWord::Missing => format!("{state}{tail}"),
        OkWord::Upper | OkWord::Lower => format!("{}{state}|{}{tail}", style.ok(), style.no_pin()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::{Decimals, NoPin, Tail};

    fn style(change: impl FnOnce(&mut Style)) -> Style {
        let mut style = Style::default();
        change(&mut style);
        style
    }

    #[test]
    fn writes_answers_as_the_sheet_has_them() {
        let sheet = Style::default();
        let pin = Some("AB12-CD34-EF56-GH78".to_owned());
        for (words, want) in [
            (
                Words::Accepted {
                    cost: Decimal::new(1012, 2),
                    left: Decimal::new(98_088, 2),
                },
                "OK|10.12|980.88",
            ),
            (Words::Balance(Decimal::new(1_275_523, 2)), "OK|12755.23"),
            (Words::Waiting, "OK|1| |İşlem sırada bekliyor"),
            (
                Words::Done { pin },
                "OK|2|AB12-CD34-EF56-GH78|İşlem başarılı",
            ),
            (Words::Done { pin: None }, "OK|2| |İşlem başarılı"),
            (Words::Cancelled, "OK|3| |İşlem iptal edildi, iade yapıldı"),
            (
                Words::SoldBefore { number: 17 },
                "4|Bu referans daha önce gönderilmiş (17)",
            ),
            (Words::Nothing, ""),
        ] {
            assert_eq!(words.text(&sheet), want);
        }
    }

    #[test]
    fn writes_them_with_the_habits_of_real_panels() {
        for (style, words, want) in [
            (
                style(|s| {
                    s.ok = OkWord::Lower;
                    s.decimals = Decimals::DotAndComma;
                }),
                Words::Balance(Decimal::new(1_275_523, 2)),
                "ok|12.755,23",
            ),
            (
                style(|s| {
                    s.ok = OkWord::Lower;
                    s.tail = Tail::None;
                }),
                Words::Waiting,
                "ok|1| ",
            ),
            (
                style(|s| s.ok = OkWord::Missing),
                Words::Waiting,
                "1|İşlem sırada bekliyor",
            ),
            (
                style(|s| s.ok = OkWord::Missing),
                Words::Balance(Decimal::ONE),
                "OK|1.00",
            ),
            (
                style(|s| s.no_pin = NoPin::Dash),
                Words::Done { pin: None },
                "OK|2| - |İşlem başarılı",
            ),
            (
                style(|s| s.tail = Tail::Separators),
                Words::Waiting,
                "OK|1| |İşlem sırada bekliyor|2|ek bilgi|",
            ),
        ] {
            assert_eq!(words.text(&style), want);
        }
    }
}
