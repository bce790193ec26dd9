//! The panel's own books: balances and sales. Pure: the time comes from outside.
//!
//! What must stay true: money leaves a balance once for each sale and comes back once for each
//! cancellation, however often somebody asks.

use std::collections::HashMap;

use rust_decimal::Decimal;
use tokio::time::Instant;

use super::{
    Account, Ending, Readiness, RequestRecord, Sale, answer::Words, call::Question, order::Order,
};
use crate::pin::pin;

/// Order ids begin here, as on a panel that has sold before.
const FIRST_NUMBER: u64 = 67_890;

pub(super) struct Books {
    seed: u64,
    pages: Vec<Page>,
    pub(super) sales: Vec<Sale>,
    pub(super) requests: Vec<RequestRecord>,
}

/// What belongs to one account.
struct Page {
    name: String,
    token: String,
    email: String,
    left: Decimal,
    charged: Decimal,
    /// The first sale under each `order_uuid`.
    sold: HashMap<String, usize>,
}

/// What a sale is made by.
pub(super) struct Terms {
    pub(super) readiness: Readiness,
    pub(super) refuses_duplicates: bool,
    /// Whether what is ready at once is delivered by the answer to the purchase.
    pub(super) instant: bool,
    pub(super) now: Instant,
}

impl Books {
    pub(super) fn new(seed: u64, accounts: &[Account]) -> Self {
        let page = |account: &Account| Page {
            name: account.name.clone(),
            token: account.token.clone(),
            email: account.email.clone(),
            left: account.balance,
            charged: Decimal::ZERO,
            sold: HashMap::new(),
        };
        Self {
            seed,
            pages: accounts.iter().map(page).collect(),
            sales: Vec::new(),
            requests: Vec::new(),
        }
    }

    /// Sells, unless the `order_uuid` is used and that matters, or the balance does not suffice.
    pub(super) fn sell(&mut self, order: &Order<'_>, terms: &Terms) -> Words {
        let Some(page) = self.pages.iter_mut().find(|p| p.token == order.token) else {
            return Words::NoAccount;
        };
        let index = self.sales.len();
        let repeated = page.sold.contains_key(order.uuid);

        if terms.refuses_duplicates && repeated {
            return Words::SentBefore;
        }
        if page.left < order.cost() {
            return Words::NoBalance;
        }

        let mut sale = page.charge(index, order, terms);
        sale.code = page.code(self.seed, &sale, repeated);
        if sale.ends_at_once(order.product.rejected, terms) {
            page.end(&mut sale);
        }
        self.sales.push(sale.clone());

        Words::Sold(Box::new(sale))
    }

    /// Answers a question; the answer that ends a purchase is given from then on. Orders that are
    /// unknown, or another account's, are left out.
    pub(super) fn ask(&mut self, token: &str, question: &Question<'_>, now: Instant) -> Words {
        let Some(page) = self.pages.iter_mut().find(|p| p.token == token) else {
            return Words::NoAccount;
        };

        let mut found = Vec::new();
        for order in &question.orders {
            let index = page.find(order, question.by_uuid);
            let sale = index.and_then(|i| self.sales.get_mut(i));
            if let Some(sale) = sale.filter(|sale| sale.account == page.name) {
                if sale.settled.is_none() && sale.is_ready(now) {
                    page.end(sale);
                }
                sale.asked = sale.asked.saturating_add(1);
                found.push(sale.clone());
            }
        }

        Words::Orders(found)
    }

    /// Decides how a purchase ends and makes it ready. Returns whether that could be done.
    pub(super) fn settle(&mut self, token: &str, order_uuid: &str, ending: Ending) -> bool {
        let index = self.page(token).and_then(|p| p.find(order_uuid, true));
        match index.and_then(|i| self.sales.get_mut(i)) {
            Some(sale) if sale.settled.is_none() => {
                sale.ending = ending;
                sale.readiness = Readiness::default();
                true
            }
            _ => false,
        }
    }

    pub(super) fn balance(&self, token: &str) -> Words {
        let page = self.page(token);
        page.map_or(Words::NoAccount, |page| Words::Balance {
            left: page.left,
            email: page.email.clone(),
        })
    }

    pub(super) fn set_balance(&mut self, token: &str, balance: Decimal) -> bool {
        let page = self.pages.iter_mut().find(|p| p.token == token);
        page.map(|page| page.left = balance).is_some()
    }

    pub(super) fn left(&self, token: &str) -> Option<Decimal> {
        self.page(token).map(|page| page.left)
    }

    pub(super) fn charged(&self, token: &str) -> Decimal {
        self.page(token).map_or(Decimal::ZERO, |page| page.charged)
    }

    /// The name of the account with this token.
    pub(super) fn name(&self, token: &str) -> Option<&str> {
        self.page(token).map(|page| page.name.as_str())
    }

    fn page(&self, token: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.token == token)
    }
}

impl Page {
    /// Takes the money and makes the sale that stands for it.
    fn charge(&mut self, index: usize, order: &Order<'_>, terms: &Terms) -> Sale {
        let cost = order.cost();
        self.left -= cost;
        self.charged += cost;
        if !order.uuid.is_empty() {
            self.sold.entry(order.uuid.to_owned()).or_insert(index);
        }

        Sale {
            number: FIRST_NUMBER.saturating_add(index as u64),
            account: self.name.clone(),
            order_uuid: order.uuid.to_owned(),
            product: order.product.id.clone(),
            params: order.params.clone(),
            quantity: order.quantity,
            cost,
            at: terms.now,
            asked: 0,
            ending: order.product.ending,
            settled: None,
            pin: None,
            code: String::new(),
            readiness: terms.readiness,
        }
    }

    /// The code of a sale. The first sale under an `order_uuid` has one that a test can foretell;
    /// what is bought twice is another code.
    fn code(&self, seed: u64, sale: &Sale, repeated: bool) -> String {
        let (uuid, number) = (&sale.order_uuid, sale.number);
        if repeated || uuid.is_empty() {
            return pin(seed, &self.token, &format!("{uuid}/{number}"));
        }
        pin(seed, &self.token, uuid)
    }

    fn end(&mut self, sale: &mut Sale) {
        sale.settled = Some(sale.ending);
        match sale.ending {
            Ending::Code => sale.pin = Some(sale.code.clone()),
            Ending::Cancelled => self.left += sale.cost,
            Ending::TopUp => {}
        }
    }

    /// The place of an order among all sales, which need not be this account's.
    fn find(&self, order: &str, by_uuid: bool) -> Option<usize> {
        if by_uuid {
            return self.sold.get(order).copied();
        }
        let number: u64 = order.parse().ok()?;
        usize::try_from(number.checked_sub(FIRST_NUMBER)?).ok()
    }
}

impl Sale {
    fn is_ready(&self, now: Instant) -> bool {
        self.readiness.reached(self.asked, self.at, now)
    }

    fn ends_at_once(&self, rejected: bool, terms: &Terms) -> bool {
        let delivers = terms.instant && self.ending != Ending::Cancelled;
        rejected || (delivers && self.is_ready(terms.now))
    }
}

#[cfg(test)]
mod tests;
