//! A package as far as it matters for the stock, without what only its display needs.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{CreatedBy, PackageStatus, StockEffect};

/// A line of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldLine {
    /// The barcode as it came.
    pub(crate) barcode: String,
    pub(crate) quantity: u32,
    pub(crate) line_id: Option<i64>,
    /// `orderLineItemStatusName`, where it is not the package's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<String>,
}

impl HeldLine {
    /// What the line means for the stock in a package of this status: a line may be cancelled, or moved
    /// to another package, while the rest of its package lives on.
    #[must_use]
    pub(crate) fn effect(&self, package: &PackageStatus) -> StockEffect {
        let own = self.status.as_deref().map(PackageStatus::parse);
        let own = own.map(|status| status.stock_effect());

        // A line's own word counts only where it ends something: an open line does not bring its package back.
        match (package.stock_effect(), own) {
            (
                StockEffect::Reserved
                | StockEffect::Unknown
                | StockEffect::Left
                | StockEffect::Superseded,
                Some(StockEffect::Released),
            ) => StockEffect::Released,
            (StockEffect::Reserved | StockEffect::Unknown, Some(StockEffect::Superseded)) => {
                StockEffect::Superseded
            }
            (package, _) => package,
        }
    }
}

#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts of a package"
)]
pub(crate) struct HeldPackage {
    /// `shipmentPackageId`; negative where the marketplace has given none.
    pub(crate) package_id: i64,
    pub(crate) order_number: String,
    pub(crate) status: PackageStatus,
    pub(crate) created_by: Option<CreatedBy>,
    /// Since when it has this status, as far as that is known.
    pub(crate) since: DateTime<Utc>,
    pub(crate) lines: Vec<HeldLine>,
    /// Ids of the packages that it replaces.
    pub(crate) origins: Vec<i64>,
    /// Whether its units were taken from the shelves, or a person has released it.
    pub(crate) taken: bool,
    /// Whether it was seen open, and left without being taken.
    pub(crate) unpicked: bool,
    /// Whether a person said that it was not taken from these shelves.
    pub(crate) released: bool,
    /// Whether the marketplace passed it on between sellers.
    pub(crate) transferred: bool,
    /// Answers in a row that did not contain it.
    pub(crate) asked_in_vain: i32,
}

impl HeldPackage {
    /// Whether it stands for an order whose package has no id yet.
    pub(crate) const fn is_placeholder(&self) -> bool {
        self.package_id <= 0
    }

    /// Whether what is in it is held at all, so that nothing is freed by taking it off another one.
    pub(super) fn still_holds(&self) -> bool {
        let effect = self.status.stock_effect();
        !self.taken
            && matches!(
                effect,
                StockEffect::Reserved | StockEffect::Unknown | StockEffect::Superseded
            )
    }

    pub(super) fn is_dissolved(&self) -> bool {
        self.status.stock_effect() == StockEffect::Superseded
    }

    /// Whether it carries on what was left when a part of another one was cancelled.
    pub(super) fn is_rest(&self) -> bool {
        self.created_by == Some(CreatedBy::Cancel)
    }

    /// Whether its units were taken from these shelves.
    pub(super) const fn was_taken(&self) -> bool {
        self.taken && !self.released
    }

    pub(super) fn names(&self, other: &Self) -> bool {
        self.origins.contains(&other.package_id)
    }

    pub(super) fn shares_line(&self, other: &Self) -> bool {
        let ids = || other.lines.iter().filter_map(|line| line.line_id);
        let mut own = self.lines.iter().filter_map(|line| line.line_id);
        own.any(|id| ids().any(|other| other == id))
    }
}

impl fmt::Display for HeldPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_placeholder() {
            return write!(f, "order {} (no package id yet)", self.order_number);
        }
        write!(
            f,
            "package {} (order {})",
            self.package_id, self.order_number
        )
    }
}
