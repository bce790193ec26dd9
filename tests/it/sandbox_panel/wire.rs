//! A client that hides nothing: one connection, one request, every byte that came back.

use std::io;

use sandbox::panel::Panel;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What came back until the connection ended.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Every byte.
    pub(crate) raw: Vec<u8>,
    /// How the connection ended: `None` for an orderly close.
    pub(crate) error: Option<io::ErrorKind>,
}

impl Seen {
    pub(crate) fn status(&self) -> u16 {
        self.head()
            .split(' ')
            .nth(1)
            .expect("a status line")
            .parse()
            .unwrap()
    }

    /// Status line and header lines.
    pub(crate) fn head(&self) -> String {
        String::from_utf8(self.raw[..self.split()].to_vec()).unwrap()
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.raw[self.split()..]
    }

    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.error, None, "the answer came whole");
        std::str::from_utf8(self.body()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = self.head();
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
    }

    /// The announced length of the body.
    pub(crate) fn announced(&self) -> usize {
        self.header("Content-Length").unwrap().parse().unwrap()
    }

    fn split(&self) -> usize {
        let end = self.raw.windows(4).position(|w| w == b"\r\n\r\n");
        end.map_or_else(|| panic!("no head in {self:?}"), |at| at + 4)
    }
}

pub(super) fn address(panel: &Panel) -> String {
    let url = panel.base_url();
    let address = url.strip_prefix("http://").unwrap();
    address.split('/').next().unwrap().to_owned()
}

pub(super) async fn connect(panel: &Panel) -> io::Result<TcpStream> {
    TcpStream::connect(address(panel)).await
}

pub(super) fn request(target: &str, more: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: panel\r\n{more}\r\n")
}

/// One request on a connection of its own.
pub(super) async fn get(panel: &Panel, target: &str) -> Seen {
    get_with(panel, target, "").await
}

/// The same with more header lines, each ended by CR LF.
pub(super) async fn get_with(panel: &Panel, target: &str, more: &str) -> Seen {
    let stream = connect(panel).await.unwrap();
    let more = format!("Connection: close\r\n{more}");
    exchange(stream, &request(target, &more)).await
}

/// Sends bytes and reads until the connection ends.
pub(crate) async fn exchange(mut stream: TcpStream, bytes: &str) -> Seen {
    let mut raw = Vec::new();
    let sent = stream.write_all(bytes.as_bytes()).await;
    let read = stream.read_to_end(&mut raw).await;
    let error = sent.and(read.map(|_| ())).err().map(|e| e.kind());
    Seen { raw, error }
}

/// Sends a request on an open connection without reading anything.
pub(super) async fn send(stream: &mut TcpStream, target: &str) {
    let bytes = request(target, "");
    stream.write_all(bytes.as_bytes()).await.unwrap();
}
