//! How a panel writes: encodings, numbers and the habits that differ from panel to panel.

use std::{borrow::Cow, io};

use rust_decimal::Decimal;

use crate::http::{Answer, Framing, gzip};

/// The habits of one panel. The default is a panel that keeps to the sheet.
#[derive(Clone, Debug, Default)]
pub struct Style {
    /// The encoding of texts.
    pub encoding: Encoding,
    /// Whether the `Content-Type` leaves the encoding out.
    pub no_charset: bool,
    /// Whether bodies begin with a byte order mark.
    pub bom: bool,
    /// So many blank lines come before each body.
    pub blank_lines: usize,
    /// How `OK` is written.
    pub ok: OkWord,
    /// How numbers are written.
    pub decimals: Decimals,
    /// What the last field looks like.
    pub tail: Tail,
    /// What stands in the PIN field when there is none.
    pub no_pin: NoPin,
    /// How the price list is written.
    pub catalogue: CatalogueText,
    /// How the end of a body is marked.
    pub framing: Framing,
    /// Whether bodies are packed for clients that accept gzip.
    pub gzip: bool,
}

/// The encoding of texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// Turkish windows-1254.
    Windows1254,
}

/// How `OK` is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OkWord {
    /// `OK`.
    #[default]
    Upper,
    /// `ok`.
    Lower,
    /// Not at all in answers of `pin_kontrol` (`1|text`); `OK` elsewhere.
    Missing,
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decimals {
    /// `1234.56`.
    #[default]
    Dot,
    /// `1234,56`.
    Comma,
    /// `1.234,56`.
    DotAndComma,
}

/// What the last field of an answer looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tail {
    /// One text.
    #[default]
    Text,
    /// A text that holds the separator.
    Separators,
    /// A text of several lines.
    Lines,
    /// It is left out, with its separator.
    None,
}

/// What stands in the PIN field when there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoPin {
    /// A blank.
    #[default]
    Blank,
    /// Nothing.
    Empty,
    /// A dash between blanks.
    Dash,
}

/// How the price list is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CatalogueText {
    /// As JSON with every field.
    #[default]
    Sound,
    /// With only the fields that an order needs.
    Sparse,
    /// Without the comma that is missing from the vendor's own sample: it is no JSON.
    MissingComma,
}

impl Style {
    /// `OK|`, or what stands for it.
    pub(super) const fn ok(&self) -> &'static str {
        match self.ok {
            OkWord::Upper | OkWord::Missing => "OK|",
            OkWord::Lower => "ok|",
        }
    }

    /// `OK|` of a status answer, or what stands for it.
    pub(super) const fn status_ok(&self) -> &'static str {
        match self.ok {
            OkWord::Missing => "",
            OkWord::Upper | OkWord::Lower => self.ok(),
        }
    }

    /// The PIN field without a PIN.
    pub(super) const fn no_pin(&self) -> &'static str {
        match self.no_pin {
            NoPin::Blank => " ",
            NoPin::Empty => "",
            NoPin::Dash => " - ",
        }
    }

    /// The last field with its separator.
    pub(super) fn tail(&self, text: &str) -> String {
        match self.tail {
            Tail::Text => format!("|{text}"),
            Tail::Separators => format!("|{text}|2|ek bilgi|"),
            Tail::Lines => format!("|{text}\r\nİkinci satır<br>\n\nson"),
            Tail::None => String::new(),
        }
    }

    /// An amount with two decimals.
    pub(super) fn number(&self, amount: Decimal) -> String {
        let plain = format!("{amount:.2}");
        match self.decimals {
            Decimals::Dot => plain,
            Decimals::Comma => plain.replace('.', ","),
            Decimals::DotAndComma => grouped(&plain),
        }
    }

    /// Bytes of a body: the text in the panel's encoding, with what stands before it.
    pub(super) fn bytes(&self, text: &str) -> Vec<u8> {
        let encoded = match self.encoding {
            Encoding::Utf8 => Cow::Borrowed(text.as_bytes()),
            Encoding::Windows1254 => encoding_rs::WINDOWS_1254.encode(text).0,
        };
        let mut bytes = Vec::with_capacity(encoded.len() + 3 + 2 * self.blank_lines);
        if self.bom {
            bytes.extend_from_slice(b"\xef\xbb\xbf");
        }
        for _ in 0..self.blank_lines {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(&encoded);
        bytes
    }

    /// An answer with this body. PHP calls everything HTML, and so do these panels.
    pub(super) fn answer(&self, body: Vec<u8>) -> Answer {
        let content_type = match (self.no_charset, self.encoding) {
            (true, _) => "text/html",
            (false, Encoding::Utf8) => "text/html; charset=UTF-8",
            (false, Encoding::Windows1254) => "text/html; charset=windows-1254",
        };
        let mut answer = Answer::new(200, content_type, body);
        answer.framing = self.framing;
        answer
    }
}

/// Packs the body of an answer.
pub(super) fn packed(mut answer: Answer) -> io::Result<Answer> {
    answer.body = gzip(&answer.body)?;
    Ok(answer.with_header("Content-Encoding", "gzip"))
}

/// `1234.56` as `1.234,56`.
fn grouped(plain: &str) -> String {
    let (whole, cents) = plain.split_once('.').unwrap_or((plain, "00"));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |d| ("-", d));
    let mut out = sign.to_owned();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    format!("{out},{cents}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_numbers_in_each_habit() {
        for (amount, decimals, want) in [
            (Decimal::new(1012, 2), Decimals::Dot, "10.12"),
            (Decimal::new(5, 0), Decimals::Dot, "5.00"),
            (Decimal::new(1012, 2), Decimals::Comma, "10,12"),
            (Decimal::new(98_088, 2), Decimals::DotAndComma, "980,88"),
            (Decimal::new(123_456, 2), Decimals::DotAndComma, "1.234,56"),
            (
                Decimal::new(-123_456_789, 2),
                Decimals::DotAndComma,
                "-1.234.567,89",
            ),
        ] {
            let style = Style {
                decimals,
                ..Style::default()
            };
            assert_eq!(style.number(amount), want);
        }
    }

    #[test]
    fn puts_mark_and_blank_lines_before_the_encoded_text() {
        let style = Style {
            encoding: Encoding::Windows1254,
            bom: true,
            blank_lines: 1,
            ..Style::default()
        };
        assert_eq!(style.bytes("Şİğ"), b"\xef\xbb\xbf\r\n\xde\xdd\xf0");
    }
}
