//! The page's server and the API, asked over sockets as clients do.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

mod access;
mod base_path;
mod brakes;
mod decisions;
mod doctor;
mod health;
mod hooks;
mod lists;
mod reads;
mod stock;
mod wire;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::process::{Process, within};

pub(crate) const TOKEN: &str = "kanarya-token-4711-abcdef";

/// A daemon that answers.
pub(crate) struct Site {
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    token: Option<&'static str>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Its head, in small letters.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Site {
    /// Where the process listens, by what it logs.
    pub(crate) async fn of(process: &Process) -> Self {
        const SAID: &str = "the page is at http://";
        process.wait_for_line(SAID).await;
        let log = process.written();
        let (_, rest) = log.rsplit_once(SAID).unwrap();
        Self {
            address: rest.split('/').next().unwrap().to_owned(),
            token: None,
        }
    }

    /// From here on the token is shown.
    pub(crate) fn with_token(mut self) -> Self {
        self.token = Some(TOKEN);
        self
    }

    /// Sends a request with exactly these headers, and `Host` and `Connection` where they are not
    /// among them.
    pub(crate) async fn send(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let named = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let mut head = vec![format!("{line} HTTP/1.1"), "Connection: close".to_owned()];
        if !named("host") {
            head.push(format!("Host: {}", self.address));
        }
        for (name, value) in headers {
            head.push(format!("{name}: {value}"));
        }
        if !line.starts_with("GET") && !named("content-length") {
            head.push(format!("Content-Length: {}", body.len()));
        }
        let request = format!("{}\r\n\r\n{body}", head.join("\r\n"));
        self.raw(request.as_bytes()).await
    }

    /// Sends these bytes, and reads to the end.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        // A server that refuses early may close before all is written.
        drop(stream.write_all(bytes).await);
        let mut answer = Vec::new();
        drop(within("an answer", stream.read_to_end(&mut answer)).await);
        Answer::parse(&String::from_utf8_lossy(&answer))
    }

    fn authorization(&self) -> Vec<(&'static str, String)> {
        let token = self.token.map(|token| format!("Bearer {token}"));
        token.into_iter().map(|t| ("Authorization", t)).collect()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let headers = self.authorization();
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        self.send(&format!("GET {path}"), &headers, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = self.authorization();
        let mut headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        headers.push(("Content-Type", "application/json"));
        self.send(&format!("POST {path}"), &headers, &body.to_string())
            .await
    }

    /// Sends a form as one of our own pages does.
    pub(crate) async fn form(&self, path: &str, body: &str) -> Answer {
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        self.send(&format!("POST {path}"), &headers, body).await
    }

    /// The JSON of a good answer.
    pub(crate) async fn read(&self, path: &str) -> Value {
        self.get(path).await.good()
    }

    /// All rows of a list, page by page.
    pub(crate) async fn pages(&self, path: &str, limit: usize) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut next = format!("{path}{joint}limit={limit}");
        loop {
            let page = self.read(&next).await;
            pages.push(page["items"].as_array().unwrap().clone());
            let Some(cursor) = page["next"].as_str() else {
                return pages;
            };
            assert!(pages.len() < 1000, "no end of {path}");
            next = format!("{path}{joint}limit={limit}&cursor={cursor}");
        }
    }
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Self {
            status: status.unwrap_or_default(),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// What a hidden field of the page's form holds.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\" value=\""))?;
        rest.split('"').next()
    }

    pub(crate) fn good(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// The code of a problem, which must be well-formed.
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert!(
            self.head.contains("content-type: application/problem+json"),
            "{self:?}"
        );
        let problem = self.json();
        assert_eq!(problem["status"], status);
        let code = problem["code"].as_str().unwrap();
        assert_eq!(problem["type"], format!("urn:orderwatch:problem:{code}"));
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        code.to_owned()
    }
}
