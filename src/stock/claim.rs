//! Returns ("claims"), as far as the warehouse's tables show them.
//!
//! What must stay true: a status that is not known keeps its text, and a reference has the same UUID every
//! time.

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Cargo, Customer, Personal, Unreadable};

/// A customer sends something back.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The marketplace's reference; a UUID so far.
    pub id: String,
    pub(crate) order_number: Option<String>,
    /// When the customer asked for it.
    pub claim_date: Option<DateTime<Utc>>,
    pub(crate) last_modified: Option<DateTime<Utc>>,
    /// Who sends it. Its id and address are not part of a claim.
    pub(crate) customer: Customer,
    pub(crate) cargo: Cargo,
    /// The pieces that could be read.
    pub items: Vec<ClaimItem>,
    /// Those that could not.
    pub(crate) unreadable: Vec<Unreadable>,
}

/// One piece that is sent back: there is no quantity.
#[derive(Clone, Debug)]
pub struct ClaimItem {
    /// The marketplace's reference; a UUID so far.
    pub(crate) id: String,
    pub barcode: Option<String>,
    pub(crate) product_name: Option<String>,
    pub(crate) product_size: Option<String>,
    pub(crate) product_color: Option<String>,
    /// What was paid for it.
    pub(crate) price: Option<Decimal>,
    pub(crate) status: ClaimStatus,
    /// By the customer, or else by Trendyol.
    pub(crate) reason: Option<String>,
    pub(crate) customer_note: Option<Personal>,
}

impl Claim {
    /// A claim has no status of its own: the piece that needs attention most stands for it.
    pub(crate) fn status(&self) -> &ClaimStatus {
        let rank = |status: &&ClaimStatus| match status {
            // The seller has 48 hours to decide; then Trendyol accepts by itself.
            ClaimStatus::WaitingInAction => 0,
            ClaimStatus::Unresolved => 1,
            ClaimStatus::InAnalysis => 2,
            ClaimStatus::WaitingFraudCheck => 3,
            ClaimStatus::Unknown(_) => 4,
            ClaimStatus::Created => 5,
            ClaimStatus::Accepted => 6,
            ClaimStatus::Rejected => 7,
            ClaimStatus::Cancelled => 8,
        };

        let statuses = self.items.iter().map(|item| &item.status);
        statuses.min_by_key(rank).unwrap_or(&ClaimStatus::Created)
    }

    /// When it was decided: a claim that is settled does not change any more.
    pub(crate) fn settled_at(&self) -> Option<DateTime<Utc>> {
        let settled = matches!(
            self.status(),
            ClaimStatus::Accepted | ClaimStatus::Rejected | ClaimStatus::Cancelled
        );
        self.last_modified.filter(|_| settled)
    }

    /// What its pieces cost; `None` where no price is known.
    pub(crate) fn refund(&self) -> Option<f64> {
        let mut prices = self.items.iter().filter_map(|item| item.price).peekable();
        // A sum of nothing would be 0, which says that the customer gets nothing back.
        prices.peek()?;
        prices.sum::<Decimal>().to_f64()
    }
}

/// The reference itself where it is a UUID; otherwise one that is always the same for it.
pub(crate) fn uuid(reference: &str) -> Uuid {
    Uuid::parse_str(reference).unwrap_or_else(|_| {
        let hash: [u8; 32] = Sha256::digest(reference).into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    })
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ClaimStatus {
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
    #[must_use]
    pub(crate) fn parse(text: &str) -> Self {
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

    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
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

    #[test]
    fn ids_stay_the_same() {
        let named = "4f2ab8b0-0000-4000-8000-0123456789ab";
        assert_eq!(uuid(named).to_string(), named);
        assert_eq!(uuid("17"), uuid("17"));
        assert_ne!(uuid("17"), uuid("18"));
    }

    fn claim(items: &[(&str, Option<i64>)]) -> Claim {
        let item = |(status, price): &(&str, Option<i64>)| ClaimItem {
            id: "1".to_owned(),
            barcode: None,
            product_name: None,
            product_size: None,
            product_color: None,
            price: price.map(Decimal::from),
            status: ClaimStatus::parse(status),
            reason: None,
            customer_note: None,
        };
        Claim {
            id: "1".to_owned(),
            order_number: None,
            claim_date: None,
            last_modified: DateTime::from_timestamp(1_800_000_000, 0),
            customer: Customer::default(),
            cargo: Cargo::default(),
            items: items.iter().map(item).collect(),
            unreadable: Vec::new(),
        }
    }

    #[test]
    fn the_piece_that_needs_attention_stands_for_its_claim() {
        let decided = claim(&[("Accepted", None), ("Rejected", None)]);
        assert_eq!(decided.status(), &ClaimStatus::Accepted);
        assert_eq!(decided.settled_at(), decided.last_modified);
        let open = claim(&[("Accepted", None), ("WaitingInAction", None)]);
        assert_eq!(open.status(), &ClaimStatus::WaitingInAction);
        assert_eq!(open.settled_at(), None);
    }

    #[test]
    fn a_refund_is_the_sum_of_the_prices_that_are_known() {
        let refund = |prices: &[Option<i64>]| {
            let items: Vec<_> = prices.iter().map(|price| ("Created", *price)).collect();
            claim(&items).refund()
        };
        assert_eq!(refund(&[Some(40), None, Some(50)]), Some(90.0));
        assert_eq!(refund(&[None]), None);
    }
}
