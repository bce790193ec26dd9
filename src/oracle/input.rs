//! From the fuzzer's bytes to what is tried.

use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};

use crate::outbound::Answer;

/// The words of the first line.
pub(crate) struct Head(Vec<String>);

impl Head {
    pub(crate) fn is(&self, word: &str) -> bool {
        self.0.first().is_some_and(|first| first == word)
    }

    pub(crate) fn word(&self, at: usize) -> &str {
        self.0.get(at).map_or("", String::as_str)
    }

    /// The words from this one on.
    pub(crate) fn rest(&self, from: usize) -> &[String] {
        self.0.get(from..).unwrap_or_default()
    }
}

/// The words of the first line, and what stands below it.
pub(crate) fn head(data: &[u8]) -> (Head, &[u8]) {
    let (line, body) = split(data);
    let line = String::from_utf8_lossy(line);
    let words = line.split_ascii_whitespace().map(str::to_owned);
    (Head(words.collect()), body)
}

/// The first line as text, and what stands below it.
pub(crate) fn first_line(data: &[u8]) -> (String, &[u8]) {
    let (line, body) = split(data);
    (String::from_utf8_lossy(line).into_owned(), body)
}

fn split(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[]),
    }
}

/// Text without the characters that are taken out of every answer.
pub(crate) fn printable(data: &[u8]) -> String {
    let text = String::from_utf8_lossy(data);
    text.replace(
        |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER,
        "",
    )
}

/// The answer that a head describes: its second word is the HTTP status, what follows the content type.
pub(crate) fn answer(head: &Head, body: &[u8]) -> Answer {
    let status = head.word(1).parse().ok();
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let content_type = HeaderValue::from_str(&head.rest(2).join(" ")).ok();
    let headers = content_type.map(|value| (CONTENT_TYPE, value));

    Answer {
        status: status.unwrap_or(StatusCode::OK),
        headers: HeaderMap::from_iter(headers),
        body: body.to_vec(),
        cut: None,
    }
}
