//! From the bytes of a body to text, whatever the panel's program was saved as.
//!
//! What must stay true: no byte sequence is an error here, and the text holds no character that
//! Postgres cannot store. Whether the text means anything is decided in the `wire` of each kind.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1254};

use crate::provider::AnswerClass;

/// The encoding that a `Content-Type` names, if it names a known one.
pub(super) fn charset(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let label = value.trim().trim_matches(['"', '\'']);
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| Encoding::for_label(label.as_bytes()))?
    })
}

/// Decodes a body and takes off what stands around the answer: byte order marks and blank lines.
///
/// A byte order mark decides; then UTF-8 if the bytes are that; then the named encoding; then
/// Turkish windows-1254.
pub(super) fn decode<'a>(body: &'a [u8], named: Option<&'static Encoding>) -> Cow<'a, str> {
    let text = match (Encoding::for_bom(body), std::str::from_utf8(body)) {
        (Some((encoding, mark)), _) => encoding.decode_without_bom_handling(&body[mark..]).0,
        (None, Ok(text)) => Cow::Borrowed(text),
        (None, Err(_)) => {
            // Headers that say UTF-8 are wrong here. In windows-1254 every byte means something.
            let named = named.filter(|encoding| *encoding != UTF_8);
            named
                .unwrap_or(WINDOWS_1254)
                .decode_without_bom_handling(body)
                .0
        }
    };
    trimmed(printable(text))
}

/// What kind of answer a decoded text is.
pub(super) fn classify(text: &str) -> AnswerClass {
    if text.is_empty() {
        AnswerClass::Empty
    } else if text.starts_with('<') {
        AnswerClass::Html
    } else {
        AnswerClass::Text
    }
}

/// Removes control characters; Postgres refuses NUL, and the others only hide in displays.
fn printable(text: Cow<'_, str>) -> Cow<'_, str> {
    let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.contains(hidden) {
        Cow::Owned(text.replace(hidden, ""))
    } else {
        text
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    // Each included PHP file may put its own byte order mark in front of the answer.
    let around = |c: char| c.is_whitespace() || c == '\u{feff}';
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(around)),
        Cow::Owned(text) => {
            let inner = text.trim_matches(around);
            if inner.len() == text.len() {
                Cow::Owned(text)
            } else {
                Cow::Owned(inner.to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &[u8], content_type: &str) -> String {
        decode(body, charset(content_type)).into_owned()
    }

    #[test]
    fn turkish_letters_survive_every_way_of_saving_them() {
        let want = "3|Geçersiz ürün, şifre ığ İ";
        let (turkish, _, _) = WINDOWS_1254.encode(want);
        let utf16: Vec<u8> = std::iter::once(0xfeff_u16)
            .chain(want.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let marked = format!("\u{feff}{want}");
        for (body, content_type) in [
            (want.as_bytes(), "text/html"),
            (want.as_bytes(), "text/html; charset=iso-8859-9"),
            (marked.as_bytes(), ""),
            (&turkish, "text/html"),
            (&turkish, "text/html; charset=ISO-8859-9"),
            (&turkish, "text/html; charset=\"windows-1254\""),
            (&turkish, "text/html; charset=utf-8"),
            (&turkish, "text/html; charset=unheard-of"),
            (&utf16, "text/html"),
        ] {
            assert_eq!(read(body, content_type), want, "{content_type:?} {body:?}");
        }
    }

    #[test]
    fn a_named_encoding_other_than_turkish_counts() {
        let (cyrillic, _, _) = encoding_rs::WINDOWS_1251.encode("3|Ошибка");
        assert_eq!(
            read(&cyrillic, "text/plain;Charset = windows-1251"),
            "3|Ошибка"
        );
    }

    #[test]
    fn marks_blank_lines_and_control_characters_go() {
        assert_eq!(
            read("\u{feff}\r\n\u{feff}\n  OK|1|2 \r\n".as_bytes(), ""),
            "OK|1|2"
        );
        assert_eq!(
            read(b"OK|2|AB\0-12|a\nb\tc\x07\x7f", ""),
            "OK|2|AB-12|a\nb\tc"
        );
    }

    #[test]
    fn pages_and_nothing_are_told_from_text() {
        for (body, want) in [
            ("", AnswerClass::Empty),
            (" \r\n\u{feff}\n", AnswerClass::Empty),
            ("\0\0", AnswerClass::Empty),
            ("<!DOCTYPE html><html>", AnswerClass::Html),
            (
                "\n<br />\n<b>Warning</b>: mysql_connect()",
                AnswerClass::Html,
            ),
            ("OK|1|2", AnswerClass::Text),
            ("OK|2|-|<b>bold</b>", AnswerClass::Text),
        ] {
            assert_eq!(classify(&read(body.as_bytes(), "")), want, "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_become_text_that_postgres_takes(
            body: Vec<u8>,
            label in prop::sample::select(vec!["", "x; charset=utf-8", "x; charset=utf-16", "x; charset=gbk"]),
        ) {
            let text = read(&body, label);
            prop_assert!(!text.contains('\0'));
            prop_assert_eq!(text.trim(), text.as_str());
        }
    }
}
