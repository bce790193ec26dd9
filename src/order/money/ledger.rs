//! What is written down of an account: purchases and readings, as facts of its chain.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{
    chain::{Fact, LONGEST},
    is_believable,
    sale::loss,
};
use crate::order::OrderId;

/// Outcomes after which nothing was bought, unless the panel has named a charge.
const NOT_BOUGHT: [&str; 3] = ["refused", "fell_back", "not_sent"];
/// Outcomes by which the panel knew the purchase: it has taken the money by then.
const KNOWN_THERE: [&str; 5] = [
    "accepted",
    "processing",
    "code_missing",
    "completed",
    "cancelled",
];

/// A purchase as it is written down.
#[derive(Clone, Debug)]
pub(crate) struct LedgerEntry {
    pub(crate) order: OrderId,
    /// Its number in the shop.
    pub(crate) number: Option<String>,
    pub(crate) reference: String,
    /// Name of the shop's package.
    pub(crate) package: Option<String>,
    pub(crate) claimed_at: DateTime<Utc>,
    /// When the order was first sent, under whatever claim.
    pub(crate) sent_at: Option<DateTime<Utc>>,
    /// When the panel named the charge or the balance.
    pub(crate) answered_at: Option<DateTime<Utc>>,
    pub(crate) recorded_at: Option<DateTime<Utc>>,
    /// The last event of the purchase.
    pub(crate) outcome: Option<String>,
    /// What the panel charged.
    pub(crate) cost: Option<Decimal>,
    /// Its price in the panel's list.
    pub(crate) expected: Option<Decimal>,
    /// What the account held after it.
    pub(crate) balance: Option<Decimal>,
    /// What the customer paid.
    pub(crate) sold_for: Option<Decimal>,
}

/// A balance that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) asked_at: DateTime<Utc>,
    pub(crate) answered_at: DateTime<Utc>,
    pub(crate) balance: Decimal,
}

/// All that is written down of an account in some time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) purchases: Vec<LedgerEntry>,
    pub(crate) readings: Vec<Reading>,
    /// Charges of earlier purchases that the panel has cancelled since, and may still give back; the newest last.
    pub(crate) owed: Vec<Decimal>,
}

impl LedgerEntry {
    /// What it took from the account, as far as anybody knows: the charge, else the price in the list.
    #[must_use]
    pub(super) fn charge(&self) -> Option<Decimal> {
        self.cost.or(self.expected)
    }

    /// Whether it surely took nothing.
    #[must_use]
    pub(super) fn is_void(&self) -> bool {
        let outcome = self.outcome.as_deref().unwrap_or_default();
        let never_bought = self.cost.is_none() && NOT_BOUGHT.contains(&outcome);
        // A person has said that it was not bought.
        let said_so = self.cost == Some(Decimal::ZERO) && self.answered_at.is_none();
        never_bought || said_so
    }

    /// By how much the charge differs from the list.
    #[must_use]
    pub(super) fn price_change(&self) -> Option<Decimal> {
        let change = self.cost? - self.expected?;
        (!change.is_zero()).then_some(change)
    }

    /// Leaves out amounts that are no sums of money; a panel, the shop or an older version may have written them.
    fn believe(&mut self) {
        let amounts = [
            &mut self.cost,
            &mut self.expected,
            &mut self.balance,
            &mut self.sold_for,
        ];
        for amount in amounts {
            *amount = amount.filter(|amount| is_believable(*amount));
        }
    }

    /// Whether the panel has cancelled it, and gives its charge back.
    #[must_use]
    fn is_cancelled(&self) -> bool {
        self.outcome.as_deref() == Some("cancelled")
    }

    /// By how much it cost more than the customer paid.
    #[must_use]
    pub(super) fn loss(&self) -> Option<Decimal> {
        loss(self.sold_for, self.charge()).filter(|_| !self.is_cancelled())
    }

    /// When it stands in the chain.
    #[must_use]
    pub(super) fn at(&self) -> DateTime<Utc> {
        self.answered_at.unwrap_or(self.claimed_at)
    }

    #[must_use]
    fn fact(&self) -> Fact {
        let outcome = self.outcome.as_deref().unwrap_or_default();
        let latest = self.claimed_at + LONGEST;
        let known_at = self
            .recorded_at
            .filter(|_| KNOWN_THERE.contains(&outcome))
            .map_or(latest, |at| at.min(latest));

        Fact {
            // What answered names the balance of this try; without an answer an earlier one may have bought.
            from: match self.balance {
                Some(_) => self.claimed_at,
                None => self.sent_at.unwrap_or(self.claimed_at).min(self.claimed_at),
            },
            until: self.answered_at.unwrap_or(known_at).max(self.claimed_at),
            charge: self.charge(),
            named: self.cost.is_some(),
            balance: self.balance,
            refunded: self.is_cancelled(),
        }
    }
}

impl Ledger {
    /// What is written down from that time on, without what was surely not bought. Of what had happened before, the
    /// purchases that were cancelled since then are owed.
    pub(crate) fn new(
        since: DateTime<Utc>,
        mut purchases: Vec<LedgerEntry>,
        mut readings: Vec<Reading>,
    ) -> Self {
        purchases.iter_mut().for_each(LedgerEntry::believe);
        purchases.retain(|purchase| !purchase.is_void());
        let (purchases, before): (Vec<_>, Vec<_>) = purchases
            .into_iter()
            .partition(|purchase| purchase.fact().until >= since);

        readings.retain(|reading| reading.answered_at >= since && is_believable(reading.balance));
        Self {
            purchases,
            readings,
            owed: owed(before, since),
        }
    }

    /// The purchases, then the readings.
    #[must_use]
    pub(crate) fn facts(&self) -> Vec<Fact> {
        let readings = self.readings.iter().map(|reading| Fact {
            from: reading.asked_at,
            until: reading.answered_at,
            charge: Some(Decimal::ZERO),
            named: true,
            balance: Some(reading.balance),
            refunded: false,
        });

        let purchases = self.purchases.iter().map(LedgerEntry::fact);
        purchases.chain(readings).collect()
    }
}

/// What was given back before that time is in the balance that the chain begins with.
fn owed(mut before: Vec<LedgerEntry>, since: DateTime<Utc>) -> Vec<Decimal> {
    before.retain(|purchase| purchase.is_cancelled() && purchase.recorded_at >= Some(since));
    before.sort_by_key(|purchase| purchase.recorded_at);

    before.iter().filter_map(LedgerEntry::charge).collect()
}
