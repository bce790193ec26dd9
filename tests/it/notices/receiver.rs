//! The shop's end of a webhook, below HTTP: it keeps what it gets and answers as it is told.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use orderwatch::webhook::Key;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// How one request is answered.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// With this status line and these headers, each ending in a line break.
    Status(&'static str, String),
    /// Not at all: the connection stays open.
    Silence,
    /// With 200 and a body of this many bytes.
    Long(usize),
}

/// A request that came.
#[derive(Clone, Debug)]
pub(super) struct Request {
    head: String,
    pub(super) body: String,
}

/// A listening address.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    /// What comes next; after that, 200.
    replies: Mutex<VecDeque<Reply>>,
    requests: watch::Sender<Vec<Request>>,
}

impl Request {
    /// A header; empty when it is not there.
    pub(super) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.trim())
    }

    /// The first line.
    pub(super) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether one of its signatures is that of this key, over what came.
    pub(super) fn is_signed_with(&self, key: &str) -> bool {
        let timestamp = self.header("webhook-timestamp").parse().unwrap();
        let key = Key::parse(key).unwrap();
        let signature = key.sign(self.header("webhook-id"), timestamp, &self.body);
        let mut signatures = self.header("webhook-signature").split(' ');
        signatures.any(|found| found == signature)
    }
}

impl Receiver {
    pub(super) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            replies: Mutex::new(replies.into_iter().collect()),
            requests: watch::Sender::new(Vec::new()),
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { address, shared }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hooks?auth=t0p-s3cr3t", self.address)
    }

    /// All requests so far.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.shared.requests.borrow().clone()
    }

    /// Waits until so many requests have come.
    pub(super) async fn arrived(&self, count: usize) -> Vec<Request> {
        let mut requests = self.shared.requests.subscribe();
        let enough = requests.wait_for(|requests| requests.len() >= count).await;
        enough.unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    while let Some(request) = read(&mut stream).await {
        shared.requests.send_modify(|all| all.push(request));
        let reply = shared.replies.lock().unwrap().pop_front();
        let answer = match reply {
            None => answer("200 OK", "", ""),
            Some(Reply::Status(status, headers)) => answer(status, &headers, "not read"),
            Some(Reply::Long(bytes)) => answer("200 OK", "", &"x".repeat(bytes)),
            Some(Reply::Silence) => {
                // Until the other side is gone.
                let _ = stream.read(&mut [0]).await;
                return;
            }
        };
        // The client may be gone already, having read enough.
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let request = Request {
                head: head.to_owned(),
                body: body.to_owned(),
            };
            if request.header("content-length").parse() == Ok(body.len()) {
                return Some(request);
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}")
}
