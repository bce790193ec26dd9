//! An HTTP answer and the bytes that it becomes.

use std::{
    borrow::Cow,
    io::{self, Write},
};

/// How the end of a body is marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// By a `Content-Length`.
    #[default]
    Length,
    Chunked,
    /// By the end of the connection: a cut looks like the end.
    UntilClose,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Header lines besides those of the framing.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    pub body: Vec<u8>,
    /// How the end of the body is marked.
    pub framing: Framing,
}

impl Answer {
    /// An answer with a body of the given type.
    #[must_use]
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", Cow::Borrowed(content_type))],
            body: body.into(),
            framing: Framing::Length,
        }
    }

    /// A page such as web servers and firewalls show.
    #[must_use]
    pub fn page(status: u16) -> Self {
        let reason = reason(status);
        let body = format!(
            "<!DOCTYPE html>\r\n<html><head><title>{status} {reason}</title></head>\
             <body><h1>{reason}</h1><hr><center>nginx</center></body></html>\r\n"
        );
        Self::new(status, "text/html; charset=UTF-8", body)
    }

    /// Adds a header line.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Appends the answer to `out`, with the first `shown` bytes of the body.
    /// Returns whether the connection can go on after it.
    pub(super) fn write(&self, out: &mut Vec<u8>, keep: bool, shown: usize) -> io::Result<bool> {
        let whole = shown >= self.body.len();
        let keep = keep && whole && self.framing != Framing::UntilClose;
        self.write_head(out, keep || !whole)?;
        if self.framing == Framing::Chunked && !self.body.is_empty() {
            write!(out, "{:x}\r\n", self.body.len())?;
        }
        out.extend_from_slice(self.body.get(..shown).unwrap_or(&self.body));

        match self.framing {
            Framing::Chunked if self.body.is_empty() => out.extend_from_slice(b"0\r\n\r\n"),
            Framing::Chunked if whole => out.extend_from_slice(b"\r\n0\r\n\r\n"),
            _ => {}
        }

        Ok(keep)
    }

    fn write_head(&self, out: &mut Vec<u8>, open: bool) -> io::Result<()> {
        let status = self.status;
        write!(out, "HTTP/1.1 {status} {}\r\n", reason(status))?;
        for (name, value) in &self.headers {
            write!(out, "{name}: {value}\r\n")?;
        }

        match self.framing {
            Framing::Length => write!(out, "Content-Length: {}\r\n", self.body.len())?,
            Framing::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
            Framing::UntilClose => {}
        }

        if !open || self.framing == Framing::UntilClose {
            out.extend_from_slice(b"Connection: close\r\n");
        }
        out.extend_from_slice(b"\r\n");

        Ok(())
    }
}

/// Packs bytes with gzip.
pub fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes)?;
    packer.finish()
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        415 => "Unsupported Media Type",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unnamed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(framing: Framing, body: &str, shown: usize) -> (String, bool) {
        let mut answer = Answer::new(200, "text/plain", body);
        answer.framing = framing;
        let mut out = Vec::new();
        let keep = answer.write(&mut out, true, shown).unwrap();
        (String::from_utf8(out).unwrap(), keep)
    }

    #[test]
    fn marks_the_end_as_asked_and_keeps_the_promise_when_cut() {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
        for (framing, shown, rest, keep) in [
            (Framing::Length, 9, "Content-Length: 5\r\n\r\nabcde", true),
            (Framing::Length, 2, "Content-Length: 5\r\n\r\nab", false),
            (
                Framing::Chunked,
                9,
                "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
                true,
            ),
            (
                Framing::Chunked,
                2,
                "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
                false,
            ),
            (
                Framing::UntilClose,
                9,
                "Connection: close\r\n\r\nabcde",
                false,
            ),
        ] {
            let got = written(framing, "abcde", shown);
            assert_eq!(got, (format!("{head}{rest}"), keep), "{framing:?} {shown}");
        }
    }

    #[test]
    fn an_empty_chunked_body_ends_once() {
        let (text, _) = written(Framing::Chunked, "", 9);
        assert!(text.ends_with("chunked\r\n\r\n0\r\n\r\n"), "{text}");
    }
}
