//! The states of packages and of returned pieces, as they are written.

use std::{borrow::Cow, fmt};

/// The state of a package.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The payment is not confirmed; the stock is already taken.
    Awaiting,
    /// The payment is being checked; the stock is already taken.
    Verified,
    /// Paid: to be prepared.
    Created,
    /// The seller has started to prepare it.
    Picking,
    /// The seller has written the invoice.
    Invoiced,
    /// On its way.
    Shipped,
    /// It waits for its customer at a shop.
    AtCollectionPoint,
    /// Handed over.
    Delivered,
    /// It could not be handed over.
    UnDelivered,
    /// It came back.
    Returned,
    /// It could not be handed over and came back; in no document, in 0.6 % of live packages.
    UnDeliveredAndReturned,
    /// To be packed again.
    Repack,
    /// Seen live; what it means is not known.
    Reset,
    Cancelled,
    /// The seller could not supply it.
    UnSupplied,
    /// Dissolved by a split; other packages took its place.
    UnPacked,
    /// One that no document names.
    Other(Cow<'static, str>),
}

impl Status {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Awaiting => "Awaiting",
            Self::Verified => "Verified",
            Self::Created => "Created",
            Self::Picking => "Picking",
            Self::Invoiced => "Invoiced",
            Self::Shipped => "Shipped",
            Self::AtCollectionPoint => "AtCollectionPoint",
            Self::Delivered => "Delivered",
            Self::UnDelivered => "UnDelivered",
            Self::Returned => "Returned",
            Self::UnDeliveredAndReturned => "UnDeliveredAndReturned",
            Self::Repack => "Repack",
            Self::Reset => "Reset",
            Self::Cancelled => "Cancelled",
            Self::UnSupplied => "UnSupplied",
            Self::UnPacked => "UnPacked",
            Self::Other(name) => name,
        }
    }

    /// Whether the package was neither sent nor given up.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(
            self,
            Self::Awaiting
                | Self::Verified
                | Self::Created
                | Self::Picking
                | Self::Invoiced
                | Self::Repack
                | Self::Reset
        )
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why there is a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CreatedBy {
    /// It came with its order.
    Order,
    /// Part of an earlier package was cancelled; this is the rest.
    Cancel,
    /// An earlier package was split.
    Split,
    /// The order went from one seller to another.
    Transfer,
}

impl CreatedBy {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order-creation",
            Self::Cancel => "cancel",
            Self::Split => "split",
            Self::Transfer => "transfer",
        }
    }
}

/// The state of a returned piece.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClaimStatus {
    /// The customer has asked for the return.
    Created,
    /// The piece has arrived; the seller decides.
    WaitingInAction,
    /// The marketplace checks it for fraud.
    WaitingFraudCheck,
    /// The marketplace examines it.
    InAnalysis,
    /// Taken back.
    Accepted,
    Rejected,
    /// In dispute.
    Unresolved,
    /// The customer keeps it.
    Cancelled,
    /// One that no document names.
    Other(Cow<'static, str>),
}

impl ClaimStatus {
    /// As it is written.
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
            Self::Other(name) => name,
        }
    }
}
