//! Requests as a client of the panel sends them.

use std::io;

use sandbox::barakat::Barakat;
use serde_json::Value;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::TOKEN;
pub(super) use crate::panel::wire::Seen;
use crate::panel::wire::exchange;

pub(super) async fn connect(panel: &Barakat) -> io::Result<TcpStream> {
    let url = panel.base_url();
    let address = url.strip_prefix("http://").unwrap();
    TcpStream::connect(address.split('/').next().unwrap()).await
}

fn request(method: &str, target: &str, token: &str, more: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: panel\r\napi-token: {token}\r\n{more}\r\n")
}

/// One request on a connection of its own.
pub(super) async fn call(panel: &Barakat, method: &str, target: &str, token: &str) -> Seen {
    let stream = connect(panel).await.unwrap();
    let bytes = request(method, target, token, "Connection: close\r\n");
    exchange(stream, &bytes).await
}

/// The same with the token of the sample.
pub(super) async fn get(panel: &Barakat, target: &str) -> Seen {
    call(panel, "GET", target, TOKEN).await
}

/// Sends a request on an open connection without reading anything.
pub(super) async fn send(stream: &mut TcpStream, target: &str) {
    let bytes = request("GET", target, TOKEN, "");
    stream.write_all(bytes.as_bytes()).await.unwrap();
}

/// The body of an answer that went well.
pub(super) fn json(seen: &Seen) -> Value {
    assert_eq!(seen.status(), 200, "{}", seen.text());
    serde_json::from_str(seen.text()).unwrap()
}
