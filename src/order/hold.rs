//! Why an order needs review, and how it can go on from there.
//!
//! A reason is declared once, below, with its name and its way out; what people read of it stands with
//! the sentences.

/// How a held order can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// Its cause can be fixed; nothing was bought.
    Retry,
    /// It may have been bought: a person says whether it was, and it goes on from there.
    Confirm,
    /// It cannot be watched any more: a person says how it ended.
    Settle,
    /// Staff and the panel contradict each other: a person says whether the customer gets what came.
    Decide,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $reason:ident = $name:tt => $way:ident),+ $(,)?) => {
        named! {
            /// The reason of a held order.
            pub enum HoldReason { $($(#[$doc])* $reason = $name),+ }
        }

        impl HoldReason {
            /// How an order that is held for this reason can go on.
            #[must_use]
            pub const fn way_out(self) -> WayOut {
                match self { $(Self::$reason => WayOut::$way),+ }
            }
        }
    };
}

reasons! {
    /// No `package_mappings` row leads from the package to the panel's product.
    NoMapping = "no_mapping" => Retry,
    /// More than one product of the panel is mapped to the package.
    AmbiguousMapping = "ambiguous_mapping" => Retry,
    /// The shop's row has a reference that orderwatch did not give: somebody may have sent it.
    ForeignReference = "foreign_reference" => Retry,
    /// `userIdentifier` is empty.
    NoPlayerId = "no_player_id" => Retry,
    /// The protocol buys exactly one unit a call.
    QuantityNotOne = "quantity_not_one" => Retry,
    /// The panel's price list has no entry of that id.
    NotInCatalogue = "not_in_catalogue" => Retry,
    /// The panel lists the product without `oyun_bilgi_id`, and the mapping does not name it.
    ListedWithoutOyun = "listed_without_oyun" => Retry,
    /// The panel lists the product without `kupur`, and the mapping does not name it.
    ListedWithoutKupur = "listed_without_kupur" => Retry,
    /// The routing says "auto" but names no integration of this tenant.
    ContradictoryRouting = "contradictory_routing" => Retry,
    /// The routing names an integration of another tenant.
    PanelOfAnother = "panel_of_another_tenant" => Retry,
    /// The integration has no usable base URL, `kod` or `sifre`.
    IntegrationIncomplete = "integration_incomplete" => Retry,
    /// It may have been bought and the panel does not say.
    Unconfirmed = "unconfirmed" => Confirm,
    /// Sent by the shop itself, without a numeric reference to ask by.
    NoReference = "no_reference" => Settle,
    /// Sent by the shop itself, with a reference that another order has at the same panel.
    ReferenceShared = "reference_shared" => Settle,
    /// Completed, but the PIN does not fit into the shop's column; it is kept whole in our schema.
    PinTooLong = "pin_too_long" => Settle,
    /// It could not be sent while it was young: buying was paused, or its panel left alone.
    WaitedTooLong = "waited_too_long" => Retry,
    /// The spending limit of the day is reached.
    DailyLimit = "daily_limit" => Retry,
    /// The shop's table refuses what is to be written into the order's row.
    ShopRowRefused = "shop_row_refused" => Settle,
    /// Staff decided the shop's row while it was under way, and the panel delivered all the same.
    DecidedThenDelivered = "decided_then_delivered" => Decide,
    /// Staff approved the shop's row while it was under way, and the panel did not deliver.
    DecidedThenCancelled = "decided_then_cancelled" => Decide,
    /// The panel says delivered and gives no code, for a product that always had one.
    DeliveredWithoutCode = "delivered_without_code" => Settle,
}

impl HoldReason {
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
