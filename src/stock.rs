//! What may be on sale: units on the shelves, minus those that are sold and not yet taken.
//!
//! Everything here is pure: facts come in as arguments, a [`plan`] comes out. So every rule by which a unit
//! could be sold twice is in one place and is tested as a table. What must stay true:
//!
//! * a package holds its units until they were taken from the shelves, also when it was shipped without
//!   that, and a status that nobody knows holds them too ([`reserve`]),
//! * units are conserved by order, whatever its packages say of each other ([`owed`]),
//! * where the warehouse keeps a ledger, that says what was taken ([`ledger`]),
//! * a record that cannot be read is named, never skipped in silence ([`details`]),
//! * while the view of the orders is old, stock is only lowered ([`plan`]),
//! * what the warehouse's application keeps off sale is not put on sale ([`listing`]),
//! * the same quantity of the same barcode is not sent twice within 15 minutes ([`plan`]).

mod barcode;
mod claim;
pub mod deadlines;
pub(crate) mod details;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub(crate) mod guard;
pub(crate) mod held;
pub(crate) mod ledger;
pub(crate) mod listing;
pub mod mirror;
pub(crate) mod names;
pub(crate) mod order_table;
pub(crate) mod owed;
pub mod pace;
mod package;
pub(crate) mod package_record;
mod package_status;
mod personal;
pub(crate) mod pick;
pub(crate) mod plan;
pub mod push_result;
pub(crate) mod reserve;
pub mod rule;
pub mod second_pusher;
pub(crate) mod shelf;

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

pub use barcode::Barcode;
pub(crate) use barcode::MAX_QUANTITY;
pub use claim::Claim;
pub(crate) use claim::uuid as claim_uuid;
pub(crate) use claim::{ClaimItem, ClaimStatus};
pub use package::Package;
pub(crate) use package::{
    Amounts, Cargo, Customer, Line, StatusChange, Unreadable, still_reserved,
};
pub(crate) use package_status::{CreatedBy, PackageStatus, StockEffect};
pub(crate) use personal::Personal;

/// A record that could not be read, or not as it stands: what is wrong and what was made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DataWarning {
    /// Which record, such as `orders_created 17 (order 4711)`.
    pub(crate) record: String,
    /// What is wrong, in a sentence.
    pub(crate) problem: String,
    /// Whether units that it may stand for are not reserved.
    pub(crate) lost: bool,
}

impl fmt::Display for DataWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effect = if self.lost { "not counted" } else { "counted" };
        write!(f, "{}: {} ({effect})", self.record, self.problem)
    }
}
