//! The languages of the pages, and which of them a reader gets.
//!
//! A choice that was made (a link with `?lang=`, then the cookie) comes before what the browser
//! asks for; English is for everybody else.

use axum::http::{HeaderMap, header};

use super::words::Words;
use crate::order::Language;

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Turkish.
    Tr,
    /// Arabic, written from right to left.
    Ar,
}

/// One text in every language: English, Turkish, Arabic. One that lacks a language does not compile.
pub type Say = [&'static str; 3];

/// The cookie that keeps the choice.
pub const COOKIE: &str = "orderwatch_lang";

impl Lang {
    /// Every language, in the order in which the page offers them.
    pub const ALL: [Self; 3] = [Self::Tr, Self::Ar, Self::En];

    /// The code of BCP 47, as in `<html lang>`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Tr => "tr",
            Self::Ar => "ar",
        }
    }

    /// The same language of the shop's customers.
    #[must_use]
    pub const fn of_customer(self) -> Language {
        match self {
            Self::En => Language::En,
            Self::Tr => Language::Tr,
            Self::Ar => Language::Ar,
        }
    }

    /// What the language calls itself.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Tr => "Türkçe",
            Self::Ar => "العربية",
        }
    }

    /// The direction of its script, as in `<html dir>`.
    #[must_use]
    pub const fn dir(self) -> &'static str {
        match self {
            Self::En | Self::Tr => "ltr",
            Self::Ar => "rtl",
        }
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

    /// The fixed texts of the pages.
    #[must_use]
    pub const fn words(self) -> &'static Words {
        match self {
            Self::En => &Words::EN,
            Self::Tr => &Words::TR,
            Self::Ar => &Words::AR,
        }
    }

    /// The language of that code (`tr`, `tr-TR`), or `None` when the pages do not have it.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let primary = code.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|lang| primary.eq_ignore_ascii_case(lang.code()))
    }

    /// What the reader gets: the link's choice, the cookie's, the browser's, or English.
    #[must_use]
    pub fn of(asked: Option<&str>, headers: &HeaderMap) -> Self {
        asked
            .and_then(Self::parse)
            .or_else(|| cookie(headers).and_then(Self::parse))
            .or_else(|| preferred(headers))
            .unwrap_or_default()
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

/// The best of `Accept-Language` that the pages have; the first of equals.
fn preferred(headers: &HeaderMap) -> Option<Lang> {
    let wishes = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let mut best: Option<(u16, Lang)> = None;
    for wish in wishes.split(',') {
        let (code, parameters) = wish.split_once(';').unwrap_or((wish, ""));
        let weight = weight(parameters);
        if let Some(lang) = Lang::parse(code)
            && weight > best.map_or(0, |(weight, _)| weight)
        {
            best = Some((weight, lang));
        }
    }
    best.map(|(_, lang)| lang)
}

/// `q` in thousandths; what cannot be read is not wanted.
fn weight(parameters: &str) -> u16 {
    let Some(text) = parameters.trim().strip_prefix("q=") else {
        return 1000;
    };
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if whole == "1" {
        return 1000;
    }
    let digits = part.chars().chain("000".chars()).take(3);
    digits.collect::<String>().parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().cloned();
        pairs
            .map(|(name, value)| (name, HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_choice_comes_before_the_browser_and_the_browsers_weights_count() {
        let browser = |value| Lang::of(None, &headers(&[(header::ACCEPT_LANGUAGE, value)]));
        assert_eq!(browser("de-DE,de;q=0.9,tr;q=0.8,en;q=0.7"), Lang::Tr);
        assert_eq!(browser("en;q=0.2, ar-SA;q=0.25"), Lang::Ar);
        assert_eq!(browser("tr;q=0,en;q=0.1"), Lang::En);
        assert_eq!(browser("fr, *;q=0.5"), Lang::En);
        assert_eq!(browser("ar;q=x"), Lang::En);
        let both = headers(&[
            (header::ACCEPT_LANGUAGE, "en"),
            (header::COOKIE, "a=b; orderwatch_lang=tr"),
        ]);
        assert_eq!(Lang::of(None, &both), Lang::Tr);
        assert_eq!(Lang::of(Some("ar"), &both), Lang::Ar);
        assert_eq!(Lang::of(Some("xx"), &both), Lang::Tr);
    }
}
