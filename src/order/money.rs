//! What the shop's money does at the panels: the chain of an account's balances, and what an order brings.

mod chain;
pub(crate) mod csv;
mod ledger;
mod report;
mod sale;

use rust_decimal::Decimal;

pub(crate) use chain::{LONGEST, Link, Movement, chain};
pub(crate) use ledger::{Ledger, LedgerEntry, Reading};
pub(crate) use report::{Account, Day, LinkKind, Money, MoneyLink, Moved, PanelMoney, money};
pub(crate) use sale::{Loss, Rate, Rates, Sale};

/// More than any account holds or any purchase costs, in TRY: 10^15. What is beyond it is a mistake, and sums of such
/// amounts could overflow.
const LARGEST: Decimal = Decimal::from_parts(0xA4C6_8000, 0x0003_8D7E, 0, false, 0);

/// Whether it can be a sum of money at all.
#[must_use]
pub(crate) fn is_believable(amount: Decimal) -> bool {
    amount.abs() <= LARGEST
}
