//! Every sentence that people read, in three languages: what the pages show, what the command line, the
//! API and the log say, and what customers read in the shop's rows.
//!
//! The sentences are data (`text/*.toml`, English first); `build.rs` makes Rust of them, so that one
//! that lacks a language, a variant or an argument does not compile. A module that says some of them
//! includes its file with `sentences!` and gives the values; this one knows none of those values.

pub(crate) mod bidi;
pub(crate) mod format;
pub(crate) mod invisible;

use std::fmt;

use serde::{Deserialize, Serialize};

/// A language of the pages and of the shop's customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    En,
    Tr,
    /// Written from right to left.
    Ar,
}

/// One text in every language: English, Turkish, Arabic.
pub(crate) type Say = [&'static str; 3];

impl Lang {
    /// Every language, in the order in which the page offers them.
    pub const ALL: [Self; 3] = [Self::Tr, Self::Ar, Self::En];

    /// The code of BCP 47, as in `<html lang>`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.pick(["en", "tr", "ar"])
    }

    /// What the language calls itself.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        self.pick(["English", "Türkçe", "العربية"])
    }

    /// The direction of its script, as in `<html dir>`.
    #[must_use]
    pub const fn dir(self) -> &'static str {
        self.pick(["ltr", "ltr", "rtl"])
    }

    /// The text in this language.
    #[must_use]
    pub const fn pick(self, say: Say) -> &'static str {
        match self {
            Self::En => say[0],
            Self::Tr => say[1],
            Self::Ar => say[2],
        }
    }

    /// The language of that code (`tr`, `tr-TR`), or `None` when there are no texts in it.
    #[must_use]
    pub(crate) fn parse(code: &str) -> Option<Self> {
        let primary = code.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|lang| primary.eq_ignore_ascii_case(lang.code()))
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Includes what `build.rs` made of `text/<file>.toml`.
macro_rules! sentences {
    ($file:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $file, ".rs"));
    };
}
pub(crate) use sentences;

/// The text with its blanks filled in. What stands in a blank is not searched for blanks again.
#[must_use]
pub(crate) fn fill(text: &str, blanks: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;

    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            // A brace that nothing closes is no blank but a part of the text.
            filled.push('{');
            rest = after;
            continue;
        };

        let value = blanks.iter().find(|(blank, _)| *blank == name);
        filled.push_str(value.map_or("?", |(_, value)| value));
        rest = behind;
    }

    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_filled_in_once() {
        assert_eq!(fill("{a} of {b}", &[("a", "1"), ("b", "{a}")]), "1 of {a}");
        assert_eq!(fill("a { b", &[]), "a { b");
        assert_eq!(fill("{x}", &[]), "?");
        assert_eq!(fill("", &[]), "");
    }
}
