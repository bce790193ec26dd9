//! Money as panels write it: a dot or a comma for decimals, both when there are groups.
//!
//! Exact or not at all: what is not certainly one number is `None`, and nothing is a float.

use rust_decimal::Decimal;

use crate::order::money::is_believable;

/// More digits than any sum of money has; longer texts are not read at all.
const MAX_LENGTH: usize = 30;

/// Reads `10.12`, `10,12`, `1.234,56`, `1,234.56` and `1.234.567`.
///
/// A single separator stands before decimals; only separators in groups of three are dropped. Beyond 10^15 it is no
/// sum of money.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    if text.len() > MAX_LENGTH {
        return None;
    }

    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = split(digits)?;
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !plain(&whole) || !plain(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }

    // The zeros make numbers of `,50` and `7.`.
    Decimal::from_str_exact(&format!("{sign}0{whole}.{fraction}0"))
        .ok()
        .map(|n| n.normalize())
        .filter(|n| is_believable(*n))
}

/// Parts a number into its whole digits, groups joined, and its decimals.
fn split(digits: &str) -> Option<(String, &str)> {
    let Some(last) = digits.rfind(['.', ',']) else {
        return Some((digits.to_owned(), ""));
    };
    let (whole, fraction) = (&digits[..last], &digits[last + 1..]);
    let separator = &digits[last..=last];
    let Some(other) = whole.chars().find(|c| matches!(c, '.' | ',')) else {
        return Some((whole.to_owned(), fraction));
    };
    if whole.contains(separator) {
        // The same mark twice cannot stand before decimals: all of them part groups.
        return Some((ungroup(digits, other)?, ""));
    }
    Some((ungroup(whole, other)?, fraction))
}

/// Joins `1.234.567`; `None` unless every group but the first has three digits.
fn ungroup(text: &str, separator: char) -> Option<String> {
    let mut groups = text.split(separator);
    let first = groups.next().filter(|g| (1..=3).contains(&g.len()))?;
    let mut joined = first.to_owned();
    for group in groups {
        (group.len() == 3).then(|| joined.push_str(group))?;
    }
    Some(joined)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_as_panels_write_them() {
        for (text, want) in [
            ("10.12", Some("10.12")),
            ("10,12", Some("10.12")),
            (" 12755.23 ", Some("12755.23")),
            ("1.234,56", Some("1234.56")),
            ("1,234.56", Some("1234.56")),
            ("1.234.567,89", Some("1234567.89")),
            ("1,234,567", Some("1234567")),
            ("1.234", Some("1.234")),
            ("12755", Some("12755")),
            ("0", Some("0")),
            (",50", Some("0.5")),
            ("7.", Some("7")),
            ("-3,5", Some("-3.5")),
            ("", None),
            ("-", None),
            (".", None),
            ("1.2.3", None),
            ("1.23,45,6", None),
            ("12.34.567,8", None),
            ("1,2345.6", None),
            ("1e3", None),
            ("10.12 TL", None),
            ("١٢", None),
            ("+5", None),
            ("0x10", None),
            ("1 234", None),
            ("1_000", None),
            ("1000000000000000", Some("1000000000000000")),
            ("-1.000.000.000.000.000,00", Some("-1000000000000000")),
            // A number, but more money than anybody has.
            ("1000000000000000,01", None),
            ("-1234567890123456789012345678,", None),
            // A number, but longer than any sum of money.
            ("123.456.789.012.345.678.901,234", None),
            ("123.456.789.012.345.678.901,2345", None),
            ("1234567890123456789012345678901", None),
        ] {
            let got = decimal(text).map(|n| n.to_string());
            assert_eq!(got.as_deref(), want, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_sum_reads_back_whatever_the_marks(cents in -10_000_000_000_i64..10_000_000_000) {
            let sum = Decimal::new(cents, 2);
            let plain = format!("{sum:.2}");
            prop_assert_eq!(decimal(&plain), Some(sum));
            prop_assert_eq!(decimal(&plain.replace('.', ",")), Some(sum));
            let (whole, fraction) = plain.split_once('.').unwrap();
            let grouped = group(whole, '.');
            let joined = format!("{grouped},{fraction}");
            prop_assert_eq!(decimal(&joined), Some(sum));
        }

        #[test]
        fn never_stops_the_process(text in "[0-9.,+\\-  TLe]{0,40}") {
            let _ = decimal(&text);
        }
    }

    fn group(whole: &str, mark: char) -> String {
        let digits = whole.trim_start_matches('-');
        let mut out = String::new();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                out.push(mark);
            }
            out.push(digit);
        }
        if whole.starts_with('-') {
            format!("-{out}")
        } else {
            out
        }
    }
}
