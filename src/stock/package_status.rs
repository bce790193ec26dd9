//! What a package says of itself: its status, why it exists, and what that means for the stock.
//!
//! What must stay true: a status that is not known keeps its text, and reserves.

/// Why a package exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CreatedBy {
    /// The order came in.
    OrderCreation,
    /// A part of the earlier package was cancelled.
    Cancel,
    /// The earlier package was split.
    Split,
    /// It was passed on between sellers, because the first has none. Whether to this one or from it is
    /// nowhere promised.
    Transfer,
    /// One that nobody knows yet, as it came.
    Unknown(String),
}

impl CreatedBy {
    #[must_use]
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "order-creation" => Self::OrderCreation,
            "cancel" => Self::Cancel,
            "split" => Self::Split,
            "transfer" => Self::Transfer,
            other => Self::Unknown(other.to_owned()),
        }
    }

    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::OrderCreation => "order-creation",
            Self::Cancel => "cancel",
            Self::Split => "split",
            Self::Transfer => "transfer",
            Self::Unknown(text) => text,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PackageStatus {
    /// Payment is pending.
    Awaiting,
    /// The order is being verified.
    Verified,
    /// Ready to be prepared.
    Created,
    /// Reported by the seller; that proves nothing about the shelves.
    Picking,
    /// Reported by the seller, as above.
    Invoiced,
    /// An older name for packed and waiting.
    ReadyToShip,
    /// To be packed again.
    Repack,
    Shipped,
    AtCollectionPoint,
    Delivered,
    UnDelivered,
    Cancelled,
    /// The seller could not supply it.
    UnSupplied,
    /// Dissolved; other packages carry what was in it.
    UnPacked,
    /// Came back.
    Returned,
    /// Could not be delivered, and came back.
    UnDeliveredAndReturned,
    /// One that nobody knows yet, as it came; empty when there was none.
    Unknown(String),
}

/// What a package means for the stock on the shelves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StockEffect {
    /// It needs its units until they are taken from the shelves.
    Reserved,
    /// Its units have left.
    Left,
    /// Its units are free again.
    Released,
    /// Other packages carry its units.
    Superseded,
    /// Its units came back; its return decides about them.
    Returned,
    /// Not known: treated as [`StockEffect::Reserved`], and needs review.
    Unknown,
}

impl PackageStatus {
    const KNOWN: [(&'static str, Self); 16] = [
        ("Awaiting", Self::Awaiting),
        ("Verified", Self::Verified),
        ("Created", Self::Created),
        ("Picking", Self::Picking),
        ("Invoiced", Self::Invoiced),
        ("ReadyToShip", Self::ReadyToShip),
        ("Repack", Self::Repack),
        ("Shipped", Self::Shipped),
        ("AtCollectionPoint", Self::AtCollectionPoint),
        ("Delivered", Self::Delivered),
        ("UnDelivered", Self::UnDelivered),
        ("Cancelled", Self::Cancelled),
        ("UnSupplied", Self::UnSupplied),
        ("UnPacked", Self::UnPacked),
        ("Returned", Self::Returned),
        ("UnDeliveredAndReturned", Self::UnDeliveredAndReturned),
    ];

    /// Reads Trendyol's name, also as its notifications write it (`AT_COLLECTION_POINT`).
    #[must_use]
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.trim();
        let bare = text.replace('_', "");
        let known = Self::KNOWN.iter();
        let mut known = known.filter(|(name, _)| name.eq_ignore_ascii_case(&bare));

        known.next().map_or_else(
            || Self::Unknown(text.to_owned()),
            |(_, status)| status.clone(),
        )
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        if let Self::Unknown(text) = self {
            return text;
        }
        let mut known = Self::KNOWN.iter();
        known
            .find(|(_, status)| status == self)
            .map_or("", |(name, _)| name)
    }

    /// How far a package is in its life. Of two records of the same time, the further one is the newer.
    #[must_use]
    pub(crate) const fn progress(&self) -> u8 {
        match self {
            Self::Awaiting => 0,
            Self::Verified => 1,
            Self::Created => 2,
            Self::Picking | Self::Repack => 3,
            Self::Invoiced => 4,
            // Before everything that ends a reservation: of two records of the same time, that one is newer.
            Self::ReadyToShip | Self::Unknown(_) => 5,
            Self::Shipped => 6,
            Self::AtCollectionPoint => 7,
            Self::UnDelivered => 8,
            Self::Delivered => 9,
            Self::Cancelled
            | Self::UnSupplied
            | Self::UnPacked
            | Self::Returned
            | Self::UnDeliveredAndReturned => 10,
        }
    }

    #[must_use]
    pub(crate) const fn stock_effect(&self) -> StockEffect {
        match self {
            Self::Awaiting
            | Self::Verified
            | Self::Created
            | Self::Picking
            | Self::Invoiced
            | Self::ReadyToShip
            | Self::Repack => StockEffect::Reserved,
            // Also what was not delivered: it has left the shelves, and only its return brings it back.
            Self::Shipped | Self::AtCollectionPoint | Self::Delivered | Self::UnDelivered => {
                StockEffect::Left
            }
            Self::Cancelled | Self::UnSupplied => StockEffect::Released,
            Self::UnPacked => StockEffect::Superseded,
            Self::Returned | Self::UnDeliveredAndReturned => StockEffect::Returned,
            Self::Unknown(_) => StockEffect::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_keeps_its_name_however_it_is_written() {
        for (name, status) in &PackageStatus::KNOWN {
            assert_eq!(&PackageStatus::parse(name), status);
            assert_eq!(status.as_str(), *name);
            assert_eq!(&PackageStatus::parse(&name.to_uppercase()), status);
        }
        assert_eq!(
            PackageStatus::parse("AT_COLLECTION_POINT"),
            PackageStatus::AtCollectionPoint
        );
        let back = PackageStatus::parse("UN_DELIVERED_AND_RETURNED");
        assert_eq!(back.stock_effect(), StockEffect::Returned);
        let new = PackageStatus::parse("OnTheMoon_2");
        assert_eq!(new.as_str(), "OnTheMoon_2");
        assert_eq!(new.stock_effect(), StockEffect::Unknown);
    }

    #[test]
    fn why_a_package_exists_is_named_as_trendyol_names_it() {
        for name in ["order-creation", "cancel", "split", "transfer", "gift"] {
            assert_eq!(CreatedBy::parse(name).as_str(), name);
        }
        assert_eq!(CreatedBy::parse("gift"), CreatedBy::Unknown("gift".into()));
    }

    #[test]
    fn a_package_goes_through_its_life_in_one_direction() {
        let progress = |name| PackageStatus::parse(name).progress();
        let life = [
            "Awaiting",
            "Verified",
            "Created",
            "Picking",
            "Invoiced",
            "ReadyToShip",
            "Shipped",
            "AtCollectionPoint",
            "UnDelivered",
            "Delivered",
            "Returned",
        ];
        assert!(
            life.map(progress)
                .is_sorted_by(|before, after| before < after)
        );
        assert_eq!(progress("Repack"), progress("Picking"));
        // Nothing ends a reservation later than what is not known.
        assert!(progress("OnTheMoon") < progress("Shipped"));
    }
}
