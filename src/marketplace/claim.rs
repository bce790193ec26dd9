//! Returns ("claims").

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Cargo, Customer, Personal, Unreadable};

/// A question that finds this many returns is cut there without a word; ask smaller windows.
pub const CLAIMS_CUT_AT: u64 = 500;

/// A customer sends something back.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its name; a UUID so far.
    pub id: String,
    /// The order.
    pub order_number: Option<String>,
    /// When the customer asked for it.
    pub claim_date: Option<DateTime<Utc>>,
    /// When it last changed.
    pub last_modified: Option<DateTime<Utc>>,
    /// Who sends it. Its id and address are not part of a claim.
    pub customer: Customer,
    /// How it comes back.
    pub cargo: Cargo,
    /// The package that comes back (`orderShipmentPackageId`).
    pub return_package_id: Option<i64>,
    /// The package in which it went out (`orderOutboundPackageId`).
    pub outbound_package_id: Option<i64>,
    /// The pieces that could be read.
    pub items: Vec<ClaimItem>,
    /// Those that could not.
    pub unreadable: Vec<Unreadable>,
}

/// One piece that is sent back: there is no quantity.
#[derive(Clone, Debug)]
pub struct ClaimItem {
    /// Its name; a UUID so far.
    pub id: String,
    /// The piece of the order line.
    pub order_line_item_id: Option<i64>,
    /// The product's bar code, without blanks around it.
    pub barcode: Option<String>,
    /// `merchantSku`.
    pub merchant_sku: Option<String>,
    /// The product's name.
    pub product_name: Option<String>,
    /// Its size, without blanks around it.
    pub product_size: Option<String>,
    /// Its colour.
    pub product_color: Option<String>,
    /// What was paid for it.
    pub price: Option<Decimal>,
    /// In percent.
    pub vat_rate: Option<Decimal>,
    /// Where it stands.
    pub status: ClaimStatus,
    /// Why, by the customer.
    pub customer_reason: ClaimReason,
    /// Why, by Trendyol.
    pub trendyol_reason: ClaimReason,
    /// What the customer wrote.
    pub customer_note: Option<Personal>,
    /// A note by the seller or by Trendyol, which may quote the customer.
    pub note: Option<Personal>,
    /// Whether it is settled.
    pub resolved: Option<bool>,
    /// Whether Trendyol accepted it because nobody decided in time.
    pub auto_accepted: Option<bool>,
    /// Whether the seller accepted it.
    pub accepted_by_seller: Option<bool>,
}

/// Why something is sent back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimReason {
    /// In words.
    pub name: Option<String>,
    /// Trendyol's code for it.
    pub code: Option<String>,
}

/// Where a return stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClaimStatus {
    /// The customer asked for it.
    Created,
    /// It has arrived; the seller decides.
    WaitingInAction,
    /// Trendyol looks for fraud.
    WaitingFraudCheck,
    /// It is being examined.
    InAnalysis,
    /// Taken back.
    Accepted,
    /// Not taken back.
    Rejected,
    /// Customer and seller do not agree.
    Unresolved,
    /// The customer keeps it.
    Cancelled,
    /// One that nobody knows yet, as it came; empty when there was none.
    Unknown(String),
}

impl ClaimStatus {
    /// Reads Trendyol's name.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.trim() {
            "Created" => Self::Created,
            "WaitingInAction" => Self::WaitingInAction,
            "WaitingFraudCheck" => Self::WaitingFraudCheck,
            "InAnalysis" => Self::InAnalysis,
            "Accepted" => Self::Accepted,
            "Rejected" => Self::Rejected,
            "Unresolved" => Self::Unresolved,
            "Cancelled" => Self::Cancelled,
            other => Self::Unknown(other.to_owned()),
        }
    }

    /// Trendyol's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Created => "Created",
            Self::WaitingInAction => "WaitingInAction",
            Self::WaitingFraudCheck => "WaitingFraudCheck",
            Self::InAnalysis => "InAnalysis",
            Self::Accepted => "Accepted",
            Self::Rejected => "Rejected",
            Self::Unresolved => "Unresolved",
            Self::Cancelled => "Cancelled",
            Self::Unknown(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_keeps_its_name() {
        for name in [
            "Created",
            "WaitingInAction",
            "WaitingFraudCheck",
            "InAnalysis",
            "Accepted",
            "Rejected",
            "Unresolved",
            "Cancelled",
        ] {
            let status = ClaimStatus::parse(name);
            assert_eq!(status.as_str(), name);
            assert!(!matches!(status, ClaimStatus::Unknown(_)), "{name}");
        }
        assert_eq!(
            ClaimStatus::parse("Lost"),
            ClaimStatus::Unknown("Lost".into())
        );
    }
}
