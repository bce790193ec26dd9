//! What would become of the shop's orders, as it is shown: each by itself, and added up.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    order::{IntegrationId, OrderId},
    store::{ShadowSum, Store, StoreError},
};

/// What would become of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    /// It is sent to its panel.
    Bought,
    /// The shop has sent it; it is watched.
    Adopted,
    /// A person has to act.
    Held,
    /// It is bought as soon as something that stops it is gone.
    Waits,
    /// The shop serves it, or nobody does.
    LeftToShop,
    /// It was placed or sent too long ago.
    TooOld,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ForeseenOrder {
    #[schema(value_type = uuid::Uuid)]
    pub(crate) order: OrderId,
    pub(crate) number: Option<String>,
    /// The package's name.
    pub(crate) product: Option<String>,
    /// The panel's name.
    pub(crate) panel: Option<String>,
    pub(crate) fate: Fate,
    /// Why, for programs.
    pub(crate) why: &'static str,
    /// Why, for people.
    pub(crate) sentence: String,
    /// Its price in the panel's list, in TRY; null where the list was not read.
    pub(crate) expected: Option<String>,
}

/// How many orders end alike.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FateSum {
    pub(crate) fate: Fate,
    pub(crate) why: &'static str,
    pub(crate) orders: usize,
}

#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct ForeseenOrders {
    pub(crate) sums: Vec<FateSum>,
    /// What would be bought and held at each panel.
    pub(crate) panels: Vec<ShadowSum>,
    /// Each order, where they were wanted.
    pub(crate) orders: Option<Vec<ForeseenOrder>>,
    /// Open orders that are older than all that is examined, at most 2000; none of them is touched.
    pub(crate) older: i64,
    /// Whether there are more than were examined.
    pub(crate) more: bool,
}

/// An order, before it has a number and a product.
pub(super) struct Found {
    pub(super) order: OrderId,
    pub(super) panel: Option<IntegrationId>,
    /// The panel's name.
    pub(super) name: Option<String>,
    pub(super) fate: Fate,
    pub(super) why: &'static str,
    pub(super) sentence: String,
    pub(super) expected: Option<Decimal>,
}

pub(super) async fn list(store: &Store, found: &[Found]) -> Result<Vec<ForeseenOrder>, StoreError> {
    let orders: Vec<OrderId> = found.iter().map(|found| found.order).collect();
    let mut labels = store.order_labels(&orders).await?;
    let mut list: Vec<ForeseenOrder> = found
        .iter()
        .map(|found| {
            let label = labels.remove(&found.order).unwrap_or_default();
            ForeseenOrder {
                order: found.order,
                number: label.number,
                product: label.product,
                panel: found.name.clone(),
                fate: found.fate,
                why: found.why,
                sentence: found.sentence.clone(),
                expected: found.expected.map(money),
            }
        })
        .collect();
    list.sort_by_key(|order| order.fate);
    Ok(list)
}

pub(super) fn sums(found: &[Found]) -> Vec<FateSum> {
    let mut sums: BTreeMap<(Fate, &'static str), usize> = BTreeMap::new();
    for found in found {
        *sums.entry((found.fate, found.why)).or_default() += 1;
    }
    let sums = sums.into_iter();
    sums.map(|((fate, why), orders)| FateSum { fate, why, orders })
        .collect()
}

pub(super) fn by_panel(found: &[Found]) -> Vec<ShadowSum> {
    let mut panels: BTreeMap<Option<IntegrationId>, Vec<&Found>> = BTreeMap::new();
    for found in found {
        if matches!(found.fate, Fate::Bought | Fate::Held) {
            panels.entry(found.panel).or_default().push(found);
        }
    }

    let sum = |(integration, orders): (Option<IntegrationId>, Vec<&Found>)| {
        let (bought, held): (Vec<_>, Vec<_>) = orders
            .into_iter()
            .partition(|found| found.fate == Fate::Bought);
        let expected: Decimal = bought.iter().filter_map(|found| found.expected).sum();
        let unpriced = bought.iter().filter(|found| found.expected.is_none());
        ShadowSum {
            integration,
            panel: bought
                .iter()
                .chain(&held)
                .find_map(|found| found.name.clone()),
            would_buy: count(bought.len()),
            would_hold: count(held.len()),
            expected: money(expected),
            currency: "TRY",
            price_unknown: count(unpriced.count()),
        }
    };
    panels.into_iter().map(sum).collect()
}

fn count(orders: usize) -> i64 {
    i64::try_from(orders).unwrap_or(i64::MAX)
}

fn money(amount: Decimal) -> String {
    format!("{amount:.2}")
}
