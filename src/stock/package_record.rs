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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stock::{Personal, package::tests::package};

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_900_000_000, 0).unwrap()
    }

    /// A record of package 501 with this status and time.
    fn record(status: &str, modified_ms: i64) -> PackageRecord {
        let package = Package {
            status: PackageStatus::parse(status),
            last_modified_ms: modified_ms,
            ..package()
        };
        PackageRecord::of(&package, now())
    }

    fn known(record: &PackageRecord) -> KnownPackage {
        KnownPackage {
            status: record.status.clone(),
            modified_ms: record.modified_ms,
            fingerprint: Some(record.fingerprint.to_vec()),
            mirrored: true,
            lines: record.lines.clone(),
        }
    }

    #[test]
    fn a_record_is_news_where_it_is_newer_or_further_in_its_packages_life() {
        for (before, after, want) in [
            // Times decide, whatever the statuses are.
            (("Shipped", 10), ("Created", 11), true),
            (("Created", 10), ("Shipped", 9), false),
            (("Created", 10), ("Created", 10), false),
            (("Created", 10), ("Picking", 10), true),
            (("Picking", 10), ("Created", 10), false),
            (("Cancelled", 10), ("UnPacked", 10), false),
            // Without a time, the package's life does.
            (("Created", 10), ("Shipped", 0), true),
            (("Shipped", 10), ("Created", 0), false),
            (("Shipped", 0), ("Created", 10), false),
            (("Created", 0), ("Shipped", 10), true),
        ] {
            let (before, after) = (record(before.0, before.1), record(after.0, after.1));
            let got = after.is_news(&known(&before));
            assert_eq!(
                got, want,
                "{:?} {} after {:?} {}",
                after.status, after.modified_ms, before.status, before.modified_ms
            );
        }
    }

    #[test]
    fn of_two_records_of_the_same_time_the_one_that_says_something_else_is_news() {
        let differs = |modified_ms, before_ms| {
            let mut other = package();
            other.customer.address = Some(Personal::from("İzmir".to_owned()));
            (other.last_modified_ms, other.status) = (modified_ms, PackageStatus::Created);
            PackageRecord::of(&other, now()).is_news(&known(&record("Created", before_ms)))
        };
        assert!(differs(10, 10));
        assert!(differs(10, 0));
        assert!(differs(0, 0));
        assert!(!differs(0, 10), "it may be an old one");

        let same = record("Created", 10);
        let unseen = KnownPackage {
            mirrored: false,
            ..known(&same)
        };
        assert!(same.is_news(&unseen), "the warehouse does not show it yet");
    }

    fn placeholder(lines: &[(&str, Option<i64>)]) -> PackageRecord {
        let mut package = package();
        let of = |(barcode, id): &(&str, Option<i64>)| Line {
            barcode: (*barcode).to_owned(),
            id: *id,
            ..package.lines[0].clone()
        };
        package.lines = lines.iter().map(of).collect();
        package.shipment_package_id = -4711;
        PackageRecord::of(&package, now())
    }

    #[test]
    fn a_placeholder_collects_the_lines_of_all_packages_that_it_stands_for() {
        let first = placeholder(&[("a", Some(1)), ("b", None)]);
        let known = known(&first);
        let second = placeholder(&[("a", Some(1))]);
        assert!(!second.is_news(&known), "nothing that was not known");
        assert!(placeholder(&[("c", Some(3))]).is_news(&known));

        let barcodes = |record: &PackageRecord| {
            let lines = record.lines_with(Some(&known)).into_iter();
            lines.map(|line| line.barcode).collect::<Vec<_>>()
        };
        assert_eq!(barcodes(&second), ["a", "b"]);
        // A line is known by its id, and by its barcode where it has none.
        assert_eq!(barcodes(&placeholder(&[("x", Some(1))])), ["x", "b"]);
        assert_eq!(barcodes(&placeholder(&[("a", Some(2))])), ["a", "a", "b"]);
        assert_eq!(barcodes(&placeholder(&[("b", Some(2))])), ["b", "a"]);
        assert_eq!(second.lines_with(None), second.lines);
        // A package with an id is what its last record says.
        let package = record("Created", 10);
        assert_eq!(package.lines_with(Some(&known)), package.lines);
    }

    #[test]
    fn a_line_keeps_a_status_that_its_package_has_not() {
        let line = |status: Option<PackageStatus>, quantity| {
            let mut package = package();
            (package.lines[0].status, package.lines[0].quantity) = (status, quantity);
            PackageRecord::of(&package, now()).lines.remove(0)
        };
        let cancelled = line(Some(PackageStatus::Cancelled), 2);
        assert_eq!(cancelled.status.as_deref(), Some("Cancelled"));
        assert_eq!(line(Some(PackageStatus::Created), 2).status, None);
        assert_eq!(line(None, -1).quantity, 0);
    }

    #[test]
    fn no_time_of_a_record_is_in_the_future() {
        let early = record("Created", 1_800_000_000_000);
        assert_eq!(early.changed_at.timestamp(), 1_800_000_000);
        assert_eq!(record("Created", 2_000_000_000_000).changed_at, now());
        assert_eq!(record("Created", 0).changed_at, now());
    }
}
