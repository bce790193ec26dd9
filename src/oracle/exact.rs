//! Numbers as their digits, to hold parsed ones against what was written. Shares nothing with the parsers.

use rust_decimal::Decimal;

/// A number: digits without zeros around them, and the power of ten of the last one. Equal numbers are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exact {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Exact {
    /// Reads `-12.50e3`; `None` for what is no such number.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()?),
            None => (text, 0_i64),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));

        let written = [whole, fraction].concat();
        if written.is_empty() || !written.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let digits = written.trim_end_matches('0');
        let dropped = written.len() - digits.len();
        let shift = i64::try_from(dropped).ok()? - i64::try_from(fraction.len()).ok()?;

        let digits = digits.trim_start_matches('0').to_owned();
        Some(if digits.is_empty() {
            Self {
                negative: false,
                digits,
                exponent: 0,
            }
        } else {
            Self {
                negative,
                digits,
                exponent: exponent.checked_add(shift)?,
            }
        })
    }

    /// Whether a number that went through a float is still the one that was written.
    pub(crate) fn survives_a_float(&self) -> bool {
        self.digits.len() <= 15 && (-15..15).contains(&self.exponent)
    }
}

impl From<Decimal> for Exact {
    fn from(number: Decimal) -> Self {
        // A plain number is all that a decimal is written as.
        Self::of(&number.to_string()).unwrap_or(Self {
            negative: true,
            digits: String::new(),
            exponent: i64::MIN,
        })
    }
}

/// Whether a text with dots and commas can mean this sum: the last mark stands before decimals, or all of them part
/// groups.
pub(crate) fn is_written(text: &str, sum: Decimal) -> bool {
    let text = text.trim();
    let marks = ['.', ','];
    let joined = text.replace(marks, "");
    let decimals = text.rsplit_once(marks).map(|(whole, fraction)| {
        let whole = whole.replace(marks, "");
        format!("{whole}.{fraction}")
    });

    let several = text.matches(marks).count() != 1;
    let sum = Exact::from(sum);
    let grouped = several && Exact::of(&joined).as_ref() == Some(&sum);
    grouped || decimals.is_some_and(|text| Exact::of(&text) == Some(sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_are_equal_however_they_are_written() {
        let of = |text| Exact::of(text).unwrap();
        for (one, same) in [
            ("0012.500", "12.5"),
            ("1.25e1", "12.5"),
            ("-0.0", "0"),
            ("+7.", "7"),
            (".5", "0.5"),
            ("1200", "12e2"),
        ] {
            assert_eq!(of(one), of(same), "{one} {same}");
        }
        for (one, other) in [("1.25", "12.5"), ("-1", "1"), ("10", "1")] {
            assert_ne!(of(one), of(other), "{one} {other}");
        }
        for none in ["", "-", ".", "1_0", "1,5", "x", "1e", " 1", "٣"] {
            assert_eq!(Exact::of(none), None, "{none}");
        }
    }

    #[test]
    fn a_sum_may_be_written_with_groups() {
        let sum = Decimal::new(123_456, 2);
        for (text, want) in [
            ("1234.56", true),
            ("1.234,56", true),
            ("1,234.56", true),
            (" 1234,560 ", true),
            ("123456", false),
            ("12345.6", false),
        ] {
            assert_eq!(is_written(text, sum), want, "{text}");
        }
        assert!(is_written("1.234.567", Decimal::from(1_234_567)));
        assert!(!is_written("1.234", Decimal::from(1234)));
    }
}
