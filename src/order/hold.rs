//! Why an order waits for a person.

use std::fmt;

/// The reason of a held order, with words for the shop's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldReason {
    /// No `package_mappings` row leads from the package to the panel's product.
    NoMapping,
    /// More than one product of the panel is mapped to the package.
    AmbiguousMapping,
    /// The shop's row has a reference that orderwatch did not give: somebody may have sent it.
    ForeignReference,
    /// `userIdentifier` is empty.
    NoPlayerId,
    /// The protocol buys exactly one unit a call.
    QuantityNotOne,
    /// The panel's price list has no entry of that id.
    NotInCatalogue,
    /// The panel lists the product without `oyun_bilgi_id`, and the mapping does not name it.
    ListedWithoutOyun,
    /// The panel lists the product without `kupur`, and the mapping does not name it.
    ListedWithoutKupur,
    /// The routing says "auto" but names no integration of this tenant.
    ContradictoryRouting,
    /// The routing names an integration of another tenant.
    PanelOfAnother,
    /// The integration has no usable base URL, `kod` or `sifre`.
    IntegrationIncomplete,
    /// It may have been bought and the panel does not say.
    Unconfirmed,
    /// Sent by the shop itself, without a numeric reference to ask by.
    NoReference,
    /// Sent by the shop itself, with a reference that another order has at the same panel.
    ReferenceShared,
    /// Completed, but the PIN does not fit into the shop's column; it is kept whole in our schema.
    PinTooLong,
    /// It could not be sent while it was young: buying was paused, or its panel left alone.
    WaitedTooLong,
    /// The spending limit of the day is reached.
    DailyLimit,
    /// The shop's table refuses what is to be written into the order's row.
    ShopRowRefused,
    /// Staff decided the shop's row while it was under way, and the panel delivered all the same.
    DecidedThenDelivered,
    /// Staff approved the shop's row while it was under way, and the panel did not deliver.
    DecidedThenCancelled,
    /// The panel says delivered and gives no code, for a product that always had one.
    DeliveredWithoutCode,
}

impl HoldReason {
    /// Every reason.
    pub const ALL: [Self; 21] = [
        Self::NoMapping,
        Self::AmbiguousMapping,
        Self::ForeignReference,
        Self::NoPlayerId,
        Self::QuantityNotOne,
        Self::NotInCatalogue,
        Self::ListedWithoutOyun,
        Self::ListedWithoutKupur,
        Self::ContradictoryRouting,
        Self::PanelOfAnother,
        Self::IntegrationIncomplete,
        Self::Unconfirmed,
        Self::NoReference,
        Self::ReferenceShared,
        Self::PinTooLong,
        Self::WaitedTooLong,
        Self::DailyLimit,
        Self::ShopRowRefused,
        Self::DecidedThenDelivered,
        Self::DecidedThenCancelled,
        Self::DeliveredWithoutCode,
    ];

    /// The name that the database, the command line and the page use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoMapping => "no_mapping",
            Self::AmbiguousMapping => "ambiguous_mapping",
            Self::ForeignReference => "foreign_reference",
            Self::NoPlayerId => "no_player_id",
            Self::QuantityNotOne => "quantity_not_one",
            Self::NotInCatalogue => "not_in_catalogue",
            Self::ListedWithoutOyun => "listed_without_oyun",
            Self::ListedWithoutKupur => "listed_without_kupur",
            Self::ContradictoryRouting => "contradictory_routing",
            Self::PanelOfAnother => "panel_of_another_tenant",
            Self::IntegrationIncomplete => "integration_incomplete",
            Self::Unconfirmed => "unconfirmed",
            Self::NoReference => "no_reference",
            Self::ReferenceShared => "reference_shared",
            Self::PinTooLong => "pin_too_long",
            Self::WaitedTooLong => "waited_too_long",
            Self::DailyLimit => "daily_limit",
            Self::ShopRowRefused => "shop_row_refused",
            Self::DecidedThenDelivered => "decided_then_delivered",
            Self::DecidedThenCancelled => "decided_then_cancelled",
            Self::DeliveredWithoutCode => "delivered_without_code",
        }
    }

    /// The reason of that name, or `None` when there is no such reason.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// What is wrong, in a sentence that fits `"lastMessage"`.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoMapping => "Held: this package is not mapped to a product of the panel.",
            Self::AmbiguousMapping => {
                "Held: this package is mapped to more than one product of the panel."
            }
            Self::ForeignReference => {
                "Held: the order already has a reference that orderwatch did not give; it may have been bought."
            }
            Self::NoPlayerId => "Held: the player id is missing.",
            Self::QuantityNotOne => {
                "Held: the panel sells one unit per order, this order asks for another quantity."
            }
            Self::NotInCatalogue => "Held: the panel does not list the mapped product.",
            Self::ListedWithoutOyun => {
                "Held: the panel lists the mapped product without its oyun_bilgi_id, and nothing is guessed."
            }
            Self::ListedWithoutKupur => {
                "Held: the panel lists the mapped product without its kupur, and nothing is guessed."
            }
            Self::ContradictoryRouting => {
                "Held: the package is routed automatically but to no panel of this shop."
            }
            Self::PanelOfAnother => {
                "Held: the package's route leads to an account of another tenant; orderwatch buys with the order's own tenant's accounts only."
            }
            Self::IntegrationIncomplete => {
                "Held: the panel's address, account or password is missing or unusable."
            }
            Self::Unconfirmed => {
                "Held: it may have been bought; the panel gives no sure answer. Check at the panel."
            }
            Self::NoReference => {
                "Held: sent before without a numeric reference, so the panel cannot be asked."
            }
            Self::ReferenceShared => {
                "Held: another order has the same reference, so the panel's answer is not about this one alone."
            }
            Self::PinTooLong => {
                "Held: completed, but the code is too long for this field; it is kept whole in orderwatch."
            }
            Self::WaitedTooLong => {
                "Held: it waited too long to be bought without asking; does the customer still want it?"
            }
            Self::DailyLimit => "Held: the spending limit of this panel is reached.",
            Self::ShopRowRefused => {
                "Held: the shop's database refused the result; it is kept in orderwatch."
            }
            Self::DecidedThenDelivered => "Held: decided by staff, delivered by the panel.",
            Self::DecidedThenCancelled => "Held: approved by staff, not delivered by the panel.",
            Self::DeliveredWithoutCode => {
                "Held: delivered without a code, and this product always had one."
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NoMapping => "Map the package to the panel's product, then retry the order.",
            Self::AmbiguousMapping => "Leave one mapping for the package, then retry the order.",
            Self::ForeignReference => {
                "Look for that reference at the panel; retry the order only if nothing was bought."
            }
            Self::NoPlayerId => "Enter the player id in the order, then retry it.",
            Self::QuantityNotOne => "Split the order into single units, or handle it by hand.",
            Self::NotInCatalogue => {
                "Correct the mapping, or route the package to another panel, then retry the order."
            }
            Self::ListedWithoutOyun | Self::ListedWithoutKupur => {
                "Ask the panel for both numbers, enter them in the mapping's meta as \"oyun\" and \"kupur\", then retry the order."
            }
            Self::ContradictoryRouting => {
                "Choose a panel of this shop in the package's routing, then retry the order."
            }
            Self::PanelOfAnother => {
                "Give this tenant an integration of its own at that panel, map and route the package to it, then retry the order."
            }
            Self::IntegrationIncomplete => {
                "Complete the integration (base URL, account, password), then retry the order."
            }
            Self::Unconfirmed => {
                "Look for the reference at the panel, then tell it: `orderwatch order resolve`."
            }
            Self::ReferenceShared => {
                "Look at the panel which of the two orders was bought, then `orderwatch order resolve` both."
            }
            Self::NoReference => {
                "Look for the purchase at the panel, then `orderwatch order resolve`."
            }
            Self::PinTooLong => {
                "Give the customer the code (`orderwatch order show --pin`), then `orderwatch order resolve`."
            }
            Self::WaitedTooLong => "Ask whether it is still wanted, then retry the order.",
            Self::DailyLimit => {
                "Wait until less was spent in the last 24 hours, or raise dispatch.daily_limit; then retry the order."
            }
            Self::ShopRowRefused => {
                "See the order's events for the database's words, settle it in the shop, then `orderwatch order resolve`."
            }
            Self::DecidedThenDelivered => {
                "Ask the customer, then `orderwatch order resolve --give-code` (and charge it again in the shop), or `--keep-back`."
            }
            Self::DecidedThenCancelled => {
                "Deliver it another way or reject it in the shop, then `orderwatch order resolve --keep-back`."
            }
            Self::DeliveredWithoutCode => {
                "Look for the code at the panel, then `orderwatch order resolve`."
            }
        }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::HoldReason;
    use crate::order::LAST_MESSAGE_CHARS;

    #[test]
    fn every_reason_reads_back_and_its_sentence_fits_the_shops_column() {
        for reason in HoldReason::ALL {
            assert_eq!(HoldReason::parse(reason.as_str()), Some(reason));
            assert!(reason.sentence().chars().count() <= LAST_MESSAGE_CHARS);
            assert!(!reason.remedy().is_empty());
        }
    }
}
