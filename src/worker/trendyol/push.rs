//! A pass over the whole catalogue, and the turns between two of them over what is watched.
//!
//! What must stay true: every barcode is observed at least once an hour, however large the catalogue is.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use serde_json::Value;

use super::{PushReport, Reconciler};
use crate::{
    stock::{Barcode, shelf},
    telemetry::chain,
    worker::job::{Job, JobError},
};

/// Barcodes of one round of a pass: ten read-backs, two seconds at Trendyol's pace.
const PAGE: usize = 500;
/// Maximum number of barcodes in one turn; those that were observed longest ago come first in the next.
const TURN: i64 = 500;
/// Turns after a pass, until nothing is left that can be sent now.
const TURNS: usize = 8;
/// Barcodes that a pass observes in a second: three read-backs of Trendyol's five, the rest is for the turns.
const LOOKS_PER_SECOND: u64 = 150;
/// Every barcode is observed at least this often.
const SEEN_WITHIN: Duration = Duration::from_hours(1);
pub(super) const PUSH_STOCK: &str = "push-stock";

/// The job `push-stock`.
pub(crate) struct PushStock(pub Arc<Reconciler>);

impl Reconciler {
    /// Compares the catalogue and sends what differs, then takes turns until nothing is left that can be
    /// sent now. `whole`: all of it, however long that takes; otherwise as much as fits into the interval,
    /// what was observed longest ago first. When it fails, what it sent stands.
    pub async fn pass(&self, whole: bool) -> Result<PushReport, JobError> {
        let mut report = PushReport::default();
        let result = self.pages(whole, &mut report).await;
        self.end(result, report, true).await
    }

    /// Compares what is watched, and sends what differs. `None` where nothing is watched.
    pub async fn turn(&self) -> Result<Option<PushReport>, JobError> {
        let mut report = PushReport::default();
        // There may be hours of orders to read, and what is to be lowered meanwhile waits for the next turn;
        // `pull-orders` reads them all.
        let within = Some(self.rules.react).filter(|react| !react.is_zero());
        let result = self.watched(&mut report, within).await;
        if let Ok(0) = result {
            return Ok(None);
        }
        self.end(result.map(drop), report, false).await.map(Some)
    }

    async fn pages(&self, whole: bool, report: &mut PushReport) -> Result<(), JobError> {
        // Results and orders first: both make the plans that follow better.
        self.seller().follow(report).await?;
        self.read_orders(report).await?;

        // Page by page, so that memory does not grow with the catalogue.
        for page in self.barcodes(whole).await?.chunks(PAGE) {
            self.round(page, true, report).await?;
        }

        for _ in 0..TURNS {
            let before = report.items;
            let watched = self.watched(report, None).await?;
            // What still waits does so for a time, not for another turn.
            if watched == 0 || report.items == before {
                break;
            }
        }

        Ok(())
    }

    /// Takes a turn, in which orders are read no longer than `read_within`. Returns how many barcodes are watched.
    async fn watched(
        &self,
        report: &mut PushReport,
        read_within: Option<Duration>,
    ) -> Result<usize, JobError> {
        let seller = self.seller();
        let now = seller.clock.now();
        let watched = seller.store.watched_items(now, TURN).await?;
        if watched.is_empty() {
            return Ok(0);
        }
        report.is_full = watched.len() == usize::try_from(TURN).unwrap_or(usize::MAX);

        let catalogue = self.catalogue(now).await?;
        // An alias changes what may be on sale of its main barcode.
        let barcodes = watched.iter().flat_map(|barcode| {
            let main = Barcode::parse(&catalogue.names.main(barcode.as_str())).ok();
            [Some(barcode.clone()), main]
        });
        let barcodes: BTreeSet<Barcode> = barcodes.flatten().collect();
        let barcodes: Vec<Barcode> = barcodes.into_iter().collect();

        // Lowered before the orders are read, which may take a while.
        let waiting = self.round(&barcodes, false, report).await?;
        if !waiting.is_empty() && self.orders_are_read(report, read_within).await? {
            self.round(&waiting, false, report).await?;
        }

        Ok(watched.len())
    }

    /// Reads the orders. False where that takes longer than it may: what was read of them stands.
    async fn orders_are_read(
        &self,
        report: &mut PushReport,
        within: Option<Duration>,
    ) -> Result<bool, JobError> {
        let reading = self.read_orders(report);
        let Some(within) = within else {
            return reading.await.map(|()| true);
        };

        let read = tokio::time::timeout(within, reading).await;
        read.map_or(Ok(false), |read| read.map(|()| true))
    }

    /// The barcodes of a pass, those first that were observed longest ago.
    async fn barcodes(&self, whole: bool) -> Result<Vec<Barcode>, JobError> {
        let store = &self.seller().store;
        let now = self.seller().clock.now();
        let catalogue = self.catalogue(now).await?;
        let (stock, _) = shelf::read(store.stock_and_shelves().await?.0);

        let mut seen_at = HashMap::new();
        let mut barcodes: BTreeSet<Barcode> = stock.into_keys().collect();
        let rules = catalogue.listing.rules.iter();
        let made = rules.filter(|rule| rule.made_to_order);
        barcodes.extend(made.filter_map(|rule| Barcode::parse(&rule.barcode).ok()));
        for item in store.known_items().await? {
            // The warehouse may not have it any more; it is on sale all the same.
            if item.on_sale > 0 || item.is_open {
                barcodes.insert(item.barcode.clone());
            }
            // In the future it was not: the clock was set back.
            seen_at.insert(item.barcode, item.observed_at.filter(|at| *at <= now));
        }

        let mut barcodes: Vec<Barcode> = barcodes.into_iter().collect();
        barcodes.sort_by_cached_key(|barcode| seen_at.get(barcode).copied().flatten());
        if !whole {
            barcodes.truncate(budget(barcodes.len(), self.rules.interval));
        }

        Ok(barcodes)
    }

    async fn end(
        &self,
        result: Result<(), JobError>,
        mut report: PushReport,
        always: bool,
    ) -> Result<PushReport, JobError> {
        report.warn();

        let result = match result {
            Ok(()) if report.troubles.is_empty() => Ok(()),
            Ok(()) => Err(JobError::Partly(report.troubles.join("; "))),
            Err(error) => Err(error),
        };
        let error = result.as_ref().err().map(|error| chain(error));

        // Its own failure is worth more than that of the row about it.
        let logged = self.log(&report, error, always).await;
        result?;
        logged?;
        Ok(report)
    }

    /// Writes into `stock_push_log` how it ended; `always`: also where nothing was sent.
    async fn log(
        &self,
        report: &PushReport,
        error: Option<String>,
        always: bool,
    ) -> Result<(), JobError> {
        // A turn that fails is repeated within seconds, and the next pass says so, too.
        if report.row.is_none() && !always {
            return Ok(());
        }

        let seller = self.seller();
        let log = report.logged(seller.clock.now(), error);
        seller.store.log_push(report.row, &log).await?;
        Ok(())
    }
}

/// How many barcodes a pass observes.
fn budget(all: usize, interval: Duration) -> usize {
    let fits = interval.as_secs().saturating_mul(LOOKS_PER_SECOND);
    let passes = (SEEN_WITHIN.as_secs() / interval.as_secs().max(1)).max(1);
    // Of a very large catalogue more than fits: then a pass takes longer than the interval.
    let share = all.div_ceil(usize::try_from(passes).unwrap_or(1));

    usize::try_from(fits)
        .unwrap_or(usize::MAX)
        .max(share)
        .max(1)
}

#[async_trait]
impl Job for PushStock {
    fn name(&self) -> &'static str {
        PUSH_STOCK
    }

    async fn run(&self) -> Result<Value, JobError> {
        Ok(serde_json::to_value(self.0.pass(false).await?)?)
    }
}
