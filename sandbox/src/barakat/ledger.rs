//! What really happened at the panel, for those who want to prove something about a client.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex},
};

use rust_decimal::Decimal;
use tokio::time::Instant;

use super::{
    Account, Ending, Endpoint, RequestRecord, Sale, answer::Words, books::Books, call::Call,
};
use crate::{
    lock,
    tally::{repeated, tally},
    traffic::{InFlight, Traffic},
    trouble::Fault,
};

const ENDPOINTS: usize = Endpoint::ALL.len();

/// Handle to the panel's books; clones see the same books.
#[derive(Clone)]
pub struct Ledger {
    books: Arc<Mutex<Books>>,
    traffic: Arc<Traffic<ENDPOINTS>>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("sales", &self.sale_count())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

impl Ledger {
    pub(super) fn new(seed: u64, accounts: &[Account]) -> Self {
        Self {
            books: Arc::new(Mutex::new(Books::new(seed, accounts))),
            traffic: Traffic::new(),
        }
    }

    /// Every sale, in order.
    #[must_use]
    pub fn sales(&self) -> Vec<Sale> {
        self.read(|books| books.sales.clone())
    }

    /// How many sales there are.
    #[must_use]
    pub fn sale_count(&self) -> usize {
        self.read(|books| books.sales.len())
    }

    /// Whether anything was sold under this `order_uuid`.
    #[must_use]
    pub fn sold(&self, order_uuid: &str) -> bool {
        self.sale(order_uuid).is_some()
    }

    /// The first sale under this `order_uuid`.
    #[must_use]
    pub fn sale(&self, order_uuid: &str) -> Option<Sale> {
        self.read(|books| {
            let mut sales = books.sales.iter();
            sales.find(|sale| sale.order_uuid == order_uuid).cloned()
        })
    }

    /// How often each player was sold to; what needs no player does not count.
    #[must_use]
    pub fn sales_per_player(&self) -> HashMap<String, usize> {
        let player = |sale: &Sale| sale.player().map(str::to_owned);
        self.read(|books| tally(books.sales.iter().filter_map(player)))
    }

    /// Players who were sold to more than once: "bought twice" where each order has its own player.
    #[must_use]
    pub fn players_sold_twice(&self) -> Vec<String> {
        repeated(self.sales_per_player())
    }

    /// What was sold more than once to one account under one `order_uuid`.
    #[must_use]
    pub fn references_sold_twice(&self) -> Vec<String> {
        let name = |sale: &Sale| (sale.account.clone(), sale.order_uuid.clone());
        let counts = self.read(|books| {
            let named = books
                .sales
                .iter()
                .filter(|sale| !sale.order_uuid.is_empty());
            tally(named.map(name))
        });

        let twice = repeated(counts);
        twice.into_iter().map(|(_, reference)| reference).collect()
    }

    /// Every request, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.read(|books| books.requests.clone())
    }

    /// Requests to an endpoint that named an order so, in order of arrival. A purchase names its
    /// `order_uuid`; a question names that or the panel's own number.
    #[must_use]
    pub fn requests_about(&self, endpoint: Endpoint, reference: &str) -> Vec<RequestRecord> {
        self.select(|r| {
            r.endpoint == endpoint && r.references.iter().any(|named| named == reference)
        })
    }

    /// What was sent as `order_uuid` of more than one purchase, whether or not it sold.
    #[must_use]
    pub fn references_sent_twice(&self) -> Vec<String> {
        let purchases = self.select(|r| r.endpoint == Endpoint::Purchase);
        repeated(tally(purchases.into_iter().flat_map(|r| r.references)))
    }

    /// Purchases under whose `order_uuid` nothing was ever sold to that account.
    #[must_use]
    pub fn purchases_without_sale(&self) -> Vec<RequestRecord> {
        let sales = self.sales();
        let sold: HashSet<(&str, &str)> = sales
            .iter()
            .map(|sale| (sale.account.as_str(), sale.order_uuid.as_str()))
            .collect();

        self.select(|r| {
            let uuid = r.references.first().map_or("", String::as_str);
            r.endpoint == Endpoint::Purchase && !sold.contains(&(r.account.as_str(), uuid))
        })
    }

    /// How many requests came to an endpoint.
    #[must_use]
    pub fn count(&self, endpoint: Endpoint) -> u64 {
        self.traffic.count(endpoint as usize)
    }

    /// How many requests came to no endpoint of the panel.
    #[must_use]
    pub fn strays(&self) -> u64 {
        self.traffic.strays()
    }

    /// What an account was charged in all, in TRY, before anything was paid back.
    #[must_use]
    pub fn charged(&self, token: &str) -> Decimal {
        self.read(|books| books.charged(token))
    }

    /// What is left on an account, in TRY.
    #[must_use]
    pub fn balance(&self, token: &str) -> Option<Decimal> {
        self.read(|books| books.left(token))
    }

    /// Requests that have arrived, are not answered, and whose client still waits.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.traffic.in_flight()
    }

    /// The most requests that were ever in flight at once.
    #[must_use]
    pub fn max_in_flight(&self) -> usize {
        self.traffic.max_in_flight()
    }

    /// Waits until the ledger is as wanted. Looks again after every change of it.
    pub async fn wait_for(&self, mut wanted: impl FnMut(&Self) -> bool) {
        self.traffic.wait_until(|| wanted(self)).await;
    }

    pub(super) fn settle(&self, token: &str, order_uuid: &str, ending: Ending) -> bool {
        self.change(|books| books.settle(token, order_uuid, ending))
    }

    pub(super) fn set_balance(&self, token: &str, balance: Decimal) -> bool {
        self.change(|books| books.set_balance(token, balance))
    }

    pub(super) fn stray(&self) {
        self.traffic.stray();
    }

    pub(super) fn enter(&self) -> InFlight<ENDPOINTS> {
        self.traffic.enter()
    }

    /// Counts a request and records it. Returns its place.
    pub(super) fn arrived(
        &self,
        endpoint: Endpoint,
        call: &Call<'_>,
        connection: u64,
        fault: Option<&Fault>,
    ) -> usize {
        self.traffic.add(endpoint as usize);
        self.change(|books| {
            let seq = books.requests.len();
            books.requests.push(RequestRecord {
                seq,
                endpoint,
                account: books.name(call.token).unwrap_or_default().to_owned(),
                product: call.product.to_owned(),
                references: call.references(endpoint),
                query: call.query.clone(),
                connection,
                at: Instant::now(),
                said: None,
                fault: fault.cloned(),
            });
            seq
        })
    }

    /// Does the work of a request and notes what it led to, as one change.
    pub(super) fn work(&self, seq: usize, work: impl FnOnce(&mut Books) -> Words) -> Words {
        self.change(|books| {
            let words = work(books);
            if let Some(record) = books.requests.get_mut(seq) {
                record.said = Some(words.said());
            }
            words
        })
    }

    fn select(&self, wanted: impl Fn(&RequestRecord) -> bool) -> Vec<RequestRecord> {
        self.read(|books| {
            let all = books.requests.iter();
            all.filter(|r| wanted(r)).cloned().collect()
        })
    }

    fn read<T>(&self, look: impl FnOnce(&Books) -> T) -> T {
        look(&lock(&self.books))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Books) -> T) -> T {
        let result = change(&mut lock(&self.books));
        self.traffic.announce();
        result
    }
}
