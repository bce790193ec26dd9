//! One package as it came: into our tables, and into the warehouse's.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::Seller;
use crate::{
    marketplace::{CreatedBy, Package, PackageStatus},
    stock::{
        mirror::{self, Content, Shown},
        place::{self, Place},
        reserve::{Held, Line, not_carried_on},
    },
    store::{NewPackage, OrderPackage, OrderPicture, Put, RecordedPackage, StoreError},
};

impl Seller {
    /// Takes a package over. Nothing happens when it is known as it is.
    pub(super) async fn take(&self, package: &Package) -> Result<RecordedPackage, StoreError> {
        let now = self.clock.now();
        let new = NewPackage {
            package_id: package.shipment_package_id,
            order_number: package.order_number.clone(),
            status: package.status.clone(),
            modified_ms: package.last_modified_ms,
            changed_at: package.last_modified().unwrap_or(now).min(now),
            sold_at: package.sold_at.unwrap_or(now).min(now),
            origins: package.origin_package_ids.clone(),
            is_rest: package.created_by == Some(CreatedBy::Cancel),
            lines: package.lines.iter().map(line).collect(),
            unreadable: package.unreadable.iter().map(ToString::to_string).collect(),
            // Text and numbers always make JSON.
            content: serde_json::to_value(Content::of(package)).unwrap_or(Value::Null),
        };
        let order = package.order_number.as_str();
        self.store
            .record_package(&new, now, |picture| put(order, picture, now))
            .await
    }
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

fn line(line: &crate::marketplace::Line) -> Line {
    Line {
        barcode: line.barcode.clone(),
        quantity: u32::try_from(line.quantity).unwrap_or(0),
        line_id: line.line_id,
    }
}

/// Where the order's row belongs, and what it says there.
fn put(order: &str, picture: &OrderPicture, now: DateTime<Utc>) -> Option<Put> {
    let wanted = place::wanted(picture.packages.iter().map(|package| &package.status));
    let place = place::target(picture.stands, picture.ours, wanted)?;
    let held: Vec<Held> = picture
        .packages
        .iter()
        .map(|package| held(order, package))
        .collect();
    let left = not_carried_on(&held, now);
    let shown: Vec<Shown> = picture
        .packages
        .iter()
        .map(|package| {
            let mut shown = Shown {
                status: package.status.clone(),
                changed_at: package.changed_at,
                content: serde_json::from_value(package.content.clone()).unwrap_or_default(),
            };
            if let Some(left) = left.get(&package.package_id) {
                shown.reduce(left);
            }
            shown
        })
        .collect();
    let mut facts = mirror::facts(order, &shown, place, picture.stands.is_none(), now);
    if wanted != Some(place)
        && let Some(facts) = facts.as_object_mut()
    {
        // The warehouse is further than Trendyol has heard of; its own word stands.
        facts.remove("status");
    }
    Some(Put { place, facts })
}

/// A package for the question which others carry it on; whether it was taken does not matter there.
fn held(order: &str, package: &OrderPackage) -> Held {
    Held {
        package_id: package.package_id,
        order_number: order.to_owned(),
        status: package.status.clone(),
        changed_at: package.changed_at,
        lines: package.lines.clone(),
        origins: package.origins.clone(),
        taken: false,
        unpicked: false,
        released: false,
    }
}
