//! What the shop's money does at the panels: the chain of an account's balances, and what an order brings.

mod chain;
pub(crate) mod csv;
mod ledger;
mod report;
mod sale;

pub(crate) use chain::{LONGEST, Link, Movement, chain};
pub(crate) use ledger::{Ledger, LedgerEntry, Reading};
pub(crate) use report::{Account, Day, LinkKind, Money, MoneyLink, Moved, PanelMoney, money};
pub(crate) use sale::{Rate, Rates, Sale, loses_more};
