//! Who is charged for what, and what a question about it finds.

use std::time::Duration;

use super::{
    super::{Product, Said},
    *,
};

const DAY: Duration = Duration::from_hours(24);

fn books(balance: i64) -> Books {
    let account =
        |name: &str| Account::new(name, format!("token-{name}"), Decimal::new(balance, 2));
    Books::new(7, &[account("a"), account("b")])
}

fn product(ending: Ending) -> Product {
    Product::new("501", "PUBG 60 UC", &["uid"], Decimal::new(1012, 2)).ending(ending)
}

fn terms(change: impl FnOnce(&mut Terms)) -> Terms {
    let mut terms = Terms {
        readiness: Readiness::default(),
        refuses_duplicates: false,
        instant: false,
        now: Instant::now(),
    };
    change(&mut terms);
    terms
}

fn sell_to(books: &mut Books, token: &str, uuid: &str, product: &Product, terms: &Terms) -> Said {
    let order = Order {
        token,
        uuid,
        product,
        quantity: 1,
        params: vec![("uid".to_owned(), "5".to_owned())],
    };
    books.sell(&order, terms).said()
}

fn sell(books: &mut Books, uuid: &str, terms: &Terms) -> Said {
    sell_to(books, "token-a", uuid, &product(Ending::Code), terms)
}

fn ask(books: &mut Books, order: &str, by_uuid: bool, now: Instant) -> Said {
    let orders = vec![order];
    let question = Question { by_uuid, orders };
    books.ask("token-a", &question, now).said()
}

#[test]
fn what_is_sent_twice_is_sold_twice() {
    let mut books = books(10_000);
    for _ in 0..2 {
        assert_eq!(sell(&mut books, "u", &terms(|_| {})), Said::Accepted);
    }
    assert_eq!(books.charged("token-a"), Decimal::new(2024, 2));
    assert_eq!(books.left("token-a"), Some(Decimal::new(7976, 2)));

    let [first, second] = &books.sales[..] else {
        panic!("two sales");
    };
    assert_eq!((first.number, second.number), (67_890, 67_891));
    assert_eq!(first.code, pin(7, "token-a", "u"));
    assert_ne!(first.code, second.code);
}

#[test]
fn a_question_by_uuid_finds_the_first_sale_and_one_by_number_each() {
    let mut books = books(10_000);
    for _ in 0..2 {
        sell(&mut books, "u", &terms(|_| {}));
    }
    let now = Instant::now();

    assert_eq!(ask(&mut books, "u", true, now), Said::Done);
    assert_eq!(ask(&mut books, "67891", false, now), Said::Done);
    let asked: Vec<u32> = books.sales.iter().map(|sale| sale.asked).collect();
    assert_eq!(asked, [1, 1]);

    for (order, by_uuid) in [
        ("67890", true),
        ("u", false),
        ("67892", false),
        ("1", false),
    ] {
        assert_eq!(
            ask(&mut books, order, by_uuid, now),
            Said::NotFound,
            "{order}"
        );
    }
}

#[test]
fn a_question_about_several_finds_what_is_known() {
    let mut books = books(10_000);
    for uuid in ["u", "v"] {
        sell(&mut books, uuid, &terms(|_| {}));
    }
    let question = Question {
        by_uuid: true,
        orders: vec!["v", "x", "u"],
    };
    let words = books.ask("token-a", &question, Instant::now());

    assert_eq!(words.said(), Said::Several);
    let Words::Orders(found) = words else {
        panic!("orders");
    };
    let uuids: Vec<_> = found.iter().map(|sale| &*sale.order_uuid).collect();
    assert_eq!(uuids, ["v", "u"]);
}

#[test]
fn a_panel_that_refuses_duplicates_does_so_for_each_account() {
    let mut books = books(10_000);
    let strict = terms(|t| t.refuses_duplicates = true);
    let product = product(Ending::Code);
    for (token, want) in [
        ("token-a", Said::Accepted),
        ("token-a", Said::SentBefore),
        ("token-b", Said::Accepted),
        ("a", Said::NoAccount),
    ] {
        assert_eq!(sell_to(&mut books, token, "u", &product, &strict), want);
    }
    assert_eq!(books.sales.len(), 2);

    let now = Instant::now();
    assert_eq!(ask(&mut books, "67891", false, now), Said::NotFound, "b's");
}

#[test]
fn without_an_order_uuid_nothing_is_a_duplicate_and_only_the_number_finds_it() {
    let mut books = books(10_000);
    let strict = terms(|t| t.refuses_duplicates = true);
    for _ in 0..2 {
        assert_eq!(sell(&mut books, "", &strict), Said::Accepted);
    }
    assert_ne!(books.sales[0].code, books.sales[1].code);

    let now = Instant::now();
    assert_eq!(ask(&mut books, "", true, now), Said::NotFound);
    assert_eq!(ask(&mut books, "67891", false, now), Said::Done);
}

#[test]
fn the_last_kurus_buys_and_one_less_does_not() {
    assert_eq!(sell(&mut books(1012), "u", &terms(|_| {})), Said::Accepted);
    let mut short = books(1011);
    assert_eq!(sell(&mut short, "u", &terms(|_| {})), Said::NoBalance);
    assert!(short.sales.is_empty());
    assert_eq!(short.left("token-a"), Some(Decimal::new(1011, 2)));
}

#[test]
fn is_ready_after_so_many_questions_and_so_much_time() {
    let start = Instant::now();
    let mut books = books(10_000);
    let slow = terms(|t| {
        t.now = start;
        t.readiness = Readiness {
            waits: 2,
            after: Duration::from_secs(10),
        };
    });
    sell(&mut books, "u", &slow);

    for (secs, want) in [
        (0, Said::Waiting),
        (20, Said::Waiting),
        (9, Said::Waiting),
        (10, Said::Done),
        (0, Said::Done),
    ] {
        let now = start + Duration::from_secs(secs);
        assert_eq!(ask(&mut books, "u", true, now), want, "after {secs} s");
    }
}

#[test]
fn a_cancellation_pays_back_once() {
    let mut books = books(1012);
    let cancelled = product(Ending::Cancelled);
    let said = sell_to(&mut books, "token-a", "u", &cancelled, &terms(|_| {}));
    assert_eq!(said, Said::Accepted);
    assert_eq!(books.left("token-a"), Some(Decimal::new(0, 2)));

    for _ in 0..3 {
        assert_eq!(ask(&mut books, "u", true, Instant::now()), Said::Cancelled);
    }
    assert_eq!(books.left("token-a"), Some(Decimal::new(1012, 2)));
    assert!(!books.settle("token-a", "u", Ending::Code), "it has ended");
}

#[test]
fn a_rejection_at_once_is_a_sale_that_is_paid_back() {
    let mut books = books(1012);
    let rejected = product(Ending::Code).rejected();
    let never = terms(|t| t.readiness = Readiness::NEVER);
    let said = sell_to(&mut books, "token-a", "u", &rejected, &never);

    assert_eq!(said, Said::Rejected);
    assert_eq!(books.left("token-a"), Some(Decimal::new(1012, 2)));
    assert_eq!(books.charged("token-a"), Decimal::new(1012, 2));
    assert_eq!(ask(&mut books, "u", true, Instant::now()), Said::Cancelled);
}

#[test]
fn an_instant_panel_delivers_what_is_ready_and_nothing_else() {
    for (ending, readiness, want) in [
        (Ending::Code, Readiness::default(), Said::Delivered),
        (Ending::TopUp, Readiness::default(), Said::Delivered),
        (Ending::Cancelled, Readiness::default(), Said::Accepted),
        (Ending::Code, Readiness::after_waits(1), Said::Accepted),
    ] {
        let mut books = books(1012);
        let instant = terms(|t| {
            t.instant = true;
            t.readiness = readiness;
        });
        let said = sell_to(&mut books, "token-a", "u", &product(ending), &instant);
        assert_eq!(said, want, "{ending:?} {readiness:?}");
        let delivered = ending == Ending::Code && want == Said::Delivered;
        assert_eq!(books.sales[0].pin.is_some(), delivered);
    }
}

#[test]
fn a_purchase_that_is_never_ready_can_be_settled_by_hand() {
    let mut books = books(10_000);
    sell(&mut books, "u", &terms(|t| t.readiness = Readiness::NEVER));
    let later = Instant::now() + DAY;
    assert_eq!(ask(&mut books, "u", true, later), Said::Waiting);
    assert!(books.settle("token-a", "u", Ending::TopUp));
    assert_eq!(ask(&mut books, "u", true, later), Said::Done);
    assert_eq!(books.sales[0].pin, None);
}
