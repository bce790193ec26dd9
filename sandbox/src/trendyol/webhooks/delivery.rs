//! Telling a webhook of a change.

use std::{io, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::registration::Registration;
use crate::{http::MAX_HEADERS, trendyol::status::Status};

/// How long a receiver may take. No document names it.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer's head that are read.
const ANSWER: usize = 4096;

/// One try to tell a webhook of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookDelivery {
    /// When, by the store's clock.
    pub at: DateTime<Utc>,
    /// The webhook.
    pub webhook: String,
    /// The package that changed.
    pub package: i64,
    /// Its order.
    pub order_number: String,
    /// Its status in what was told.
    pub status: Status,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// The HTTP status that came back; `None` when no answer did.
    pub answered: Option<u16>,
}

/// Something that is to be told.
#[derive(Debug)]
pub(in crate::trendyol) struct Outgoing {
    pub(super) webhook: String,
    pub(super) registration: Arc<Registration>,
    pub(super) package: i64,
    pub(super) order_number: String,
    pub(super) status: Status,
    pub(super) attempt: u32,
    pub(super) body: Arc<str>,
}

impl Outgoing {
    pub(super) fn record(&self, answered: Option<u16>, at: DateTime<Utc>) -> HookDelivery {
        HookDelivery {
            at,
            webhook: self.webhook.clone(),
            package: self.package,
            order_number: self.order_number.clone(),
            status: self.status.clone(),
            attempt: self.attempt,
            answered,
        }
    }

    /// The call, to the byte. Only a receiver on this machine is ever called, without encryption.
    fn request(&self) -> Vec<u8> {
        let url = &self.registration.url;
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let (name, value) = self.registration.header();
        let body = &self.body;

        let length = body.len();
        let head = format!(
            "POST {target} HTTP/1.1\r\nhost: {host}\r\n{name}: {value}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        [head.as_bytes(), body.as_bytes()].concat()
    }

    /// Calls the webhook once, on a connection of its own. The HTTP status that came back, if any did.
    pub(in crate::trendyol) async fn carry(&self) -> Option<u16> {
        let answer = tokio::time::timeout(PATIENCE, self.call()).await;
        answer.ok()?.ok()?
    }

    async fn call(&self) -> io::Result<Option<u16>> {
        let address = self.registration.url.socket_addrs(|| None)?;
        let mut stream = TcpStream::connect(&*address).await?;
        stream.write_all(&self.request()).await?;

        let mut head = Vec::with_capacity(ANSWER);
        while head.len() < ANSWER && stream.read_buf(&mut head).await? > 0 {
            let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut answer = httparse::Response::new(&mut headers);
            let parsed = answer.parse(&head).map_err(io::Error::other)?;
            if parsed.is_complete() {
                return Ok(answer.code);
            }
        }
        Ok(None)
    }
}
