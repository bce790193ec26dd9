//! Orders: everything that changed since the last pass, once more than necessary.
//!
//! The stream gives the newest first, so a window that breaks off has missed its older part: how far
//! the feed was read is written down after a whole window only. A page that does not come is asked for
//! again where it is, and a window that still breaks off is halved and its older half read first, so a
//! pass makes progress however much there is to read. Request dates may be taken three
//! hours off ("GMT+3"), records were missing for hours in the past, and what left the window is not
//! told of again: hence the end in the future, the hourly pass over a day, and the questions about
//! packages that stay open.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{ORDERS, Seller, take::new_package, tell};
use crate::{
    marketplace::{
        Barcode, Cursor, MarketError, Next, Package, PackageQuery, StreamPage, Unreadable, Window,
    },
    store::{Change, NewPackage, RecordedPackage},
    worker::{
        before,
        periodic::{JobError, Pass},
    },
};

/// Whatever the dates of a request mean, now is within.
const AHEAD: TimeDelta = TimeDelta::hours(3);
/// A window may be 14 days long.
const LONGEST: TimeDelta = TimeDelta::days(13);
/// Trendyol keeps three months.
const OLDEST: TimeDelta = TimeDelta::days(89);
/// Between two passes over a day.
const WIDE_EVERY: TimeDelta = TimeDelta::hours(1);
/// What a wide pass reads.
const WIDE: TimeDelta = TimeDelta::hours(24);
/// A package that has been open for so long is asked about by its order,
const OPEN_LONG: TimeDelta = TimeDelta::days(5);
/// not more often than this,
const ASK_EVERY: TimeDelta = TimeDelta::hours(12);
/// and so many in one pass.
const ASK_MOST: i64 = 5;
/// A page of a window that was begun is asked for so often,
const TRIES: u32 = 4;
/// with this pause after the first time; it doubles,
const PAUSE: Duration = Duration::from_secs(5);
/// and a pause that the marketplace asks for is no longer than this.
const PAUSE_MAX: Duration = Duration::from_mins(2);
/// A window that is not longer is not halved.
const SHORTEST: TimeDelta = TimeDelta::minutes(10);
/// Records named in a report.
const NAMED: usize = 20;

/// Reads orders.
pub struct Pull {
    seller: Seller,
    overlap: Duration,
}

/// What a pass has read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Pulled {
    /// Packages that were told of.
    pub packages: usize,
    /// Packages that were new or had changed.
    pub changed: usize,
    /// Those that began an order that was not known.
    pub begun: usize,
    /// The products of the orders that changed.
    #[serde(skip)]
    pub barcodes: BTreeSet<Barcode>,
    /// Whether a day was read.
    pub wide: bool,
    /// Orders that were asked about by their number.
    pub asked: usize,
    /// Records, or parts of them, that could not be read; the first ones are named.
    pub unreadable: usize,
    /// Orders that the warehouse's tables did not take; their units are reserved all the same.
    pub not_shown: usize,
    /// What was wrong with the first ones.
    pub named: Vec<String>,
    /// What the database said of the last order that it did not take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

impl Pull {
    /// Reads `overlap` again in every pass.
    #[must_use]
    pub fn new(seller: Seller, overlap: Duration) -> Self {
        Self { seller, overlap }
    }

    /// The account.
    pub(super) fn seller(&self) -> &Seller {
        &self.seller
    }

    /// Reads what changed since the last pass. What it read stands even when it fails half-way.
    ///
    /// # Errors
    /// [`JobError`] when it could not read everything; the next pass reads it again.
    pub async fn changes(&self) -> Result<Pulled, JobError> {
        let began = self.seller.clock.now();
        let feed = self.seller.store.feed(ORDERS).await?;
        let wide = feed.wide_at.is_none_or(|at| began - at >= WIDE_EVERY);
        let mut pulled = Pulled {
            wide,
            ..Pulled::default()
        };
        let from = feed.read_until.map(|until| before(until, self.overlap));
        let mut left = windows(from, wide, began);
        left.reverse();
        while let Some(window) = left.pop() {
            match self.window(window, &mut pulled).await {
                Ok(()) => {}
                Err((true, error)) if is_passing(&error) => {
                    let Some([older, newer]) = halves(window) else {
                        return Err(error);
                    };
                    left.extend([newer, older]);
                    continue;
                }
                Err((_, error)) => return Err(error),
            }
            let until = window.end.min(began);
            let whole = until == began;
            self.seller
                .store
                .feed_was_read(ORDERS, until, wide && whole)
                .await?;
        }
        Ok(pulled)
    }

    /// Reads a window. An error says whether a part of it was read.
    async fn window(&self, window: Window, pulled: &mut Pulled) -> Result<(), (bool, JobError)> {
        let mut cursor: Option<Cursor> = None;
        let mut seen = HashSet::new();
        loop {
            let begun = cursor.is_some();
            let broken = |error: JobError| (begun, error);
            let page = self.stream_page(window, cursor.as_ref()).await;
            let page = page.map_err(|error| broken(error.into()))?;
            pulled.name(&page.unreadable);
            self.page(&page.packages, pulled).await.map_err(broken)?;
            cursor = match page.next {
                Next::End => return Ok(()),
                Next::Lost => return Err(broken(lost("it does not say how it goes on"))),
                Next::More(next) if seen.insert(next.0.clone()) => Some(next),
                Next::More(_) => return Err(broken(lost("it goes round in a circle"))),
            };
        }
    }

    /// Asks for a page, again where others of the window have come.
    async fn stream_page(
        &self,
        window: Window,
        cursor: Option<&Cursor>,
    ) -> Result<StreamPage, MarketError> {
        let mut tries = 0;
        loop {
            let page = self.seller.market.package_stream(window, cursor).await;
            tries += 1;
            let pause = match &page {
                Err(MarketError::RateLimited { retry_after }) => (*retry_after).min(PAUSE_MAX),
                Err(MarketError::Transient { .. } | MarketError::Unreachable { .. }) => {
                    PAUSE.saturating_mul(1 << (tries - 1))
                }
                _ => return page,
            };
            if cursor.is_none() || tries == TRIES {
                return page;
            }
            self.seller.rest.rest(pause).await;
        }
    }

    async fn page(&self, packages: &[Package], pulled: &mut Pulled) -> Result<(), JobError> {
        let (store, now) = (&self.seller.store, self.seller.clock.now());
        let told: Vec<NewPackage> = packages.iter().map(|p| new_package(p, now)).collect();
        let known = store.known_packages(&told, now).await?;
        pulled.packages += packages.len();
        for (place, (package, new)) in packages.iter().zip(&told).enumerate() {
            if !known.contains(&place) {
                self.package(package, new, pulled).await?;
            }
        }
        Ok(())
    }

    async fn package(
        &self,
        package: &Package,
        new: &NewPackage,
        pulled: &mut Pulled,
    ) -> Result<(), JobError> {
        let (change, error) = match self.seller.take(new).await? {
            RecordedPackage::Unchanged => return Ok(()),
            RecordedPackage::Changed(change) => (change, None),
            RecordedPackage::NotShown(change, error) => (change, Some(error)),
        };
        pulled.count(&change);
        pulled.name_parts(package);
        let Some(error) = error else {
            return Ok(());
        };
        pulled.not_shown += 1;
        let (id, order) = (new.package_id, new.order_number.as_str());
        tracing::error!(
            package = id,
            order,
            cause = %error.words(),
            error = &error as &dyn std::error::Error,
            "the warehouse's table does not take an order; its units are reserved"
        );
        let cause = error.words();
        pulled.remember(format!("package {id} (order {order}): not shown: {cause}"));
        pulled.refusal = Some(cause);
        Ok(())
    }

    /// Asks about packages that have been open for long, and those that are not shown yet.
    async fn forgotten(&self, pulled: &mut Pulled) -> Result<(), JobError> {
        let now = self.seller.clock.now();
        let store = &self.seller.store;
        let orders = store
            .forgotten_orders(now - OPEN_LONG, now - ASK_EVERY, ASK_MOST)
            .await?;
        for order in orders {
            let asked_at = self.seller.clock.now();
            match self.order(&order, pulled).await {
                Ok(()) => {}
                // One order that cannot be asked about must not keep the others from it.
                Err(JobError::Market(error)) if !error.is_passing() => {
                    tracing::error!(
                        order,
                        error = &error as &dyn std::error::Error,
                        "an order cannot be asked about"
                    );
                    pulled.remember(format!("order {order} cannot be asked about: {error}"));
                }
                Err(error) => return Err(error),
            }
            store
                .order_was_asked(&order, asked_at, self.seller.clock.now())
                .await?;
        }
        Ok(())
    }

    /// Asks about one order by its number, and takes all of its packages.
    ///
    /// # Errors
    /// [`JobError`] when it could not be read whole; what was read stands.
    pub(super) async fn order(&self, number: &str, pulled: &mut Pulled) -> Result<(), JobError> {
        let query = PackageQuery::Order(number.to_owned());
        for page in 0.. {
            let page = self.seller.market.packages(&query, page).await?;
            pulled.name(&page.unreadable);
            self.page(&page.records, pulled).await?;
            // A question that was not understood is answered with everything.
            let strays = page.records.iter().any(|p| p.order_number != number);
            if strays {
                tracing::warn!(
                    order = number,
                    "asked about one order, Trendyol told of others too"
                );
            }
            if page.last || strays {
                break;
            }
        }
        pulled.asked += 1;
        Ok(())
    }
}

impl Pull {
    /// Whatever was sold and is not seen by the warehouse needs somebody.
    async fn complain(&self, pulled: &Pulled) -> Result<(), JobError> {
        let mut troubles = Vec::new();
        if pulled.unreadable > 0 {
            let (count, named) = (pulled.unreadable, pulled.named.join("; "));
            troubles.push(format!(
                "{count} records of the orders cannot be read: {named}"
            ));
        }
        let hidden = self.seller.store.unshown_orders().await?;
        if let Some(first) = hidden.first() {
            let why = pulled.refusal.as_deref();
            troubles.push(format!(
                "open orders that the warehouse's tables do not take: {}, such as {first}: {} \
                 (`orderwatch doctor` names what mends it)",
                hidden.len(),
                why.unwrap_or("the log says why")
            ));
        }
        if troubles.is_empty() {
            return Ok(());
        }
        Err(JobError::Partly(troubles.join("; ")))
    }
}

impl Pulled {
    fn count(&mut self, change: &Change) {
        self.changed += 1;
        self.begun += usize::from(change.sold_at.is_some());
        let barcodes = change.barcodes.iter();
        self.barcodes
            .extend(barcodes.filter_map(|barcode| Barcode::parse(barcode).ok()));
    }

    fn name(&mut self, unreadable: &[Unreadable]) {
        self.unreadable += unreadable.len();
        for record in unreadable {
            tracing::error!(%record, "a record of the orders cannot be read");
            self.remember(record.to_string());
        }
    }

    fn name_parts(&mut self, package: &Package) {
        let (id, order) = (package.shipment_package_id, package.order_number.as_str());
        self.unreadable += package.unreadable.len();
        for part in &package.unreadable {
            tracing::error!(package = id, order, %part, "a part of a package cannot be read");
            self.remember(format!("package {id} (order {order}): {part}"));
        }
    }

    fn remember(&mut self, text: String) {
        if self.named.len() < NAMED {
            self.named.push(text);
        }
    }
}

/// The windows of a pass, the oldest first.
fn windows(from: Option<DateTime<Utc>>, wide: bool, now: DateTime<Utc>) -> Vec<Window> {
    let mut start = from.unwrap_or(now + AHEAD - LONGEST).max(now - OLDEST);
    if wide {
        start = start.min(now - WIDE);
    }
    let last = now + AHEAD;
    let mut windows = Vec::new();
    while start < last {
        let end = (start + LONGEST).min(last);
        windows.push(Window { start, end });
        start = end;
    }
    windows
}

/// The older and the newer half of a window; `None` of one that is short.
fn halves(window: Window) -> Option<[Window; 2]> {
    let length = window.end - window.start;
    (length > SHORTEST).then(|| {
        let middle = window.start + length / 2;
        [(window.start, middle), (middle, window.end)].map(|(start, end)| Window { start, end })
    })
}

fn is_passing(error: &JobError) -> bool {
    matches!(error, JobError::Market(error) if error.is_passing())
}

fn lost(why: &str) -> JobError {
    JobError::Partly(format!("the stream of orders was not read whole: {why}"))
}

/// The job `pull-orders`.
pub struct PullOrders(pub Arc<Pull>);

#[async_trait]
impl Pass for PullOrders {
    fn name(&self) -> &'static str {
        "pull-orders"
    }

    async fn pass(&self) -> Result<Value, JobError> {
        let seller = self.0.seller();
        // None needs the other, so the failure of one does not stop the rest. Told last: the orders
        // say what Trendyol has heard already.
        let followed = seller.follow().await;
        let pulled = self.0.changes().await;
        let told = tell(seller).await;
        let mut pulled = pulled?;
        self.0.forgotten(&mut pulled).await?;
        self.0.complain(&pulled).await?;
        let mut report = serde_json::to_value(&pulled)?;
        if let Some(report) = report.as_object_mut() {
            report.insert("told".to_owned(), serde_json::to_value(told?)?);
            report.insert("batches".to_owned(), serde_json::to_value(followed?)?);
        }
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::hours(hours)
    }

    fn shown(from: Option<i64>, wide: bool) -> Vec<(i64, i64)> {
        let windows = windows(from.map(at), wide, at(0)).into_iter();
        windows
            .map(|w| ((w.start - at(0)).num_hours(), (w.end - at(0)).num_hours()))
            .collect()
    }

    #[test]
    fn a_pass_reads_without_a_gap_and_beyond_now() {
        assert_eq!(shown(Some(-1), false), [(-1, 3)]);
        assert_eq!(shown(Some(-1), true), [(-24, 3)]);
        assert_eq!(shown(Some(-30), true), [(-30, 3)]);
        // The first pass: as much as one window holds.
        assert_eq!(shown(None, true), [(3 - 13 * 24, 3)]);
        // After a month without one.
        assert_eq!(
            shown(Some(-720), false),
            [(-720, -408), (-408, -96), (-96, 3)]
        );
        let long = shown(Some(-100_000), false);
        assert_eq!(long[0].0, -89 * 24);
        assert!(long.windows(2).all(|pair| pair[0].1 == pair[1].0));
    }
}
