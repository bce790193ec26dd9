//! Packages and their lines: none is lost, and none is another's.

use serde_json::Value;

use super::list;
use crate::stock::{Package, Unreadable};

pub(super) fn are_all_there(packages: &[Package], unreadable: &[Unreadable], json: &Value) {
    for package in packages {
        is_sound(package);
    }
    // Texts that only the lenient reader takes have no second reading.
    if json.is_null() {
        return;
    }

    let elements = list(&json["content"]);
    assert_eq!(packages.len() + unreadable.len(), elements.len());
    if !unreadable.is_empty() {
        return;
    }
    for (package, element) in packages.iter().zip(elements) {
        lines_are_all_there(package, element);
    }
}

fn is_sound(package: &Package) {
    assert!(!package.order_number.trim().is_empty());
    assert_ne!(package.shipment_package_id, 0);
    for line in &package.lines {
        assert!(line.quantity >= 0 && !line.barcode.trim().is_empty());
    }
}

fn lines_are_all_there(package: &Package, element: &Value) {
    let named = |start: &str| {
        let parts = package.unreadable.iter();
        parts.filter(|part| part.record.starts_with(start)).count()
    };
    let ids = named("originPackageIds#");
    let parts = package.unreadable.iter();
    let reserved = parts.filter(|part| part.still_reserves()).count();
    let lines = package.lines.len() + package.unreadable.len() - ids - reserved;

    // A package without the list is named once.
    let written = list(&element["lines"]).len();
    let want = if element["lines"].is_null() {
        1
    } else {
        written
    };
    assert_eq!(lines, want, "{element}");

    let origins = list(&element["originPackageIds"]).len();
    assert_eq!(package.origin_package_ids.len() + ids, origins, "{element}");
}
