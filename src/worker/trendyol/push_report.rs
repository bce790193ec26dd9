//! What a pass over the stock or a turn has done so far: the report of its run, and its row of
//! `stock_push_log`.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Forecast;
use crate::{
    marketplace::StockItem,
    stock::{
        Barcode, DataWarning,
        rule::{Verdict, Wait},
    },
    store::PushLog,
};

/// Records named in a report.
const NAMED: usize = 20;
/// Characters of `stock_push_log.error_message`.
const MESSAGE: usize = 2000;

#[derive(Clone, Debug, Default, Serialize)]
pub struct PushReport {
    /// Barcodes that were planned.
    pub barcodes: usize,
    /// Units of them that are held for orders.
    pub reserved: u64,
    /// Items that Trendyol took.
    pub items: usize,
    /// Their units.
    pub units: i64,
    /// Requests that Trendyol took.
    pub batches: usize,
    /// All requests about stock: pushes, read-backs and results.
    pub(crate) requests: usize,
    /// Barcodes of which it was read what is on sale.
    pub checks: usize,
    /// Barcodes that wait, by the reason.
    pub waiting: HashMap<&'static str, usize>,
    /// Whether the view of the orders was too old to raise stock.
    pub(crate) stale: bool,
    /// Records that could not be read; the first ones.
    pub data_warnings: Vec<DataWarning>,
    /// What went wrong.
    pub(crate) troubles: Vec<String>,
    /// The barcodes that were planned: units that are held, and why they wait.
    #[serde(skip)]
    planned: HashMap<Barcode, (u64, Option<&'static str>)>,
    /// Whether more is watched than one turn compares.
    #[serde(skip)]
    pub(super) is_full: bool,
    /// Requests that Trendyol refused as such.
    #[serde(skip)]
    pub(super) refusals: usize,
    /// How long sending took.
    #[serde(skip)]
    pub(super) sending: Duration,
    /// The row of `stock_push_log`.
    #[serde(skip)]
    pub(super) row: Option<i32>,
}

impl PushReport {
    pub(super) fn note_plan(&mut self, round: &Forecast) {
        for (barcode, entry) in round.entries() {
            let waits = match entry.verdict {
                Verdict::Wait(wait) => Some(reason(wait)),
                Verdict::InSync | Verdict::Send { .. } => None,
            };
            // All names of a product show the same units.
            let is_main = entry.reserved == 0 || round.reserved.is_main(barcode);
            self.count(barcode, if is_main { entry.reserved } else { 0 }, waits);
        }
        // Reasons that ended in a later round.
        self.waiting.retain(|_, barcodes| *barcodes > 0);

        self.stale = round.is_stale();
        for warning in round.data_warnings() {
            // Each round reads the same records again.
            if !self.data_warnings.contains(warning) {
                self.data_warnings.push(warning.clone());
            }
        }
    }

    /// What is planned again in the same pass counts once, as it was planned last.
    fn count(&mut self, barcode: &Barcode, reserved: u64, waits: Option<&'static str>) {
        let before = self.planned.insert(barcode.clone(), (reserved, waits));
        let (held, waited) = before.unwrap_or_default();
        self.barcodes = self.planned.len();
        self.reserved = self.reserved.saturating_sub(held).saturating_add(reserved);

        if let Some(barcodes) = waited.and_then(|reason| self.waiting.get_mut(reason)) {
            *barcodes = barcodes.saturating_sub(1);
        }
        if let Some(reason) = waits {
            *self.waiting.entry(reason).or_default() += 1;
        }
    }

    /// Logs the data warnings, once in a pass, however many rounds it took.
    pub(super) fn warn(&mut self) {
        let more = self.data_warnings.len().saturating_sub(NAMED);
        self.data_warnings.truncate(NAMED);

        for warning in &self.data_warnings {
            tracing::warn!(%warning, "a record that stock depends on is not as it should be");
        }
        if more > 0 {
            tracing::warn!(more, "`orderwatch stock plan` names them all");
        }
    }

    /// Trendyol took a request.
    pub(super) fn took(&mut self, items: &[StockItem]) {
        self.batches += 1;
        self.items += items.len();
        self.units += items
            .iter()
            .map(|item| i64::from(item.quantity))
            .sum::<i64>();
    }

    pub(super) fn trouble(&mut self, text: String) {
        if !self.troubles.contains(&text) {
            self.troubles.push(text);
        }
    }

    /// The row of `stock_push_log` by what was done so far.
    pub(super) fn logged(&self, now: DateTime<Utc>, error: Option<String>) -> PushLog {
        PushLog {
            push_time: now,
            total_items: i32::try_from(self.items).unwrap_or(i32::MAX),
            total_quantity: i32::try_from(self.units).unwrap_or(i32::MAX),
            reserved_quantity: i32::try_from(self.reserved).unwrap_or(i32::MAX),
            batch_count: i32::try_from(self.batches).unwrap_or(i32::MAX),
            success: error.is_none(),
            error_message: error.map(|text| text.chars().take(MESSAGE).collect()),
            duration_seconds: Some(self.sending.as_secs_f64()),
        }
    }
}

fn reason(wait: Wait) -> &'static str {
    match wait {
        Wait::UnderWay { .. } => "under_way",
        Wait::Settling { .. } => "settling",
        Wait::OrdersToRead => "orders_to_read",
        Wait::StaleOrders => "stale_orders",
        Wait::Unseen => "unseen",
        Wait::NotListed => "not_listed",
        Wait::Contradictory => "contradictory",
        Wait::Quarantined { .. } => "quarantined",
        Wait::Repeated { .. } => "repeated",
    }
}
