//! The panel's own books: balances and sales. Pure: the time and the words come from outside.

use std::collections::HashMap;

use rust_decimal::Decimal;
use tokio::time::Instant;

use super::{Account, Ending, Product, Readiness, RequestRecord, Sale, answer::Words, call::Call};

/// Numbers of sales begin here, as on a panel that has sold before.
const FIRST_NUMBER: u64 = 100_001;

pub(super) struct Books {
    accounts: Vec<Balance>,
    pub(super) sales: Vec<Sale>,
    pub(super) requests: Vec<RequestRecord>,
}

/// The page of one account.
struct Balance {
    kod: String,
    left: Decimal,
    charged: Decimal,
    /// The first sale under each reference.
    sold: HashMap<String, usize>,
}

/// What a sale is made by.
pub(super) struct Terms<'a> {
    pub(super) product: &'a Product,
    pub(super) readiness: Readiness,
    pub(super) refuses_duplicates: bool,
    pub(super) now: Instant,
}

impl Books {
    pub(super) fn new(accounts: &[Account]) -> Self {
        let page = |account: &Account| Balance {
            kod: account.kod.clone(),
            left: account.balance,
            charged: Decimal::ZERO,
            sold: HashMap::new(),
        };
        Self {
            accounts: accounts.iter().map(page).collect(),
            sales: Vec::new(),
            requests: Vec::new(),
        }
    }

    /// Sells, unless the reference is used or the balance does not suffice.
    pub(super) fn sell(&mut self, call: &Call<'_>, terms: &Terms<'_>) -> Words {
        let Some(page) = self.accounts.iter_mut().find(|a| a.kod == call.kod) else {
            return Words::Nothing;
        };
        let before = page.sold.get(&*call.reference).copied();

        if terms.refuses_duplicates
            && let Some(sale) = before.and_then(|i| self.sales.get(i))
        {
            return Words::SoldBefore {
                number: sale.number,
            };
        }

        let cost = terms.product.price;
        if page.left < cost {
            return Words::NoBalance;
        }
        page.left -= cost;
        page.charged += cost;
        let index = self.sales.len();
        page.sold
            .entry(call.reference.clone().into_owned())
            .or_insert(index);
        let left = page.left;
        self.sales.push(sale(index, call, terms));

        Words::Accepted { cost, left }
    }

    /// Answers a question about a purchase; the answer that ends it is given from then on.
    pub(super) fn ask(
        &mut self,
        call: &Call<'_>,
        now: Instant,
        pin: impl FnOnce() -> String,
    ) -> Words {
        let page = self.accounts.iter_mut().find(|a| a.kod == call.kod);
        let index = page
            .as_ref()
            .and_then(|a| a.sold.get(&*call.reference).copied());
        let sale = index.and_then(|i| self.sales.get_mut(i));
        let (Some(page), Some(sale)) = (page, sale) else {
            return Words::Refused("İşlem bulunamadı");
        };

        if sale.settled.is_none() && sale.is_ready(now) {
            sale.settled = Some(sale.ending);
            match sale.ending {
                Ending::Pin => sale.pin = Some(pin()),
                Ending::Cancelled => page.left += sale.cost,
                Ending::TopUp => {}
            }
        }
        sale.asked = sale.asked.saturating_add(1);

        sale.words()
    }

    /// Decides how a purchase ends and makes it ready. Returns whether that could be done.
    pub(super) fn settle(&mut self, kod: &str, reference: &str, ending: Ending) -> bool {
        let page = self.accounts.iter().find(|a| a.kod == kod);
        let index = page.and_then(|a| a.sold.get(reference).copied());
        match index.and_then(|i| self.sales.get_mut(i)) {
            Some(sale) if sale.settled.is_none() => {
                sale.ending = ending;
                sale.readiness = Readiness::default();
                true
            }
            _ => false,
        }
    }

    pub(super) fn set_balance(&mut self, kod: &str, balance: Decimal) -> bool {
        let page = self.accounts.iter_mut().find(|a| a.kod == kod);
        page.map(|page| page.left = balance).is_some()
    }

    pub(super) fn left(&self, kod: &str) -> Option<Decimal> {
        self.account(kod).map(|a| a.left)
    }

    pub(super) fn charged(&self, kod: &str) -> Decimal {
        self.account(kod).map_or(Decimal::ZERO, |a| a.charged)
    }

    fn account(&self, kod: &str) -> Option<&Balance> {
        self.accounts.iter().find(|a| a.kod == kod)
    }
}

fn sale(index: usize, call: &Call<'_>, terms: &Terms<'_>) -> Sale {
    let text = |field: &str| (!field.is_empty()).then(|| field.to_owned());
    Sale {
        number: FIRST_NUMBER.saturating_add(index as u64),
        account: call.kod.clone().into_owned(),
        reference: call.reference.clone().into_owned(),
        product: terms.product.id.clone(),
        player: call.player.clone().into_owned(),
        phone: text(&call.phone),
        cost: terms.product.price,
        at: terms.now,
        asked: 0,
        settled: None,
        pin: None,
        ending: terms.product.ending,
        readiness: terms.readiness,
    }
}

impl Sale {
    fn is_ready(&self, now: Instant) -> bool {
        self.readiness.reached(self.asked, self.at, now)
    }

    fn words(&self) -> Words {
        match self.settled {
            None => Words::Waiting,
            Some(Ending::Cancelled) => Words::Cancelled,
            Some(Ending::Pin | Ending::TopUp) => Words::Done {
                pin: self.pin.clone(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::Said, *};

    fn books(balance: i64) -> Books {
        Books::new(&[
            Account::new("a", "x", Decimal::new(balance, 2)),
            Account::new("b", "x", Decimal::new(balance, 2)),
        ])
    }

    fn product(ending: Ending) -> Product {
        Product::new("2", "PUBG 325 UC", "1", "325", Decimal::new(1012, 2)).ending(ending)
    }

    fn call<'a>(kod: &'a str, reference: &'a str) -> Call<'a> {
        Call {
            kod: kod.into(),
            reference: reference.into(),
            player: "5".into(),
            ..Call::default()
        }
    }

    fn sell(
        books: &mut Books,
        kod: &str,
        reference: &str,
        change: impl FnOnce(&mut Terms<'_>),
    ) -> Said {
        let product = product(Ending::Pin);
        let mut terms = Terms {
            product: &product,
            readiness: Readiness::default(),
            refuses_duplicates: true,
            now: Instant::now(),
        };
        change(&mut terms);

        books.sell(&call(kod, reference), &terms).said()
    }

    fn ask(books: &mut Books, reference: &str, now: Instant) -> Said {
        let pin = || "AB12-CD34-EF56-GH78".to_owned();
        books.ask(&call("a", reference), now, pin).said()
    }

    #[test]
    fn sells_once_per_reference_and_account() {
        let mut books = books(10_000);
        assert_eq!(sell(&mut books, "a", "1", |_| {}), Said::Accepted);
        assert_eq!(sell(&mut books, "a", "1", |_| {}), Said::SoldBefore);
        assert_eq!(sell(&mut books, "b", "1", |_| {}), Said::Accepted);
        assert_eq!(sell(&mut books, "c", "1", |_| {}), Said::Nothing);
        assert_eq!(books.left("a"), Some(Decimal::new(8988, 2)));
        assert_eq!(books.charged("a"), Decimal::new(1012, 2));
        assert_eq!(books.sales.len(), 2);
    }

    #[test]
    fn a_sloppy_panel_sells_again_and_charges_again() {
        let mut books = books(10_000);
        for _ in 0..2 {
            let said = sell(&mut books, "a", "1", |t| t.refuses_duplicates = false);
            assert_eq!(said, Said::Accepted);
        }
        assert_eq!(books.charged("a"), Decimal::new(2024, 2));
        assert_eq!(books.sales.len(), 2);
    }

    #[test]
    fn the_last_kurus_buys_and_one_less_does_not() {
        assert_eq!(sell(&mut books(1012), "a", "1", |_| {}), Said::Accepted);
        let mut short = books(1011);
        assert_eq!(sell(&mut short, "a", "1", |_| {}), Said::NoBalance);
        assert!(short.sales.is_empty());
        assert_eq!(short.left("a"), Some(Decimal::new(1011, 2)));
    }

    #[test]
    fn is_ready_after_so_many_questions_and_so_much_time() {
        let start = Instant::now();
        let mut books = books(10_000);

        let readiness = Readiness {
            waits: 2,
            after: Duration::from_secs(10),
        };

        let said = sell(&mut books, "a", "1", |t| {
            t.readiness = readiness;
            t.now = start;
        });
        assert_eq!(said, Said::Accepted);

        for (secs, want) in [
            (0, Said::Waiting),
            (20, Said::Waiting),
            (9, Said::Waiting),
            (10, Said::Done),
            (0, Said::Done),
        ] {
            let now = start + Duration::from_secs(secs);
            assert_eq!(ask(&mut books, "1", now), want, "after {secs} s");
        }

        assert_eq!(ask(&mut books, "2", start), Said::Refused);
    }

    #[test]
    fn a_cancellation_pays_back_once() {
        let mut books = books(1012);
        let cancelled = product(Ending::Cancelled);

        let terms = Terms {
            product: &cancelled,
            readiness: Readiness::default(),
            refuses_duplicates: true,
            now: Instant::now(),
        };

        assert_eq!(books.sell(&call("a", "1"), &terms).said(), Said::Accepted);
        assert_eq!(books.left("a"), Some(Decimal::new(0, 2)));
        for _ in 0..3 {
            assert_eq!(ask(&mut books, "1", Instant::now()), Said::Cancelled);
        }
        assert_eq!(books.left("a"), Some(Decimal::new(1012, 2)));

        assert!(!books.settle("a", "1", Ending::Pin), "it has ended");
    }

    #[test]
    fn a_purchase_that_is_never_ready_can_be_settled_by_hand() {
        let mut books = books(10_000);
        sell(&mut books, "a", "1", |t| t.readiness = Readiness::NEVER);
        let later = Instant::now() + Duration::from_hours(24);
        assert_eq!(ask(&mut books, "1", later), Said::Waiting);
        assert!(books.settle("a", "1", Ending::TopUp));
        assert_eq!(ask(&mut books, "1", later), Said::Done);
        assert_eq!(books.sales[0].pin, None);
    }
}
