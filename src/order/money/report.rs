//! A day's money at the panels, as people read it.

#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    chain::{Link, chain},
    ledger::{Ledger, LedgerEntry, Reading},
};
use crate::order::{IntegrationId, OrderId};

/// A day in the zone of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) date: NaiveDate,
    pub(crate) zone: chrono_tz::Tz,
    /// Its first moment, ...
    pub(crate) since: DateTime<Utc>,
    /// ... and that of the next one.
    pub(crate) until: DateTime<Utc>,
}

/// One account and what is written down of it; from a while before the day on.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) integration: IntegrationId,
    pub(crate) panel: Option<String>,
    pub(crate) ledger: Ledger,
}

/// A day's money.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Money {
    /// The day.
    #[schema(value_type = String, format = Date)]
    pub(crate) day: NaiveDate,
    /// Its zone.
    pub(crate) time_zone: &'static str,
    /// When it began.
    pub(crate) since: DateTime<Utc>,
    /// When it ends.
    pub(crate) until: DateTime<Utc>,
    /// The sums of each panel, by name.
    pub(crate) panels: Vec<PanelMoney>,
    /// What moved the accounts, panel by panel.
    pub(crate) links: Vec<MoneyLink>,
}

/// What a day did to one account. All sums are in TRY.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PanelMoney {
    /// The panel.
    #[schema(value_type = uuid::Uuid)]
    pub(crate) integration: IntegrationId,
    /// Its name; null when its row is gone.
    pub(crate) panel: Option<String>,
    /// Purchases of orderwatch.
    pub(crate) purchases: u64,
    /// What they cost; by the panel's list where it has not named the charge.
    #[schema(value_type = String)]
    pub(crate) cost: Decimal,
    /// How many of them count at their price in the list.
    pub(crate) at_list_price: u64,
    /// How many of them are in no sum, since neither charge nor list price is known.
    pub(crate) cost_unknown: u64,
    /// What the account held when the day began, as the panel had said last.
    #[schema(value_type = Option<String>)]
    pub(crate) first: Option<Decimal>,
    /// What it held at the end.
    #[schema(value_type = Option<String>)]
    pub(crate) last: Option<Decimal>,
    /// What the panel gave back for cancelled purchases.
    #[schema(value_type = String)]
    pub(crate) refunded: Decimal,
    /// What left the account without a purchase of ours.
    #[schema(value_type = String)]
    pub(crate) fell: Decimal,
    /// What came in without a refund: top-ups.
    #[schema(value_type = String)]
    pub(crate) rose: Decimal,
    /// Purchases whose charge differs from the list.
    pub(crate) price_changes: u64,
    /// Purchases that cost more than the customer paid.
    pub(crate) losses: u64,
    /// How much more, in all.
    #[schema(value_type = String)]
    pub(crate) loss: Decimal,
    /// Purchases of which it is not known what the customer paid in TRY.
    pub(crate) price_unknown: u64,
}

/// What a link of the chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LinkKind {
    /// A purchase of ours.
    Purchase,
    /// A balance that was asked for, and that shows that something has moved.
    Reading,
}

/// How money moved that no purchase of ours explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Moved {
    /// It left: somebody else buys there, or a fee.
    Fell,
    /// It came in: a top-up.
    Rose,
    /// The panel gave back the charge of cancelled purchases.
    Refunded,
}

/// One link of an account's chain: before + movement − charge = after. All sums are in TRY.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MoneyLink {
    /// When the panel answered.
    pub(crate) at: DateTime<Utc>,
    /// The panel.
    #[schema(value_type = uuid::Uuid)]
    pub(crate) integration: IntegrationId,
    /// Its name; null when its row is gone.
    pub(crate) panel: Option<String>,
    /// What it is.
    pub(crate) kind: LinkKind,
    /// The order.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub(crate) order: Option<OrderId>,
    /// Its number in the shop.
    pub(crate) number: Option<String>,
    /// The shop's package.
    pub(crate) package: Option<String>,
    /// Our name for the purchase at the panel.
    pub(crate) reference: Option<String>,
    /// What the account held before, as the panel had said last; null where the answer to this purchase named no balance.
    #[schema(value_type = Option<String>)]
    pub(crate) before: Option<Decimal>,
    /// What else moved the account since then; below zero when it left.
    #[schema(value_type = Option<String>)]
    pub(crate) movement: Option<Decimal>,
    /// What that was.
    pub(crate) moved: Option<Moved>,
    /// What the panel charged, or else the price in its list.
    #[schema(value_type = Option<String>)]
    pub(crate) charge: Option<Decimal>,
    /// Whether the panel itself named the charge.
    pub(crate) charged: bool,
    /// By how much the charge differs from the list.
    #[schema(value_type = Option<String>)]
    pub(crate) price_change: Option<Decimal>,
    /// What the account held after it.
    #[schema(value_type = Option<String>)]
    pub(crate) after: Option<Decimal>,
    /// What the customer paid.
    #[schema(value_type = Option<String>)]
    pub(crate) sold_for: Option<Decimal>,
    /// By how much it cost more than that.
    #[schema(value_type = Option<String>)]
    pub(crate) loss: Option<Decimal>,
    /// The last event of the purchase.
    pub(crate) outcome: Option<String>,
}

/// The money of a day at these accounts.
#[must_use]
pub(crate) fn money(accounts: Vec<Account>, day: Day) -> Money {
    let mut panels = Vec::with_capacity(accounts.len());
    let mut links = Vec::new();

    for account in accounts {
        let mut sums = PanelMoney::of(&account);
        for (link, balanced) in account.links() {
            if (day.since..day.until).contains(&link.at) {
                sums.add(&link, balanced);
                links.extend(link.is_news().then_some(link));
            }
        }
        if sums.has_any() {
            panels.push(sums);
        }
    }

    Money {
        day: day.date,
        time_zone: day.zone.name(),
        since: day.since,
        until: day.until,
        panels,
        links,
    }
}

/// What the account held before and after a link, as far as the panel said.
type Balanced = (Option<Decimal>, Option<Decimal>);

/// Two digits at least, and never fewer than there are: nothing is rounded.
fn exact(amount: Decimal) -> Decimal {
    let mut exact = amount.normalize();
    exact.rescale(exact.scale().max(2));
    exact
}

impl Account {
    fn links(&self) -> impl Iterator<Item = (MoneyLink, Balanced)> {
        let chain = chain(&self.ledger.facts(), &self.ledger.owed);
        chain.into_iter().filter_map(|link| {
            let purchases = &self.ledger.purchases;
            let shown = if let Some(purchase) = purchases.get(link.fact) {
                self.purchase(purchase, &link)
            } else {
                self.reading(
                    self.ledger.readings.get(link.fact - purchases.len())?,
                    &link,
                )
            };
            // The first one of all says what there was before it.
            let charge = shown.charge.unwrap_or_default();
            let before = shown.before.or(shown.after.map(|after| after + charge));
            let balanced = (before, shown.after);
            Some((shown, balanced))
        })
    }

    fn purchase(&self, purchase: &LedgerEntry, link: &Link) -> MoneyLink {
        MoneyLink {
            kind: LinkKind::Purchase,
            order: Some(purchase.order),
            number: purchase.number.clone(),
            package: purchase.package.clone(),
            reference: Some(purchase.reference.clone()),
            charge: purchase.charge().map(exact),
            charged: purchase.cost.is_some(),
            price_change: purchase.price_change().map(exact),
            after: purchase.balance.map(exact),
            sold_for: purchase.sold_for.map(exact),
            loss: purchase.loss().map(exact),
            outcome: purchase.outcome.clone(),
            ..self.link(purchase.at(), link)
        }
    }

    fn reading(&self, reading: &Reading, link: &Link) -> MoneyLink {
        MoneyLink {
            after: Some(exact(reading.balance)),
            ..self.link(reading.asked_at, link)
        }
    }

    fn link(&self, at: DateTime<Utc>, link: &Link) -> MoneyLink {
        let moved = |amount: Decimal, refund| match (refund, amount.is_sign_negative()) {
            (true, _) => Moved::Refunded,
            (false, true) => Moved::Fell,
            (false, false) => Moved::Rose,
        };

        MoneyLink {
            at,
            integration: self.integration,
            panel: self.panel.clone(),
            kind: LinkKind::Reading,
            order: None,
            number: None,
            package: None,
            reference: None,
            before: link.before.map(exact),
            movement: link.movement.map(|movement| exact(movement.amount)),
            moved: link.movement.map(|it| moved(it.amount, it.refund)),
            charge: None,
            charged: false,
            price_change: None,
            after: None,
            sold_for: None,
            loss: None,
            outcome: None,
        }
    }
}

impl MoneyLink {
    /// A reading that shows nothing new is one of hundreds a day.
    fn is_news(&self) -> bool {
        self.kind == LinkKind::Purchase || self.movement.is_some()
    }
}

impl PanelMoney {
    fn of(account: &Account) -> Self {
        // Sums have the digits of what is added.
        let none = exact(Decimal::ZERO);
        Self {
            integration: account.integration,
            panel: account.panel.clone(),
            purchases: 0,
            cost: none,
            at_list_price: 0,
            cost_unknown: 0,
            first: None,
            last: None,
            refunded: none,
            fell: none,
            rose: none,
            price_changes: 0,
            losses: 0,
            loss: none,
            price_unknown: 0,
        }
    }

    fn add(&mut self, link: &MoneyLink, (before, after): Balanced) {
        self.first = self.first.or(before);
        self.last = after.or(self.last);
        let amount = link.movement.unwrap_or_default();
        match link.moved {
            Some(Moved::Fell) => self.fell -= amount,
            Some(Moved::Rose) => self.rose += amount,
            Some(Moved::Refunded) => self.refunded += amount,
            None => {}
        }

        if link.kind == LinkKind::Purchase {
            self.add_purchase(link);
        }
    }

    fn add_purchase(&mut self, link: &MoneyLink) {
        self.purchases += 1;
        self.cost += link.charge.unwrap_or_default();
        self.cost_unknown += u64::from(link.charge.is_none());
        self.at_list_price += u64::from(link.charge.is_some() && !link.charged);
        self.price_changes += u64::from(link.price_change.is_some());
        self.losses += u64::from(link.loss.is_some());
        self.loss += link.loss.unwrap_or_default();
        self.price_unknown += u64::from(link.sold_for.is_none());
    }

    /// Whether anything is known of the account on that day.
    fn has_any(&self) -> bool {
        self.purchases > 0 || self.last.is_some()
    }
}
