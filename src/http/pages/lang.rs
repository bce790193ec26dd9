//! Which language a reader of the pages gets.
//!
//! A choice that was made (a link with `?lang=`, then the cookie) comes before what the browser
//! asks for; English is for everybody else.

use axum::http::{HeaderMap, header};

use crate::text::Lang;

/// The cookie that keeps the choice.
pub(crate) const COOKIE: &str = "orderwatch_lang";

impl Lang {
    /// What the reader gets: the link's choice, the cookie's, the browser's, or English.
    #[must_use]
    pub(crate) fn of(asked: Option<&str>, headers: &HeaderMap) -> Self {
        asked
            .and_then(Self::parse)
            .or_else(|| cookie(headers).and_then(Self::parse))
            .or_else(|| preferred(headers))
            .unwrap_or(Self::En)
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
    let languages = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let mut best: Option<(u16, Lang)> = None;
    for language in languages.split(',') {
        let (code, parameters) = language.split_once(';').unwrap_or((language, ""));
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
    // `0.5` and `0.500` are the same weight.
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
