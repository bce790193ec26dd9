//! What is written down of a package, and whether a record of one is newer than what is known.
//!
//! What must stay true: a record never replaces a newer one, whatever order they come in.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Line, Package, PackageStatus, held::HeldLine, mirror::Content};

#[derive(Clone, Debug)]
pub(crate) struct PackageRecord {
    /// `shipmentPackageId`; negative where there is none yet.
    pub(crate) package_id: i64,
    pub(crate) order_number: String,
    pub(crate) status: PackageStatus,
    pub(crate) created_by: Option<String>,
    /// `lastModifiedDate` in milliseconds; 0 where there is none.
    pub(crate) modified_ms: i64,
    /// The same as a time; where there is none, when it was read.
    pub(crate) changed_at: DateTime<Utc>,
    /// When the customer bought it: from then on the marketplace's stock was lower by it.
    pub(crate) sold_at: DateTime<Utc>,
    /// Ids of the packages that it replaces.
    pub(crate) origins: Vec<i64>,
    pub(crate) lines: Vec<HeldLine>,
    /// Parts of it that could not be read.
    pub(crate) unreadable: Vec<String>,
    /// What the warehouse's tables show of it.
    pub(crate) content: Value,
    /// The same for equal records only.
    pub(crate) fingerprint: [u8; 32],
}

/// A package as it is known.
pub(crate) struct KnownPackage {
    pub(crate) status: PackageStatus,
    pub(crate) modified_ms: i64,
    pub(crate) fingerprint: Option<Vec<u8>>,
    /// Whether the warehouse's tables show it.
    pub(crate) mirrored: bool,
    pub(crate) lines: Vec<HeldLine>,
}

impl PackageRecord {
    pub(crate) fn of(package: &Package, now: DateTime<Utc>) -> Self {
        let lines = package.lines.iter();
        let mut record = Self {
            package_id: package.shipment_package_id,
            order_number: package.order_number.clone(),
            status: package.status.clone(),
            created_by: package.created_by.as_ref().map(|by| by.as_str().to_owned()),
            modified_ms: package.last_modified_ms,
            // A time in the future would delay everything that is counted from it.
            changed_at: package.last_modified().unwrap_or(now).min(now),
            sold_at: package.sold_at.unwrap_or(now).min(now),
            origins: package.origin_package_ids.clone(),
            lines: lines.map(|l| held_line(l, &package.status)).collect(),
            unreadable: package.unreadable.iter().map(ToString::to_string).collect(),
            // Text and numbers always make JSON.
            content: serde_json::to_value(Content::of(package)).unwrap_or(Value::Null),
            fingerprint: [0; 32],
        };

        record.fingerprint = record.hash();
        record
    }

    fn hash(&self) -> [u8; 32] {
        // Over everything: values that come later, such as an address, do not change the time of a record.
        let all = json!([
            self.order_number,
            self.status.as_str(),
            self.created_by,
            self.modified_ms,
            self.origins,
            self.lines,
            self.unreadable,
            self.content,
        ]);
        Sha256::digest(all.to_string()).into()
    }

    /// Whether a record is newer than what is known, or says more at the same time.
    pub(crate) fn is_news(&self, known: &KnownPackage) -> bool {
        let differs = if self.package_id > 0 {
            known.fingerprint.as_deref() != Some(&self.fingerprint[..])
        } else {
            // A placeholder stands for several packages, whose records differ in turn without any news.
            self.lines.iter().any(|line| !known.lines.contains(line))
        };

        if self.modified_ms > 0 && known.modified_ms > 0 && self.modified_ms != known.modified_ms {
            return self.modified_ms > known.modified_ms;
        }

        if self.status == known.status {
            let is_dated = self.modified_ms > 0 || known.modified_ms == 0;
            return differs && is_dated || !known.mirrored;
        }

        // Where a time is missing or both are the same, the package's life decides: it goes in one direction.
        self.status.progress() > known.status.progress()
    }

    /// The lines to write down, with those of `known` that must not be lost.
    pub(crate) fn lines_with(&self, known: Option<&KnownPackage>) -> Vec<HeldLine> {
        let mut lines = self.lines.clone();
        // Two packages of an order without an id share one row: what only the other one had stays.
        let known = known.filter(|_| self.package_id < 0);

        for line in known.iter().flat_map(|known| &known.lines) {
            let is_same = |other: &HeldLine| match (line.line_id, other.line_id) {
                (Some(one), Some(two)) => one == two,
                _ => line.barcode == other.barcode,
            };
            if !self.lines.iter().any(is_same) {
                lines.push(line.clone());
            }
        }

        lines
    }
}

fn held_line(line: &Line, package: &PackageStatus) -> HeldLine {
    let own = line.status.as_ref().filter(|status| *status != package);

    HeldLine {
        barcode: line.barcode.clone(),
        quantity: u32::try_from(line.quantity).unwrap_or(0),
        line_id: line.id,
        status: own.map(|status| status.as_str().to_owned()),
    }
}
