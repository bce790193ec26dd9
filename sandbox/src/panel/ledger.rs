//! What really happened at the panel, for those who want to prove something about a client.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
};

use rust_decimal::Decimal;
use tokio::time::Instant;

use super::{
    Account, Ending, Endpoint, Recording, RequestRecord, Said, Sale, books::Books, call::Call,
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
    shared: Arc<Shared>,
}

struct Shared {
    books: Mutex<Books>,
    recording: Recording,
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
    pub(super) fn new(accounts: &[Account], recording: Recording) -> Self {
        let shared = Shared {
            books: Mutex::new(Books::new(accounts)),
            recording,
            traffic: Traffic::new(),
        };
        Self {
            shared: Arc::new(shared),
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

    /// Whether anything was sold under this reference.
    #[must_use]
    pub fn sold(&self, reference: &str) -> bool {
        self.sale(reference).is_some()
    }

    /// The first sale under this reference.
    #[must_use]
    pub fn sale(&self, reference: &str) -> Option<Sale> {
        self.read(|books| {
            let mut sales = books.sales.iter();
            sales.find(|sale| sale.reference == reference).cloned()
        })
    }

    /// How often each player was sold to.
    #[must_use]
    pub fn sales_per_player(&self) -> HashMap<String, usize> {
        self.read(|books| tally(books.sales.iter().map(|sale| sale.player.clone())))
    }

    /// Players who were sold to more than once: "bought twice" where each order has its own player.
    #[must_use]
    pub fn players_sold_twice(&self) -> Vec<String> {
        repeated(self.sales_per_player())
    }

    /// References of one account under which more than one sale was made.
    #[must_use]
    pub fn references_sold_twice(&self) -> Vec<String> {
        let name = |sale: &Sale| (sale.account.clone(), sale.reference.clone());
        let counts = self.read(|books| tally(books.sales.iter().map(name)));
        let twice = repeated(counts);
        twice.into_iter().map(|(_, reference)| reference).collect()
    }

    /// Every recorded request, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.read(|books| books.requests.clone())
    }

    /// Recorded requests to an endpoint about a reference, in order of arrival.
    #[must_use]
    pub fn requests_about(&self, endpoint: Endpoint, reference: &str) -> Vec<RequestRecord> {
        self.select(|r| r.endpoint == endpoint && r.reference == reference)
    }

    /// References for which more than one purchase was recorded, whether or not it sold.
    #[must_use]
    pub fn references_sent_twice(&self) -> Vec<String> {
        let purchases = self.select(|r| r.endpoint == Endpoint::Purchase);
        repeated(tally(purchases.into_iter().map(|r| r.reference)))
    }

    /// Recorded purchases under whose reference nothing was ever sold to that account.
    #[must_use]
    pub fn purchases_without_sale(&self) -> Vec<RequestRecord> {
        let sales = self.sales();
        let sold: std::collections::HashSet<_> = sales
            .iter()
            .map(|sale| (sale.account.as_str(), sale.reference.as_str()))
            .collect();
        self.select(|r| {
            let name = (r.account.as_str(), r.reference.as_str());
            r.endpoint == Endpoint::Purchase && !sold.contains(&name)
        })
    }

    /// How many requests came to an endpoint, recorded or not.
    #[must_use]
    pub fn count(&self, endpoint: Endpoint) -> u64 {
        self.shared.traffic.count(endpoint as usize)
    }

    /// How many requests came to no endpoint of the panel.
    #[must_use]
    pub fn strays(&self) -> u64 {
        self.shared.traffic.strays()
    }

    /// What an account was charged in all, in TRY, before anything was paid back.
    #[must_use]
    pub fn charged(&self, kod: &str) -> Decimal {
        self.read(|books| books.charged(kod))
    }

    /// What is left on an account, in TRY.
    #[must_use]
    pub fn balance(&self, kod: &str) -> Option<Decimal> {
        self.read(|books| books.left(kod))
    }

    /// Requests that have arrived, are not answered, and whose client still waits.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.shared.traffic.in_flight()
    }

    /// The most requests that were ever in flight at once.
    #[must_use]
    pub fn max_in_flight(&self) -> usize {
        self.shared.traffic.max_in_flight()
    }

    /// Waits until the ledger is as wanted. Looks again after every change of it.
    pub async fn wait_for(&self, mut wanted: impl FnMut(&Self) -> bool) {
        self.shared.traffic.wait_until(|| wanted(self)).await;
    }

    pub(super) fn settle(&self, kod: &str, reference: &str, ending: Ending) -> bool {
        self.change(|books| books.settle(kod, reference, ending))
    }

    pub(super) fn set_balance(&self, kod: &str, balance: Decimal) -> bool {
        self.change(|books| books.set_balance(kod, balance))
    }

    pub(super) fn stray(&self) {
        self.shared.traffic.stray();
    }

    pub(super) fn enter(&self) -> InFlight<ENDPOINTS> {
        self.shared.traffic.enter()
    }

    /// Counts a request and records it, if such requests are recorded. Returns its place.
    pub(super) fn arrived(
        &self,
        endpoint: Endpoint,
        call: &Call<'_>,
        connection: u64,
        fault: Option<&Fault>,
    ) -> Option<usize> {
        self.shared.traffic.add(endpoint as usize);
        let seq = self.records(endpoint).then(|| {
            let mut books = lock(&self.shared.books);
            let seq = books.requests.len();
            books.requests.push(RequestRecord {
                seq,
                endpoint,
                account: call.kod.clone().into_owned(),
                reference: call.reference.clone().into_owned(),
                connection,
                at: Instant::now(),
                said: None,
                fault: fault.cloned(),
            });
            seq
        });
        self.shared.traffic.announce();

        seq
    }

    /// Does the work of a request and notes what it led to, as one change.
    pub(super) fn work<T>(
        &self,
        seq: Option<usize>,
        work: impl FnOnce(&mut Books) -> T,
        said: impl FnOnce(&T) -> Said,
    ) -> T {
        self.change(|books| {
            let done = work(books);
            if let Some(record) = seq.and_then(|seq| books.requests.get_mut(seq)) {
                record.said = Some(said(&done));
            }
            done
        })
    }

    fn records(&self, endpoint: Endpoint) -> bool {
        match self.shared.recording {
            Recording::Everything => true,
            Recording::Purchases => endpoint == Endpoint::Purchase,
            Recording::Counters => false,
        }
    }

    fn select(&self, wanted: impl Fn(&RequestRecord) -> bool) -> Vec<RequestRecord> {
        self.read(|books| {
            let all = books.requests.iter();
            all.filter(|r| wanted(r)).cloned().collect()
        })
    }

    fn read<T>(&self, look: impl FnOnce(&Books) -> T) -> T {
        look(&lock(&self.shared.books))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Books) -> T) -> T {
        let result = change(&mut lock(&self.shared.books));
        self.shared.traffic.announce();
        result
    }
}
