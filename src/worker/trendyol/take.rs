//! One package as it came: into our tables, and into the warehouse's.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Seller;
use crate::{
    marketplace::{Package, PackageStatus, StockEffect},
    stock::{
        mirror::{self, Content, Shown},
        owed::shown,
        place::{self, Place},
        reserve::{Held, Line},
    },
    store::{NewPackage, OrderPicture, Put, RecordedPackage, StoreError},
};

impl Seller {
    /// Takes a package over. Nothing happens when it is known as it is.
    pub(super) async fn take(&self, package: &NewPackage) -> Result<RecordedPackage, StoreError> {
        let now = self.clock.now();
        let order = package.order_number.as_str();
        self.store
            .record_package(package, now, |picture| put(order, picture, now))
            .await
    }
}

/// A package as it is written down.
pub(super) fn new_package(package: &Package, now: DateTime<Utc>) -> NewPackage {
    let mut new = NewPackage {
        package_id: package.shipment_package_id,
        order_number: package.order_number.clone(),
        status: package.status.clone(),
        created_by: package.created_by.as_ref().map(|by| by.as_str().to_owned()),
        modified_ms: package.last_modified_ms,
        changed_at: package.last_modified().unwrap_or(now).min(now),
        sold_at: package.sold_at.unwrap_or(now).min(now),
        origins: package.origin_package_ids.clone(),
        lines: package
            .lines
            .iter()
            .map(|l| line(l, &package.status))
            .collect(),
        unreadable: package.unreadable.iter().map(ToString::to_string).collect(),
        // Text and numbers always make JSON.
        content: serde_json::to_value(Content::of(package)).unwrap_or(Value::Null),
        fingerprint: [0; 32],
    };
    new.fingerprint = fingerprint(&new);
    new
}

/// The same for equal records. Values that come later, such as an address, do not change the time of a
/// record.
fn fingerprint(package: &NewPackage) -> [u8; 32] {
    let (status, created_by) = (package.status.as_str(), &package.created_by);
    let all = json!([
        package.order_number,
        status,
        created_by,
        package.modified_ms,
        package.origins,
        package.lines,
        package.unreadable,
        package.content,
    ]);
    Sha256::digest(all.to_string()).into()
}

/// A row for each of the warehouse's tables, as they are written, to try them.
#[must_use]
pub fn sample_rows(now: DateTime<Utc>) -> Vec<Put> {
    let places = [
        (Place::Created, PackageStatus::Created),
        (Place::Picking, PackageStatus::Picking),
        (Place::Shipped, PackageStatus::Shipped),
        (Place::Delivered, PackageStatus::Delivered),
        (Place::Cancelled, PackageStatus::Cancelled),
    ];
    let row = |(place, status)| {
        let shown = Shown {
            status,
            changed_at: now,
            content: Content::default(),
        };
        Put {
            place,
            facts: mirror::facts("orderwatch-trial", &[shown], place, true, now),
        }
    };
    places.map(row).into()
}

fn line(line: &crate::marketplace::Line, package: &PackageStatus) -> Line {
    let own = line.status.as_ref().filter(|status| *status != package);
    Line {
        barcode: line.barcode.clone(),
        quantity: u32::try_from(line.quantity).unwrap_or(0),
        line_id: line.line_id,
        status: own.map(|status| status.as_str().to_owned()),
    }
}

/// Where the order's row belongs, and what it says there. What stands for a package without an id is
/// not shown: nobody can pick it.
fn put(order: &str, picture: &OrderPicture, now: DateTime<Utc>) -> Option<Put> {
    let held: Vec<Held> = picture.packages.iter().map(|p| p.held.clone()).collect();
    let mut units = shown(&held);
    let packages = picture.packages.iter();
    let packages = packages.filter(|package| !package.held.is_placeholder());
    let shown: Vec<Shown> = packages
        .map(|package| {
            let mut shown = Shown {
                status: status(&package.held),
                changed_at: package.changed_at,
                content: serde_json::from_value(package.content.clone()).unwrap_or_default(),
            };
            let units = units.remove(&package.held.package_id);
            shown.reduce(&units.unwrap_or_default());
            shown
        })
        .collect();
    if shown.is_empty() {
        return None;
    }

    let wanted = place::wanted(shown.iter().map(|shown| &shown.status));
    let place = place::target(picture.stands, picture.ours, wanted)?;
    let mut facts = mirror::facts(order, &shown, place, picture.stands.is_none(), now);
    if wanted != Some(place)
        && let Some(facts) = facts.as_object_mut()
    {
        // The warehouse is further than Trendyol has heard of; its own word stands.
        facts.remove("status");
    }
    Some(Put { place, facts })
}

/// The status of a package; one all of whose lines were cancelled is cancelled.
fn status(package: &Held) -> PackageStatus {
    let mut lines = package.lines.iter();
    let is_cancelled = |line: &Line| line.effect(&package.status) == StockEffect::Released;
    if !package.lines.is_empty() && lines.all(is_cancelled) {
        return PackageStatus::Cancelled;
    }
    package.status.clone()
}
