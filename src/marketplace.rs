//! A marketplace that is sold on: what it can be asked, and what it may answer.
//!
//! Code below never reads the database and decides nothing about stock: it sends one request and says what
//! came back, in classes that callers match on. What must stay true:
//!
//! * an answer that is not understood is an error or [`PushOutcome::Unknown`], never a success,
//! * a record that cannot be read is named ([`Unreadable`]) and loses none of its neighbours,
//! * a status that nobody knows yet is kept as it came,
//! * no key and nobody's name or address is in an error, a log line or `Debug` output.

mod stock;
pub mod trendyol;
mod webhook;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::stock::{Barcode, Claim, Package, Unreadable};

/// A question that finds this many returns is cut there without an error; ask smaller windows.
pub(crate) const CLAIMS_CUT_AT: u64 = 500;

pub use stock::BatchId;
pub use stock::{
    BatchResult, PushNotSent, PushOutcome, PushPermit, ReadBack, StockItem, fingerprint,
};
pub(crate) use stock::{MAX_ITEMS, MAX_READ_BACK};
pub(crate) use webhook::Webhook;
pub use webhook::{Registration, Webhooks};

/// One seller's account on a marketplace.
///
/// Every call but a push waits until the marketplace's rate limits allow it: a short while, or up to two
/// minutes after the same group of calls was asked to slow down. A call that is dropped while it
/// waits has sent nothing; one that is dropped later may have been done.
#[async_trait]
pub trait Marketplace: Send + Sync + fmt::Debug {
    /// Reads one page of the packages that were last changed in `window`, the newest first.
    ///
    /// The first page has no cursor; each next one has that of the page before, with the same window. After an
    /// error nothing was missed: ask again.
    async fn package_stream(
        &self,
        window: Window,
        cursor: Option<&Cursor>,
    ) -> Result<StreamPage, MarketError>;

    /// Reads one page (the first is 0) of the packages that a question finds.
    async fn packages(&self, query: &PackageQuery, page: u32)
    -> Result<Page<Package>, MarketError>;

    /// Waits until a push may be sent, a few seconds at most, because its figures grow old.
    ///
    /// By itself, so that what may have changed meanwhile is checked between the wait and the push.
    async fn push_permit(&self) -> Result<PushPermit, PushNotSent>;

    /// Sends absolute quantities: 1 to [`MAX_ITEMS`] items, each barcode once. Sends at most one
    /// request, at once, and never repeats it. Prices are never sent.
    async fn push(&self, permit: PushPermit, items: &[StockItem]) -> PushOutcome;

    async fn batch_result(&self, batch: &BatchId) -> Result<BatchResult, MarketError>;

    /// Reads what is on sale for 1 to [`MAX_READ_BACK`] barcodes. One that the marketplace does not
    /// list is not in the answer.
    async fn read_back(&self, barcodes: &[Barcode]) -> Result<ReadBack, MarketError>;

    /// Reads one page (the first is 0) of the returns of a window, of which there must be fewer than
    /// [`CLAIMS_CUT_AT`]. No returns are an empty page.
    async fn claims(&self, window: Window, page: u32) -> Result<Page<Claim>, MarketError>;

    /// Reports that a package is being picked: line ids and their quantities.
    ///
    /// # Errors
    /// [`MarketError`]; after [`MarketError::Unreachable`] and [`MarketError::Transient`] it may have
    /// been done, and doing it again is harmless. [`MarketError::Auth`] is also the answer to a
    /// package that the marketplace does not know.
    async fn set_picking(&self, package_id: i64, lines: &[(i64, i32)]) -> Result<(), MarketError>;

    /// `None` where it has no webhooks.
    fn hooks(&self) -> Option<&dyn Webhooks> {
        None
    }
}

/// A span of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

/// Where a stream goes on. It means something to the marketplace only, and not for long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub String);

#[derive(Clone, Debug)]
pub struct StreamPage {
    pub packages: Vec<Package>,
    pub unreadable: Vec<Unreadable>,
    pub next: Next,
}

/// What comes after a page of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another page.
    More(Cursor),
    /// Nothing: the stream was read whole.
    End,
    /// More, but the marketplace does not say where. The stream was not read whole.
    Lost,
}

/// Which packages are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackageQuery {
    /// Those last changed in a window, of 14 days at most.
    Changed(Window),
    /// All of one order, however old.
    Order(String),
}

#[derive(Clone, Debug)]
pub struct Page<T> {
    pub records: Vec<T>,
    pub unreadable: Vec<Unreadable>,
    /// Records on all pages, as far as the marketplace says.
    pub total: Option<u64>,
    /// Whether there is nothing after it.
    pub last: bool,
}

/// How what is wrong begins where the marketplace does not serve this address. Runs of jobs are kept as texts, by
/// which `attention` tells this fault from others.
pub(crate) const MAY_BE_BLOCKED: &str = "this address may be blocked";

/// A call brought nothing. Texts are the marketplace's own, redacted and capped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarketError {
    /// Key, secret or seller id are wrong (401).
    #[error("the marketplace does not accept the account: {text}")]
    Auth {
        /// The marketplace's text.
        text: String,
    },
    /// The account is right but the caller is not let in: User-Agent, address, or path (403).
    #[error("the marketplace does not let this caller in: {text}")]
    Forbidden {
        /// The marketplace's text.
        text: String,
    },
    /// The path is not there any more: the API has changed (404, 410, 426, a redirect).
    #[error("the marketplace has moved or closed this path (status {status}): {text}")]
    Gone {
        /// The HTTP status code.
        status: u16,
        /// The marketplace's text.
        text: String,
    },
    /// Too many calls (429). Nothing was done. This group of calls waits by itself.
    #[error("the marketplace asks to slow down for {} s", .retry_after.as_secs())]
    RateLimited {
        /// How long the next call of this group waits: asked for, or our own back-off.
        retry_after: Duration,
    },
    /// The marketplace has a fault (5xx); worth trying again.
    #[error("the marketplace has a fault (status {status}): {text}")]
    Transient {
        /// The HTTP status code.
        status: u16,
        /// The marketplace's text.
        text: String,
    },
    /// The same fault for minutes: the marketplace most likely does not serve this address. Trying
    /// again does no harm.
    #[error("{MAY_BE_BLOCKED}: try the same key from another network (status {status}: {text})")]
    Blocked {
        /// The HTTP status code.
        status: u16,
        /// Which call, and for how long.
        text: String,
    },
    /// No whole answer came back; worth trying again.
    #[error("no answer from the marketplace: {trouble}")]
    Unreachable {
        /// What went wrong, in our words.
        trouble: String,
    },
    /// The marketplace does not take this request as it is (400, 409, 414 and the like).
    #[error("the marketplace refuses this (status {status}): {text}")]
    Rejected {
        /// The HTTP status code.
        status: u16,
        /// The marketplace's own name for the reason; its only stable part.
        key: Option<String>,
        /// The marketplace's text.
        text: String,
    },
    /// The answer is something else than the protocol has for this call.
    #[error("the marketplace's answer is not understood: {detail}")]
    Unreadable {
        /// What is wrong with it.
        detail: String,
    },
    /// The marketplace serves the first 10,000 packages of a question only; ask a smaller window.
    #[error("page {page} is out of reach; ask a smaller window")]
    OutOfReach { page: u32 },
    /// Nothing was sent: the arguments of the call are none that the marketplace can take.
    #[error("nothing was sent: {0}")]
    Arguments(&'static str),
}

impl MarketError {
    /// Whether the same question may well be answered in a while.
    #[must_use]
    pub(crate) const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::Transient { .. }
                | Self::Blocked { .. }
                | Self::Unreachable { .. }
        )
    }
}
