//! Orders: everything that changed since the last pass, once more than necessary.
//!
//! The stream gives the newest first, so a window that breaks off has missed its older part: how far
//! the feed was read is written down after a whole window only. A page that does not come is asked for
//! again where it is, and a window that still breaks off is halved and its older half read first, so a
//! pass makes progress however much there is to read. Request dates may be taken three
//! hours off ("GMT+3"), records were missing for hours in the past, and what left the window is not
//! told of again: hence the end in the future, the hourly pass over a day, and the questions about
//! packages that stay open.

use std::{collections::HashSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::Value;

use super::{
    ORDERS, Pulled, Seller,
    take::new_package,
    tell,
    windows::{halves, windows},
};
use crate::{
    marketplace::{Cursor, MarketError, Next, Package, PackageQuery, StreamPage, Window},
    store::{NewPackage, RecordedPackage},
    worker::{
        before,
        job::{Job, JobError},
    },
};

/// Between two passes over a day.
const WIDE_EVERY: TimeDelta = TimeDelta::hours(1);
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
/// Reads orders.
pub struct Pull {
    seller: Seller,
    overlap: Duration,
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
                Ok(_) => {}
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

    /// Asks about one order by its number, and takes all of its packages. False when there are none.
    ///
    /// # Errors
    /// [`JobError`] when it could not be read whole; what was read stands.
    pub(super) async fn order(&self, number: &str, pulled: &mut Pulled) -> Result<bool, JobError> {
        let query = PackageQuery::Order(number.to_owned());
        let mut found = false;
        for page in 0.. {
            let page = self.seller.market.packages(&query, page).await?;
            pulled.name(&page.unreadable);
            self.page(&page.records, pulled).await?;
            found |= page.records.iter().any(|p| p.order_number == number);
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
        Ok(found)
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

fn is_passing(error: &JobError) -> bool {
    matches!(error, JobError::Market(error) if error.is_passing())
}

fn lost(why: &str) -> JobError {
    JobError::Partly(format!("the stream of orders was not read whole: {why}"))
}

/// The job `pull-orders`.
pub struct PullOrders(pub Arc<Pull>);

#[async_trait]
impl Job for PullOrders {
    fn name(&self) -> &'static str {
        "pull-orders"
    }

    async fn run(&self) -> Result<Value, JobError> {
        let seller = self.0.seller();
        // Neither needs the other, so the failure of one does not stop the other. Told last: the orders say
        // what Trendyol has heard already.
        let pulled = self.0.changes().await;
        let told = tell(seller).await;
        let mut pulled = pulled?;
        self.0.forgotten(&mut pulled).await?;
        self.0.complain(&pulled).await?;
        let mut report = serde_json::to_value(&pulled)?;
        if let Some(report) = report.as_object_mut() {
            report.insert("told".to_owned(), serde_json::to_value(told?)?);
        }
        Ok(report)
    }
}
