//! Bar codes in the form in which Trendyol keeps them.

use std::fmt;

/// Trendyol takes no longer ones.
const MAX_CHARS: usize = 40;

/// A bar code as Trendyol keeps it: no blanks, letters, digits and `.` `-` `_` only, case kept.
///
/// Never a number: leading zeros count, and `TSH-201` is one too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Barcode(String);

/// A text is no bar code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BarcodeFault {
    /// Nothing but blanks.
    #[error("the bar code is empty")]
    Empty,
    /// More than 40 characters.
    #[error("the bar code has more than {MAX_CHARS} characters")]
    TooLong,
    /// A character that Trendyol does not take.
    #[error("the bar code holds {0:?}, which Trendyol does not take")]
    Character(char),
}

impl Barcode {
    /// Reads a bar code; blanks around and in it are left out, as Trendyol does on import.
    ///
    /// # Errors
    /// [`BarcodeFault`] when what remains is none that Trendyol can know.
    pub fn parse(text: &str) -> Result<Self, BarcodeFault> {
        let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
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

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
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
    fn bar_codes_take_the_form_that_trendyol_keeps() {
        for (text, want) in [
            ("8683772071724", Ok("8683772071724")),
            (" ABC 123\t", Ok("ABC123")),
            ("0012", Ok("0012")),
            ("tsh-201_Ş.x", Ok("tsh-201_Ş.x")),
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
