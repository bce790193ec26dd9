//! A shipment package: what is in it and where it stands.

mod written;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{
    plan::Product,
    status::{CreatedBy, Status},
};

/// How far `orderDate` is ahead of the true time: it is the clock of Istanbul written as if UTC.
pub(super) const AHEAD: TimeDelta = TimeDelta::hours(3);

/// Beyond what 64 bits hold, as some real tracking numbers are.
const LONG_TRACKING: &str = "7260242095";
const SHORT_TRACKING: &str = "726000";

/// A shipment package.
#[derive(Clone, Debug)]
pub struct Package {
    /// `shipmentPackageId`.
    pub id: i64,
    /// `orderNumber`; other packages may have the same.
    pub order_number: String,
    /// Where it stands.
    pub status: Status,
    /// Why there is it.
    pub created_by: CreatedBy,
    /// `originPackageIds`: the package that it took the place of.
    pub origins: Vec<i64>,
    /// What is in it.
    pub lines: Vec<Line>,
    /// When the order was taken, in true time.
    pub ordered: DateTime<Utc>,
    /// When this package came to be.
    pub created: DateTime<Utc>,
    /// `lastModifiedDate`: grows with every change.
    pub last_modified: DateTime<Utc>,
    /// Every state with the moment it began.
    pub history: Vec<(DateTime<Utc>, Status)>,
    /// Who cancelled it and why, if anyone did.
    pub cancelled: Option<(&'static str, &'static str)>,
    /// The invoice that the seller reported.
    pub invoice: Option<String>,
    /// The first package of the line of descent, if this one took the place of another.
    pub first: Option<i64>,
    /// Whether another seller sends it now.
    pub transferred: bool,
    /// Before then no answer and no webhook shows it.
    pub(super) told_from: DateTime<Utc>,
    /// When its address is known, if that takes its time.
    pub(super) address_from: Option<DateTime<Utc>>,
    /// Whether its address is known.
    pub(super) addressed: bool,
}

/// A line of a package.
#[derive(Clone, Debug)]
pub struct Line {
    /// `lineId`.
    pub id: i64,
    /// What was bought.
    pub product: Arc<Product>,
    /// How many pieces.
    pub quantity: u32,
    /// What one piece cost, in TRY.
    pub price: Decimal,
    /// Whether it alone was cancelled, in a package that lives on.
    pub cancelled: bool,
}

impl Package {
    /// How many pieces are in it, without cancelled lines.
    #[must_use]
    pub fn pieces(&self) -> u32 {
        self.live_lines().map(|line| line.quantity).sum()
    }

    /// The lines that were not cancelled alone.
    pub fn live_lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| !line.cancelled)
    }

    /// Whether its customer gets it, or has got it, from this seller's shelves.
    #[must_use]
    pub const fn is_owed(&self) -> bool {
        let ended = matches!(
            self.status,
            Status::Cancelled | Status::UnSupplied | Status::UnPacked
        );
        !ended && !self.transferred
    }

    /// How many pieces of a barcode are in it, without cancelled lines.
    #[must_use]
    pub fn pieces_of(&self, barcode: &str) -> u32 {
        self.live_lines()
            .filter(|line| line.product.barcode == barcode)
            .map(|line| line.quantity)
            .sum()
    }

    /// It is made at that moment, before which nothing shows it.
    pub(super) fn begin(&mut self, at: DateTime<Utc>) {
        (self.created, self.told_from, self.last_modified) = (at, at, at);
        self.history = vec![(at, self.status.clone())];
    }

    /// `cargoTrackingNumber`: digits; beyond 64 bits for every third package.
    #[must_use]
    pub fn tracking(&self) -> String {
        let id = self.id;
        match id % 3 {
            0 => format!("{LONG_TRACKING}{id:010}"),
            _ => format!("{SHORT_TRACKING}{id:010}"),
        }
    }
}
