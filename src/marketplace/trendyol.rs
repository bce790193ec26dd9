//! Trendyol's seller API.
//!
//! The parts: `account` builds requests, `limits` decides when they may be sent, `error` classes the answers that
//! are no success, `wire` reads JSON however it is written, `orders`, `stock` and `claims` read what it says. They
//! are put together here. What must stay true:
//!
//! * a push is one request on the wire, on a connection of its own, whatever happens,
//! * only a whole body that came with a success is ever understood,
//! * no more calls are made than Trendyol allows.

mod account;
mod blocked;
mod claims;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod limits;
mod orders;
mod paths;
mod stock;
mod webhooks;
mod wire;

use std::{
    fmt,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use reqwest::{
    Method, Request,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::json;

pub(crate) use account::AccountFault;
pub use account::AccountSettings;
pub use limits::RateLimits;
pub(crate) use paths::Paths;

use self::{
    account::Account,
    blocked::Blocked,
    error::{Class, Complaint, Failure},
    limits::{Call, Limits},
};
use super::{
    BatchId, BatchResult, Cursor, MAX_READ_BACK, MarketError, Marketplace, PackageQuery, Page,
    PushNotSent, PushOutcome, PushPermit, ReadBack, StockItem, StreamPage, Webhooks, Window,
};
use crate::stock::Claim;
use crate::stock::{Barcode, Package};
use crate::{
    metrics::{METRICS, label::Reply},
    outbound::Http,
};

/// Bytes of an answer that are read at most, unpacked: a page of 200 packages has one or two MiB.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// A push waits no longer for its turn: its figures were planned before, and would be sent as they were then.
const PUSH_WAITS: Duration = Duration::from_secs(5);

/// One seller's account on Trendyol.
pub struct Trendyol {
    account: Account,
    http: Http,
    limits: Limits,
    blocked: Blocked,
    paths: Paths,
    request_timeout: Duration,
}

impl Trendyol {
    /// Opens no connection. `request_timeout` is for one request, from its beginning to the last byte of the
    /// answer.
    pub fn new(
        account: &AccountSettings,
        limits: &RateLimits,
        http: Http,
        request_timeout: Duration,
    ) -> Result<Self, AccountFault> {
        Ok(Self {
            account: Account::new(account)?,
            http,
            limits: Limits::new(limits),
            blocked: Blocked::default(),
            paths: Paths::default(),
            request_timeout,
        })
    }

    /// Calls other paths.
    #[must_use]
    pub(crate) fn with_paths(self, paths: Paths) -> Self {
        Self { paths, ..self }
    }

    fn get(&self, call: Call, steps: &[&str], query: &[(&str, &str)]) -> Request {
        let path = self.paths.of(call);
        self.account.request(Method::GET, path, steps, query)
    }

    fn send(&self, method: Method, call: Call, steps: &[&str], body: Vec<u8>) -> Request {
        let path = self.paths.of(call);
        let mut request = self.account.request(method, path, steps, &[]);
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(CONTENT_TYPE, json);
        *request.body_mut() = Some(body.into());
        request
    }

    /// Makes a call when its turn has come; a push has waited for its turn before. Returns the body of a success.
    async fn call(&self, call: Call, mut request: Request) -> Result<String, Failure> {
        *request.timeout_mut() = Some(self.request_timeout);
        if call != Call::Push {
            self.limits.turn(call).await;
        }

        // After the turn, which may take minutes: only Trendyol's own time is measured.
        let started = Instant::now();
        let came = self.answer(call, request, started).await;
        METRICS.market_call(call.group(), reply(&came), started.elapsed());

        match self.blocked.note(call, &came) {
            Some(lasted) => came.map_err(|failure| blocked::named(failure, call, lasted)),
            None => came,
        }
    }

    /// Sends the request. Returns the body of a success.
    async fn answer(
        &self,
        call: Call,
        request: Request,
        started: Instant,
    ) -> Result<String, Failure> {
        let came = self.http.once(request, ANSWER_LIMIT).await;
        let (call, took) = (call.as_str(), started.elapsed());
        let answer = came.map_err(|trouble| {
            tracing::debug!(call, ?took, %trouble, "no answer from Trendyol");
            Failure::Network(trouble)
        })?;

        tracing::debug!(
            call,
            ?took,
            status = answer.status.as_u16(),
            "Trendyol answered"
        );

        let text = String::from_utf8_lossy(&answer.body);
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        match answer.cut {
            // The status stands before the body, so even a part of it says what was refused.
            _ if !answer.status.is_success() => Err(error::failure(&answer, text, &self.account)),
            Some(trouble) => Err(Failure::Network(trouble)),
            None => Ok(text.to_owned()),
        }
    }

    /// Reports to the limits how the call went. Returns how long its group now waits.
    fn note<T>(&self, call: Call, came: &Result<T, Failure>) -> Duration {
        match came {
            Err(Failure::TooMany(asked)) => self.limits.slow_down(call, *asked),
            // Nobody knows whether it was counted.
            Err(Failure::Network(_)) => Duration::ZERO,
            Ok(_) | Err(Failure::Answer(_)) => {
                self.limits.was_taken(call);
                Duration::ZERO
            }
        }
    }

    async fn ask(&self, call: Call, request: Request) -> Result<String, MarketError> {
        let came = self.call(call, request).await;
        let paused = self.note(call, &came);
        came.map_err(|failure| failure.into_error(paused))
    }

    /// Asks for something whose absence Trendyol may answer with a 404. `None` is that 404.
    async fn ask_for(
        &self,
        call: Call,
        request: Request,
        says_absent: fn(&Complaint) -> bool,
    ) -> Result<Option<String>, MarketError> {
        let came = self.call(call, request).await;
        let paused = self.note(call, &came);

        match came {
            Ok(text) => Ok(Some(text)),
            // A 404 that is a page or names a path is from the edge or the gateway, which do not know the path.
            Err(Failure::Answer(no))
                if no.class == Class::NotFound && !no.page && !no.path && says_absent(&no) =>
            {
                Ok(None)
            }
            Err(failure) => Err(failure.into_error(paused)),
        }
    }

    /// Adds Trendyol's text, if there is any, to what is wrong with a success.
    fn named(&self, fault: MarketError, text: &str) -> MarketError {
        match fault {
            MarketError::Unreadable { detail } => error::unreadable(&detail, text, &self.account),
            other => other,
        }
    }
}

#[async_trait]
impl Marketplace for Trendyol {
    async fn package_stream(
        &self,
        window: Window,
        cursor: Option<&Cursor>,
    ) -> Result<StreamPage, MarketError> {
        let size = orders::PAGE_SIZE.to_string();
        let (start, end) = ms(window);
        let mut query = vec![
            ("lastModifiedStartDate", start.as_str()),
            ("lastModifiedEndDate", &end),
            ("size", &size),
        ];
        query.extend(cursor.map(|cursor| ("nextCursor", cursor.0.as_str())));

        let request = self.get(Call::Stream, &[], &query);
        let text = self.ask(Call::Stream, request).await?;
        orders::stream(&text, cursor).map_err(|fault| self.named(fault, &text))
    }

    async fn packages(
        &self,
        query: &PackageQuery,
        page: u32,
    ) -> Result<Page<Package>, MarketError> {
        // Trendyol answers 429 there, which would slow down calls that have done nothing wrong.
        if u64::from(page) * orders::PAGE_SIZE as u64 >= orders::REACH as u64 {
            return Err(MarketError::OutOfReach { page });
        }

        let (number, size) = (page.to_string(), orders::PAGE_SIZE.to_string());
        let mut asked = asked(query);
        asked.extend([("page", number), ("size", size)]);
        let asked: Vec<_> = asked.iter().map(|(n, v)| (*n, v.as_str())).collect();

        let request = self.get(Call::Orders, &[], &asked);
        let text = self.ask(Call::Orders, request).await?;
        orders::page(&text, page).map_err(|fault| self.named(fault, &text))
    }

    async fn push_permit(&self) -> Result<PushPermit, PushNotSent> {
        let turn = self.limits.turn_within(Call::Push, PUSH_WAITS).await;
        turn.map(|()| PushPermit::granted())
            .map_err(PushNotSent::NotYet)
    }

    async fn push(&self, _: PushPermit, items: &[StockItem]) -> PushOutcome {
        let body = match stock::push(items) {
            Ok(body) => body,
            Err(why) => return PushOutcome::NotSent(why),
        };

        let request = self.send(Method::POST, Call::Push, &[], body);
        let came = self.call(Call::Push, request).await;
        let paused = self.note(Call::Push, &came);
        match came {
            Ok(text) => stock::pushed(&text),
            Err(failure) => failure.into_outcome(paused),
        }
    }

    async fn batch_result(&self, batch: &BatchId) -> Result<BatchResult, MarketError> {
        let request = self.get(Call::Batch, &[&batch.0], &[]);
        match self.ask_for(Call::Batch, request, |_| true).await? {
            Some(text) => stock::batch(&text).map_err(|fault| self.named(fault, &text)),
            // Results are kept for 4 hours; what follows a 404 is a read-back, as for a batch that says nothing.
            None => Ok(BatchResult::default()),
        }
    }

    async fn read_back(&self, barcodes: &[Barcode]) -> Result<ReadBack, MarketError> {
        if barcodes.is_empty() || barcodes.len() > MAX_READ_BACK {
            return Err(MarketError::Arguments("1 to 50 barcodes are read at once"));
        }

        let list: Vec<&str> = barcodes.iter().map(Barcode::as_str).collect();
        let list = list.join(",");
        // 50 barcodes fit on one page of the largest size.
        let query = [("barcodes", list.as_str()), ("page", "0"), ("size", "100")];
        let request = self.get(Call::ReadBack, &[], &query);
        let text = self.ask(Call::ReadBack, request).await?;
        stock::listed(&text, barcodes).map_err(|fault| self.named(fault, &text))
    }

    async fn claims(&self, window: Window, page: u32) -> Result<Page<Claim>, MarketError> {
        let (start, end) = ms(window);
        let (number, size) = (page.to_string(), claims::PAGE_SIZE.to_string());
        let query = [
            ("startDate", start.as_str()),
            ("endDate", &end),
            ("page", &number),
            ("size", &size),
        ];

        let request = self.get(Call::Claims, &[], &query);
        match self
            .ask_for(Call::Claims, request, claims::says_none)
            .await?
        {
            Some(text) => claims::page(&text, page).map_err(|fault| self.named(fault, &text)),
            None if page == 0 => Ok(claims::none()),
            // To take that for the end would lose the rest of the returns.
            None => Err(MarketError::Gone {
                status: 404,
                text: "the first page was there, this one is not".to_owned(),
            }),
        }
    }

    async fn set_picking(&self, package_id: i64, lines: &[(i64, i32)]) -> Result<(), MarketError> {
        if lines.is_empty() {
            return Err(MarketError::Arguments("a package is picked by its lines"));
        }

        let lines: Vec<_> = lines
            .iter()
            .map(|(line, quantity)| json!({ "lineId": line, "quantity": quantity }))
            .collect();
        let body = json!({ "lines": lines, "params": {}, "status": "Picking" });
        let steps = [&*package_id.to_string()];
        let request = self.send(Method::PUT, Call::Picking, &steps, body.to_string().into());
        self.ask(Call::Picking, request).await.map(drop)
    }

    fn hooks(&self) -> Option<&dyn Webhooks> {
        Some(self)
    }
}

impl fmt::Debug for Trendyol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trendyol")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// What came of a request, as it is counted.
const fn reply(came: &Result<String, Failure>) -> Reply {
    match came {
        Ok(_) => Reply::Ok,
        Err(Failure::TooMany(_)) => Reply::RateLimited,
        Err(Failure::Network(_)) => Reply::NoAnswer,
        Err(Failure::Answer(_)) => Reply::Refused,
    }
}

/// Milliseconds since 1970, as ordinary UTC: the documents ask for GMT+3, every known client sends this.
fn ms(window: Window) -> (String, String) {
    let ms = |time: chrono::DateTime<chrono::Utc>| time.timestamp_millis().to_string();
    (ms(window.start), ms(window.end))
}

fn asked(query: &PackageQuery) -> Vec<(&'static str, String)> {
    match query {
        PackageQuery::Order(number) => vec![("orderNumber", number.clone())],
        PackageQuery::Changed(window) => {
            let (start, end) = ms(*window);
            vec![
                ("startDate", start),
                ("endDate", end),
                ("orderByField", "PackageLastModifiedDate".to_owned()),
                ("orderByDirection", "DESC".to_owned()),
            ]
        }
    }
}
