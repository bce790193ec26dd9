//! Barcodes in the form in which Trendyol keeps them.
//!
//! What must stay true: texts that look the same are one barcode. Pasted ones come with blanks that are no
//! blanks, with characters that cannot be seen, and with letters in two parts.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// Trendyol takes no longer ones.
const MAX_CHARS: usize = 40;
/// The largest quantity that Trendyol takes for a product.
pub(crate) const MAX_QUANTITY: i32 = 20_000;

/// A barcode as Trendyol keeps it: no blanks, letters, digits and `.` `-` `_` only, case kept.
///
/// Never a number: leading zeros count, and `TSH-201` is one too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Barcode(String);

/// A text is no barcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BarcodeFault {
    /// Nothing but blanks.
    #[error("the barcode is empty")]
    Empty,
    /// More than 40 characters.
    #[error("the barcode has more than {MAX_CHARS} characters")]
    TooLong,
    /// A character that Trendyol does not take.
    #[error("the barcode holds {0:?}, which Trendyol does not take")]
    Character(char),
}

impl Barcode {
    /// Reads a barcode. Blanks around and in it are left out, as Trendyol does on import, and so is
    /// what cannot be seen; letters are put together (`S` and a cedilla are `Ş`).
    pub fn parse(text: &str) -> Result<Self, BarcodeFault> {
        // What cannot be seen goes first: it may stand between a letter and its mark.
        let bare: String = text.chars().filter(|c| !is_blank(*c)).nfc().collect();
        if bare.is_empty() {
            return Err(BarcodeFault::Empty);
        }
        if bare.chars().count() > MAX_CHARS {
            return Err(BarcodeFault::TooLong);
        }

        match bare.chars().find(|c| !is_allowed(*c)) {
            Some(c) => Err(BarcodeFault::Character(c)),
            None => Ok(Self(bare)),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// White space of any script, and what has no width: joiners, marks of direction, the soft hyphen.
const fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{2064}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
}

impl fmt::Display for Barcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn barcodes_take_the_form_that_trendyol_keeps() {
        for (text, want) in [
            ("8683772071724", Ok("8683772071724")),
            (" ABC 123\t", Ok("ABC123")),
            ("0012", Ok("0012")),
            ("tsh-201_Ş.x", Ok("tsh-201_Ş.x")),
            ("ABC\u{a0}123", Ok("ABC123")),
            ("\u{feff}ABC\u{200b}1\u{2003}23\u{ad}", Ok("ABC123")),
            ("S\u{327}01", Ok("Ş01")),
            ("S\u{200b}\u{327}01", Ok("Ş01")),
            ("I\u{307}1", Ok("İ1")),
            ("\u{327}", Err(BarcodeFault::Character('\u{327}'))),
            ("\u{200b}", Err(BarcodeFault::Empty)),
            ("", Err(BarcodeFault::Empty)),
            (" \n", Err(BarcodeFault::Empty)),
            ("a,b", Err(BarcodeFault::Character(','))),
            ("a/b", Err(BarcodeFault::Character('/'))),
            ("a\u{0}b", Err(BarcodeFault::Character('\0'))),
        ] {
            let got = Barcode::parse(text);
            assert_eq!(got.as_ref().map(Barcode::as_str), want.as_ref().copied());
        }
        assert!(Barcode::parse(&"ş".repeat(40)).is_ok());
        assert_eq!(Barcode::parse(&"x".repeat(41)), Err(BarcodeFault::TooLong));
    }
}
