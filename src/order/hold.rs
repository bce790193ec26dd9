//! Why an order needs review. A reason is its line here, its sentences in `text/hold.toml` and the place
//! that decides it.

use rust_decimal::Decimal;

use super::money::Loss;

/// How a held order can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WayOut {
    /// Its cause can be fixed; nothing was bought.
    Retry,
    /// Somebody else may have bought it: sent once a person has checked that order, never one of many.
    RetryAlone,
    /// It may have been bought: staff say whether it was, and it goes on from there.
    Confirm,
    /// It cannot be tracked any more: staff say how it ended.
    Settle,
    /// Staff and the panel contradict each other: staff say whether the customer gets what came.
    Decide,
}

/// Why an order is held, with what has to be known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HoldCause {
    pub(crate) reason: HoldReason,
    /// What it would be held for had it not been sent before.
    pub(crate) behind: Option<HoldReason>,
    /// What it would lose, if it is held for that.
    loss: Option<Loss>,
}

impl From<HoldReason> for HoldCause {
    fn from(reason: HoldReason) -> Self {
        Self {
            reason,
            behind: None,
            loss: None,
        }
    }
}

impl From<Loss> for HoldCause {
    fn from(loss: Loss) -> Self {
        Self {
            reason: HoldReason::SoldAtALoss,
            behind: None,
            loss: Some(loss),
        }
    }
}

impl HoldCause {
    pub(crate) fn behind(self, reason: HoldReason) -> Self {
        Self {
            behind: Some(reason),
            ..self
        }
    }

    /// What it would cost, in TRY.
    pub(crate) fn cost(self) -> Option<Decimal> {
        self.loss.map(|loss| loss.cost)
    }

    /// What the customer paid, in TRY.
    pub(crate) fn sold_for(self) -> Option<Decimal> {
        self.loss.map(|loss| loss.sold_for)
    }
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
            pub(crate) const fn way_out(self) -> WayOut {
                match self { $(Self::$reason => WayOut::$way),+ }
            }

            /// Whether nothing of the order is under way, and nobody has decided about it.
            pub(crate) const fn is_undecided(self) -> bool {
                matches!(
                    self.way_out(),
                    WayOut::Retry | WayOut::RetryAlone | WayOut::Confirm
                )
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
    ForeignReference = "foreign_reference" => RetryAlone,
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
    /// The panel's price list says about the product what is not understood.
    ListedUnreadable = "listed_unreadable" => Retry,
    /// The panel does not sell this quantity of the product at once.
    QuantityNotSold = "quantity_not_sold" => Retry,
    /// The product has a parameter that nothing in the configuration fills.
    ParamNotMapped = "param_not_mapped" => Retry,
    /// The field of the order that fills a parameter of the product is empty.
    ParamEmpty = "param_empty" => Retry,
    /// The routing says "auto" but names no integration of this tenant.
    ContradictoryRouting = "contradictory_routing" => Retry,
    /// The routing names an integration of another tenant.
    PanelOfAnother = "panel_of_another_tenant" => Retry,
    /// The integration has no usable base URL or account.
    IntegrationIncomplete = "integration_incomplete" => Retry,
    /// It may have been bought and the panel does not say.
    Unconfirmed = "unconfirmed" => Confirm,
    /// Sent by the shop itself, without a reference to ask by.
    NoReference = "no_reference" => Settle,
    /// Sent by the shop itself, with a reference that another order has at the same panel.
    ReferenceShared = "reference_shared" => Settle,
    /// Completed, but the PIN does not fit into the shop's column; it is kept whole in our schema.
    PinTooLong = "pin_too_long" => Settle,
    /// It could not be sent while it was young: buying was paused, or its panel's circuit was open.
    WaitedTooLong = "waited_too_long" => Retry,
    /// The spending limit of the day is reached.
    DailyLimit = "daily_limit" => Retry,
    /// It would cost more than the customer paid, by more than `dispatch.max_loss`.
    SoldAtALoss = "sold_at_a_loss" => Retry,
    /// The shop's table refuses what is to be written into the order's row.
    ShopRowRefused = "shop_row_refused" => Settle,
    /// Staff decided the shop's row while it was under way, and the panel delivered all the same.
    DecidedThenDelivered = "decided_then_delivered" => Decide,
    /// Staff approved the shop's row while it was under way, and the panel did not deliver.
    DecidedThenCancelled = "decided_then_cancelled" => Decide,
    /// The panel says delivered and gives no code, for a product that always had one.
    DeliveredWithoutCode = "delivered_without_code" => Settle,
    /// The database lost the shop's row and ours after it was sent, and the panel delivered or gave no final answer.
    RowLost = "row_lost" => Settle,
}

#[cfg(test)]
mod tests {
    use super::HoldReason;

    #[test]
    fn every_reason_reads_back() {
        for reason in HoldReason::ALL {
            assert_eq!(HoldReason::parse(reason.as_str()), Some(reason));
        }
    }
}
