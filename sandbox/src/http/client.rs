//! One request, on a connection of its own, without encryption: nobody beyond this machine is called.

use std::io;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::{Position, Url};

/// Header lines of an answer.
const HEADERS: usize = 64;
/// Bytes of an answer.
const LARGEST: usize = 8 << 20;

#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    pub url: &'a Url,
    /// A header beside those that every request has.
    pub header: Option<(&'a str, &'a str)>,
    /// The body, as JSON.
    pub body: &'a str,
}

#[derive(Clone, Debug)]
pub struct Answered {
    pub status: u16,
    /// The body, where the answer says how long it is; otherwise empty.
    pub body: Vec<u8>,
}

impl Call<'_> {
    /// Sends it once and reads the answer.
    pub async fn send(&self) -> io::Result<Answered> {
        let addresses = self.url.socket_addrs(|| None)?;
        let mut stream = TcpStream::connect(&*addresses).await?;
        stream.write_all(&self.written()).await?;

        let mut bytes = Vec::with_capacity(1024);
        loop {
            if let Some(answered) = parse(&bytes)? {
                return Ok(answered);
            }
            if bytes.len() > LARGEST || stream.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn written(&self) -> Vec<u8> {
        let Self { method, body, .. } = self;
        let host = &self.url[Position::BeforeHost..Position::AfterPort];
        let target = &self.url[Position::BeforePath..Position::AfterQuery];
        let header = self
            .header
            .map(|(name, value)| format!("{name}: {value}\r\n"));

        let text = format!(
            "{method} {target} HTTP/1.1\r\nhost: {host}\r\n{}content-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            header.unwrap_or_default(),
            body.len()
        );
        text.into_bytes()
    }
}

/// The answer, once all of it is there.
fn parse(bytes: &[u8]) -> io::Result<Option<Answered>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let parsed = head.parse(bytes).map_err(io::Error::other)?;
    let (httparse::Status::Complete(begin), Some(status)) = (parsed, head.code) else {
        return Ok(None);
    };

    let length = head
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
    let end = begin.saturating_add(length.unwrap_or(0));
    Ok(bytes.get(begin..end).map(|body| Answered {
        status,
        body: body.to_vec(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_as_much_came_as_it_says() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        for cut in 0..whole.len() {
            assert!(parse(&whole[..cut]).unwrap().is_none(), "{cut}");
        }
        let answered = parse(whole).unwrap().unwrap();
        assert_eq!((answered.status, &*answered.body), (200, &b"ok"[..]));
        let empty = parse(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().unwrap();
        assert_eq!((empty.status, empty.body.len()), (204, 0));
    }
}
