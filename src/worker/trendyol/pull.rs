//! Orders: everything that changed since the last pass, with an overlap.
//!
//! What must stay true: how far the feed was read is written down after a whole window only, because the stream
//! gives the newest first, and a window that breaks off has missed its older part. What was sold in a record that
//! cannot be read nobody knows, so stock is not raised until a pass over a day reads them all.
//!
//! Request dates may be taken three hours off ("GMT+3"), records were missing for hours in the past, and what
//! left the window is not shown again: hence the end in the future, the hourly pass over a day, and the
//! questions about packages that stay open.

use std::{collections::HashSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{
    Seller,
    pull_report::PullReport,
    report_picking,
    windows::{halves, windows},
};
use crate::{
    marketplace::{Cursor, MarketError, Next, PackageQuery, StreamPage, Window},
    stock::{Package, package_record::PackageRecord},
    store::WindowRead,
    telemetry::chain,
    worker::{
        before,
        job::{Job, JobError},
    },
};

/// Between two passes over a day.
const WIDE_EVERY: TimeDelta = TimeDelta::hours(1);
/// A package that has been open for this long is asked about by its order,
const OPEN_LONG: TimeDelta = TimeDelta::days(5);
/// not more often than this,
const ASK_EVERY: TimeDelta = TimeDelta::hours(12);
/// and this many in one pass.
const ASK_MOST: i64 = 5;
/// A page of a window that was started is asked for this often,
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

    pub(super) fn seller(&self) -> &Seller {
        &self.seller
    }

    /// Reads what changed since the last pass. What it read stands even when it fails half-way.
    pub async fn changes(&self) -> Result<PullReport, JobError> {
        // Before the first question: what changes while pages are read belongs to the next pass.
        let began = self.seller.clock.now();
        let feed = self.seller.store.order_feed().await?;
        // A time that is still to come was written before the clock was set back, and says nothing.
        let wide = feed
            .wide_at
            .is_none_or(|at| at > began || began - at >= WIDE_EVERY);
        let mut pulled = PullReport {
            wide,
            ..PullReport::default()
        };

        let from = feed.read_until.map(|until| before(until, self.overlap));
        let from = from.filter(|from| *from <= began);
        let mut left = windows(from, wide, began);
        left.reverse();

        while let Some(window) = left.pop() {
            match self.window(window, &mut pulled).await {
                Ok(()) => {}
                // Its older half comes first, so that a pass makes progress however much there is to read.
                Err((true, error)) if is_passing(&error) => {
                    let Some([older, newer]) = halves(window) else {
                        return Err(error);
                    };
                    left.extend([newer, older]);
                    continue;
                }
                Err((_, error)) => return Err(error),
            }

            // The window ends in the future, but nothing was read of what is still to happen.
            let until = window.end.min(began);
            let read = WindowRead {
                until,
                wide: wide && until == began,
                readable: !pulled.hides_sales,
            };
            let store = &self.seller.store;
            store
                .orders_were_read(read, self.seller.clock.now())
                .await?;
        }

        Ok(pulled)
    }

    /// Reads a window. An error says whether a part of it was read.
    async fn window(
        &self,
        window: Window,
        pulled: &mut PullReport,
    ) -> Result<(), (bool, JobError)> {
        let mut cursor: Option<Cursor> = None;
        let mut seen = HashSet::new();

        loop {
            let started = cursor.is_some();
            let broken = |error: JobError| (started, error);
            let page = self.stream_page(window, cursor.as_ref()).await;
            let page = page.map_err(|error| broken(error.into()))?;
            pulled.name(&page.unreadable);
            pulled.note_hidden(&page);
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
            // Nothing of the window has come yet, so nothing is lost by leaving it to the next pass.
            if cursor.is_none() || tries == TRIES {
                return page;
            }
            self.seller.rest.rest(pause).await;
        }
    }

    async fn page(&self, packages: &[Package], pulled: &mut PullReport) -> Result<(), JobError> {
        let (store, now) = (&self.seller.store, self.seller.clock.now());
        let records = packages.iter().map(|p| PackageRecord::of(p, now));
        let records: Vec<PackageRecord> = records.collect();
        // One query for the page: most of what an overlap brings is known and need not be written again.
        let known = store.known_packages(&records, now).await?;

        pulled.packages += packages.len();
        for (position, (package, record)) in packages.iter().zip(&records).enumerate() {
            if !known.contains(&position) {
                self.package(package, record, pulled).await?;
            }
        }

        Ok(())
    }

    async fn package(
        &self,
        package: &Package,
        record: &PackageRecord,
        pulled: &mut PullReport,
    ) -> Result<(), JobError> {
        let Seller { store, clock, .. } = &self.seller;
        let Some(recorded) = store.record_package(record, clock.now()).await? else {
            return Ok(());
        };

        pulled.changed += 1;
        pulled.new_orders += usize::from(recorded.begins);
        pulled.name_parts(package);

        let Some(error) = recorded.not_shown else {
            return Ok(());
        };

        // Reported, and no reason to stop: the units of the others have to be reserved.
        pulled.not_shown += 1;
        let (id, order) = (record.package_id, record.order_number.as_str());
        let cause = error.words();
        tracing::error!(
            package = id,
            order,
            %cause,
            error = chain(&error),
            "the warehouse's table does not take an order; its units are reserved"
        );
        pulled.remember(format!("package {id} (order {order}): not shown: {cause}"));
        pulled.refusal = Some(cause);

        Ok(())
    }

    /// Asks about packages that have been open for long, and those that are not shown yet.
    async fn forgotten(&self, pulled: &mut PullReport) -> Result<(), JobError> {
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
                        error = chain(&error),
                        "an order cannot be asked about"
                    );
                    pulled.remember(format!("order {order} cannot be asked about: {error}"));
                }
                Err(error) => return Err(error),
            }

            // Also after a refusal, so that one order does not take the place of others in every pass.
            store
                .order_was_asked(&order, asked_at, self.seller.clock.now())
                .await?;
        }

        Ok(())
    }

    /// Asks about one order by its number, and takes all of its packages. False when there are none.
    pub(super) async fn order(
        &self,
        number: &str,
        pulled: &mut PullReport,
    ) -> Result<bool, JobError> {
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
                    "asked about one order, Trendyol answered with others too"
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
    /// Fails where something was sold that the warehouse does not see.
    async fn complain(&self, pulled: &PullReport) -> Result<(), JobError> {
        let mut troubles = Vec::new();

        if pulled.unreadable > 0 {
            let (count, named) = (pulled.unreadable, pulled.named.join("; "));
            troubles.push(format!(
                "{count} records of the orders cannot be read: {named}"
            ));
        }

        // Every minute, although only the pass over a day meets the record again.
        let feed = self.seller.store.order_feed().await?;
        if feed.lacks_sales() {
            troubles.push(lacking(feed.good_at));
        }

        let hidden = self.seller.store.unshown_orders().await?;
        if let Some(first) = hidden.first() {
            let why = pulled.refusal.as_deref();
            troubles.push(format!(
                "open orders that the warehouse's tables do not take: {}, such as {first}: {} \
                 (`orderwatch doctor` names the fix)",
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

/// What follows from a record that could not be read.
fn lacking(since: Option<DateTime<Utc>>) -> String {
    let since = since.map_or_else(
        || "so far".to_owned(),
        |at| format!("since {} UTC", at.format("%F %R")),
    );
    format!(
        "what was sold in records that could not be read {since} is not known: stock is only lowered until the pass \
         over a day, once an hour, reads every record, at the latest about a day after the last one"
    )
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
        // Neither needs the other, so the failure of one does not stop the other. Picking is reported last: the
        // orders say what Trendyol knows already.
        let pulled = self.0.changes().await;
        let picking = report_picking(seller).await;

        let mut pulled = pulled?;
        self.0.forgotten(&mut pulled).await?;
        self.0.complain(&pulled).await?;

        let mut report = serde_json::to_value(&pulled)?;
        if let Some(report) = report.as_object_mut() {
            report.insert("picking".to_owned(), serde_json::to_value(picking?)?);
        }

        Ok(report)
    }
}
