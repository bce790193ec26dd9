//! What is for sale, and what becomes of those who buy it.

use std::ops::RangeInclusive;

use rust_decimal::Decimal;

use super::Readiness;

/// An entry of the price list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    pub id: String,
    pub name: String,
    /// `category_name`.
    pub category: String,
    /// What one piece costs, in TRY.
    pub price: Decimal,
    pub available: bool,
    /// The parameters that a purchase must have. The first one names the player.
    pub params: Vec<String>,
    /// `product_type`; nothing depends on it here.
    pub kind: String,
    /// `qty_values`.
    pub quantities: Quantities,
    /// How a purchase ends.
    pub ending: Ending,
    /// Whether the answer to the purchase itself says `reject`; what it cost is paid back by then.
    pub rejected: bool,
    /// When it is ready, where that differs from the panel's plan.
    pub readiness: Option<Readiness>,
}

/// How many pieces one purchase may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quantities {
    One,
    Range(RangeInclusive<u32>),
    Listed(Vec<u32>),
}

/// How a purchase ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    Code,
    /// Well, without a code.
    TopUp,
    /// Cancelled; what it cost is paid back.
    Cancelled,
}

impl Product {
    /// A product that is sold one by one and gives a code.
    #[must_use]
    pub fn new(id: &str, name: &str, params: &[&str], price: Decimal) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            category: name.split(' ').next().unwrap_or(name).to_owned(),
            price,
            available: true,
            params: params.iter().map(|&param| param.to_owned()).collect(),
            kind: "package".to_owned(),
            quantities: Quantities::One,
            ending: Ending::Code,
            rejected: false,
            readiness: None,
        }
    }

    /// The same product with another ending.
    #[must_use]
    pub const fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// The same product, whose purchase is answered with `reject`.
    #[must_use]
    pub const fn rejected(mut self) -> Self {
        self.ending = Ending::Cancelled;
        self.rejected = true;
        self
    }

    /// The same product, sold in other quantities.
    #[must_use]
    pub fn quantities(mut self, quantities: Quantities) -> Self {
        self.quantities = quantities;
        self
    }

    /// The same product, listed and not sold now.
    #[must_use]
    pub const fn unavailable(mut self) -> Self {
        self.available = false;
        self
    }

    /// The same product, ready at another time.
    #[must_use]
    pub const fn ready(mut self, readiness: Readiness) -> Self {
        self.readiness = Some(readiness);
        self
    }
}

impl Quantities {
    pub(super) fn allow(&self, quantity: u32) -> bool {
        match self {
            Self::One => quantity == 1,
            Self::Range(range) => range.contains(&quantity),
            Self::Listed(all) => all.contains(&quantity),
        }
    }
}
