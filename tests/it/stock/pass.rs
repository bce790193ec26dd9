//! Passes that send stock, one rule at a time.

use std::time::Duration;

use orderwatch::stock::pace::Settle;
use sandbox::{
    gates::Moment,
    trendyol::{Endpoint, Product, ProductState, trouble},
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;

use super::rig::Rig;

const MINUTE: Duration = Duration::from_mins(1);

#[sqlx::test(migrations = false)]
async fn what_lies_there_unsold_goes_on_sale_once(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 5), ("B", 5), ("C", 0)]).await;
    for (barcode, qty) in [("A", 7), (" B ", 3), ("C", 4)] {
        rig.warehouse.stock(barcode, qty).await;
    }
    let order = rig.shop.sell("B", 2).unwrap();
    let pushed = rig.push().await.unwrap();
    assert_eq!((pushed.items, pushed.units, pushed.batches), (3, 12, 1));
    assert_eq!((pushed.barcodes, pushed.reserved), (3, 2));
    // What is too much goes first.
    let sent = &rig.shop.ledger().requests_to(Endpoint::PushStock)[0].items;
    let want = [("B", 1), ("A", 7), ("C", 4)].map(|(barcode, units)| (barcode.to_owned(), units));
    assert_eq!(sent[..], want);
    assert_eq!(pushed.reserved, 2);
    assert_eq!(rig.on_sale(), ["A 7", "B 1", "C 4"]);
    assert_eq!(
        rig.warehouse.orders().await,
        [format!("{} created Created B×2", order.number)]
    );

    rig.wait(MINUTE);
    let again = rig.push().await.unwrap();
    assert_eq!((again.items, rig.requests()[0]), (0, 1));
    assert_eq!(rig.log().await, ["3|12|2|1|true|-", "0|0|2|0|true|-"]);
    let pushed = rig
        .warehouse
        .rows("SELECT barcode FROM central_stock WHERE last_push_date IS NOT NULL")
        .await;
    assert_eq!(pushed, ["A", "C"]);
}

#[sqlx::test(migrations = false)]
async fn trendyols_own_sales_are_looked_at_and_not_sent_back(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 0), ("B", 0)]).await;
    rig.warehouse.stock("A", 10).await;
    rig.warehouse.stock("B", 10).await;
    rig.push().await.unwrap();
    rig.wait(10 * MINUTE);
    rig.shop.sell("A", 3).unwrap();
    let pushed = rig.push().await.unwrap();
    assert_eq!(
        (pushed.reserved, pushed.items, rig.requests()[0]),
        (3, 0, 1)
    );
    assert_eq!(rig.on_sale(), ["A 7", "B 10"]);
}

#[sqlx::test(migrations = false)]
async fn a_product_that_is_refused_rests_and_is_shown(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 0), ("B", 0)]).await;
    rig.shop.set_state("B", ProductState::Locked).unwrap();
    for barcode in ["A", "B", "nowhere"] {
        rig.warehouse.stock(barcode, 3).await;
    }
    let pushed = rig.push().await.unwrap();
    assert_eq!((pushed.items, pushed.waiting["not_listed"]), (2, 1));
    rig.wait(MINUTE);
    let error = rig.push().await.unwrap_err().to_string();
    assert!(error.contains("Trendyol refuses B"), "{error}");
    assert_eq!(rig.on_sale(), ["A 3", "B 0"]);
    assert_eq!(rig.warehouse.quarantined().await, ["B"]);
    let log = rig.log().await;
    assert_eq!(log[0], "2|6|0|1|true|-");
    assert!(
        log[1].starts_with("0|0|0|0|false|Trendyol refuses B"),
        "{log:?}"
    );

    rig.wait(10 * MINUTE);
    let rests = rig.push().await.unwrap();
    assert_eq!((rests.items, rests.waiting["quarantined"]), (0, 1));
    rig.shop.set_state("B", ProductState::OnSale).unwrap();
    rig.wait(30 * MINUTE);
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 3", "B 3"]);
    rig.wait(MINUTE);
    rig.push().await.unwrap();
    assert_eq!(rig.warehouse.quarantined().await, [""; 0]);
}

#[sqlx::test(migrations = false)]
async fn what_is_refused_is_lowered_again_within_minutes_and_raised_later(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9), ("B", 0)]).await;
    let state = |to| {
        for barcode in ["A", "B"] {
            rig.shop.set_state(barcode, to).unwrap();
        }
    };
    state(ProductState::Locked);
    rig.warehouse.stock("A", 5).await;
    rig.warehouse.stock("B", 5).await;
    rig.push().await.unwrap();
    // Each time both the refusal and what follows of it.
    for _ in 0..4 {
        rig.wait(MINUTE);
        drop(rig.push().await);
    }
    assert_eq!(rig.on_sale(), ["A 9", "B 0"]);

    state(ProductState::OnSale);
    rig.wait(5 * MINUTE);
    rig.turn().await.unwrap();
    // Five and fewer went out minutes ago, and would be refused as repeated.
    let lowered = rig.shop.stock_of("A").unwrap();
    assert!((1..5).contains(&lowered), "{lowered}");
    assert_eq!(rig.shop.stock_of("B"), Some(0));

    // That lowerings were refused, too, puts nothing off.
    rig.wait(25 * MINUTE);
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 5", "B 5"]);
}

#[sqlx::test(migrations = false)]
async fn one_product_that_cannot_be_looked_up_keeps_no_other_from_being_sent(pool: PgPool) {
    let names: Vec<String> = (10..70).map(|n| format!("P{n}")).collect();
    let rig = Rig::over(super::warehouse::Warehouse::new(pool).await, |plan| {
        let products = names.iter().map(|name| Product::new(name.as_str(), 9));
        plan.products = products.collect();
    })
    .await;
    for name in &names {
        rig.warehouse.stock(name, 5).await;
    }

    rig.weather(|weather| weather.unreadable = vec!["P17"]);
    let error = rig.push().await.unwrap_err().to_string();
    assert!(
        error.contains("what is on sale of P17 could not"),
        "{error}"
    );
    let unsent = |name: &&String| rig.shop.stock_of(name) != Some(5);
    let left: Vec<&String> = names.iter().filter(unsent).collect();
    assert_eq!(left, ["P17"]);
}

#[sqlx::test(migrations = false)]
async fn without_the_orders_stock_is_only_lowered(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 0), ("B", 0)]).await;
    rig.warehouse.stock("A", 5).await;
    rig.warehouse.stock("B", 5).await;
    rig.push().await.unwrap();
    rig.weather(|weather| weather.feed_out = true);
    rig.wait(10 * MINUTE);
    rig.warehouse.stock("A", 9).await;
    rig.warehouse.stock("B", 2).await;
    rig.push().await.unwrap_err();
    assert_eq!(rig.on_sale(), ["A 5", "B 2"]);
    rig.weather(|weather| weather.feed_out = false);
    rig.wait(10 * MINUTE);
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 9", "B 2"]);
}

#[sqlx::test(migrations = false)]
async fn an_empty_stock_list_is_a_broken_import(pool: PgPool) {
    let mut rig = Rig::new(pool, &[("A", 0), ("B", 0), ("C", 0)]).await;
    for barcode in ["A", "B", "C"] {
        rig.warehouse.stock(barcode, 5).await;
    }
    rig.push().await.unwrap();
    rig.warehouse.run("DELETE FROM central_stock").await;
    rig.wait(10 * MINUTE);
    let error = rig.push().await.unwrap_err().to_string();
    assert!(
        error.starts_with("3 of 3 products on sale would be set to zero"),
        "{error}"
    );
    assert_eq!(rig.on_sale(), ["A 5", "B 5", "C 5"]);
    rig.force = true;
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 0", "B 0", "C 0"]);
}

#[sqlx::test(migrations = false)]
async fn a_push_whose_answer_is_lost_is_read_back(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 0), ("B", 0)]).await;
    rig.warehouse.stock("A", 5).await;
    rig.warehouse.stock("B", 6).await;
    let lost = Fault::After(Trouble::Reset);
    rig.shop.faults().next(Endpoint::PushStock, lost);
    rig.push().await.unwrap_err();
    assert_eq!(rig.on_sale(), ["A 5", "B 6"]);
    rig.wait(10 * MINUTE);
    let pushed = rig.push().await.unwrap();
    assert_eq!((pushed.items, rig.requests()[0]), (0, 1));
    assert!(pushed.waiting.is_empty(), "{pushed:?}");
}

#[sqlx::test(migrations = false)]
async fn the_same_quantity_waits_for_its_time_and_less_is_sent_meanwhile(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 0)]).await;
    rig.warehouse.stock("A", 5).await;
    rig.push().await.unwrap();
    for (qty, on_sale) in [(7, 7), (5, 4)] {
        rig.wait(MINUTE);
        rig.warehouse.stock("A", qty).await;
        rig.push().await.unwrap();
        assert_eq!(rig.on_sale(), [format!("A {on_sale}")]);
    }
    rig.wait(16 * MINUTE);
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 5"]);
    assert_eq!(rig.shop.ledger().repeated_items(15 * MINUTE), []);
}

#[sqlx::test(migrations = false)]
async fn a_verification_puts_right_what_has_drifted(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 0), ("B", 0)]).await;
    rig.warehouse.stock("A", 5).await;
    rig.warehouse.stock("B", 6).await;
    rig.push().await.unwrap();
    rig.shop.drift("A", 9).unwrap();
    rig.wait(60 * MINUTE);
    let report = rig.verify().await.unwrap();
    assert_eq!(
        (&report["barcodes"], &report["items"]),
        (&2.into(), &1.into())
    );
    assert_eq!(rig.on_sale(), ["A 5", "B 6"]);
}

#[sqlx::test(migrations = false)]
async fn a_pass_that_is_killed_leaves_a_row_of_what_it_sent(pool: PgPool) {
    let mut rig = Rig::new(pool, &[("A", 0), ("B", 0)]).await;
    rig.warehouse.stock("A", 5).await;
    rig.warehouse.stock("B", 6).await;
    rig.rules.batch_size = 1;
    let gate = rig.shop.hold(Endpoint::PushStock, Moment::BeforeAnswer);
    gate.let_one_through();
    tokio::select! {
        _ = rig.push() => panic!("the answer was held back"),
        () = gate.arrived(2) => gate.open(),
    }
    let killed = "1|5|0|1|false|it has not ended; unless it is under way, its process was killed";
    assert_eq!(rig.log().await, [killed]);
    rig.wait(10 * MINUTE);
    rig.push().await.unwrap();
    assert_eq!(rig.log().await, [killed, "0|0|0|0|true|-"]);
    assert_eq!(
        (rig.on_sale(), rig.requests()[0]),
        (vec!["A 5".to_owned(), "B 6".to_owned()], 2)
    );
}

#[sqlx::test(migrations = false)]
async fn what_was_sold_and_picked_is_no_broken_import(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 0), ("B", 0)]).await;
    rig.warehouse.stock("A", 1).await;
    rig.warehouse.stock("B", 1).await;
    rig.push().await.unwrap();
    rig.wait(10 * MINUTE);
    for barcode in ["A", "B"] {
        let order = rig.shop.sell(barcode, 1).unwrap();
        rig.pull().await.unwrap();
        rig.warehouse.picked_by_the_application(&order.number).await;
    }
    let pushed = rig.push().await.unwrap();
    assert_eq!(
        (pushed.items, rig.on_sale()),
        (0, vec!["A 0".to_owned(), "B 0".to_owned()])
    );
}

#[sqlx::test(migrations = false)]
async fn what_is_right_already_is_not_sent_and_a_broken_import_is_seen_on_the_first_day(
    pool: PgPool,
) {
    let rig = Rig::new(pool, &[("A", 5), ("B", 6), ("C", 7)]).await;
    for barcode in ["A", "B", "C"] {
        rig.warehouse.stock(barcode, 0).await;
    }
    let error = rig.push().await.unwrap_err().to_string();
    assert!(
        error.starts_with("3 of 3 products on sale would be set to zero"),
        "{error}"
    );
    assert_eq!(rig.on_sale(), ["A 5", "B 6", "C 7"]);
    for (barcode, qty) in [("A", 5), ("B", 6), ("C", 4)] {
        rig.warehouse.stock(barcode, qty).await;
    }
    let pushed = rig.push().await.unwrap();
    assert_eq!((pushed.items, pushed.batches), (1, 1));
    assert_eq!(rig.on_sale(), ["A 5", "B 6", "C 4"]);
}

#[sqlx::test(migrations = false)]
async fn what_trendyol_gave_back_by_itself_is_taken_off_again(pool: PgPool) {
    let warehouse = super::warehouse::Warehouse::new(pool).await;
    let rig = Rig::over(warehouse, |plan| {
        let product = sandbox::trendyol::Product::new;
        plan.products = ["A", "B", "C", "D"].map(|name| product(name, 1)).into();
        plan.restocks = true;
    })
    .await;
    let mut packages = Vec::new();
    for barcode in ["A", "B"] {
        rig.warehouse.stock(barcode, 1).await;
        let order = rig.shop.sell(barcode, 1).unwrap();
        packages.push((order.number, order.packages[0]));
    }
    for barcode in ["C", "D"] {
        rig.warehouse.stock(barcode, 1).await;
    }
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 0", "B 0", "C 1", "D 1"]);
    // Both were picked when their customers thought better of it; nothing lies there any more.
    for (number, package) in packages {
        rig.warehouse.picked_by_the_application(&number).await;
        rig.shop.cancel(package).unwrap();
    }
    assert_eq!(rig.on_sale()[..2], ["A 1", "B 1"]);
    rig.wait(10 * MINUTE);
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 0", "B 0", "C 1", "D 1"]);
}

#[sqlx::test(migrations = false)]
async fn a_sale_that_a_cancellation_hides_is_not_put_back_on_sale(pool: PgPool) {
    let warehouse = super::warehouse::Warehouse::new(pool).await;
    let mut rig = Rig::over(warehouse, |plan| {
        plan.products = vec![sandbox::trendyol::Product::new("A", 0)];
        plan.restocks = true;
    })
    .await;
    rig.warehouse.stock("A", 3).await;
    rig.push().await.unwrap();
    rig.rules.settle = Settle::Auto;
    rig.wait(10 * MINUTE);
    let gone = rig.shop.sell("A", 1).unwrap();
    rig.pull().await.unwrap();
    rig.shop.cancel(gone.packages[0]).unwrap();
    rig.pull().await.unwrap();
    // All three are sold, and the orders are late. Trendyol has counted the cancelled one back.
    let now = rig.now();
    rig.shop.outage(now..now + chrono::TimeDelta::minutes(40));
    rig.wait(MINUTE);
    rig.shop.sell("A", 3).unwrap();
    rig.wait(20 * MINUTE);
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 0"]);
    rig.wait(30 * MINUTE);
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 0"]);
}

/// Trendyol refuses a request.
fn refused() -> Fault {
    Fault::Instead(trouble::system_error(Endpoint::PushStock, 400))
}

#[sqlx::test(migrations = false)]
async fn a_product_alone_is_to_blame_where_others_are_taken(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9), ("B", 9), ("C", 9), ("D", 9)]).await;
    for barcode in ["A", "B", "C", "D"] {
        rig.warehouse.stock(barcode, 5).await;
    }
    // All of them, the first half, the first of it.
    let script = [Some(refused()), Some(refused()), Some(refused())];
    rig.shop.faults().script(Endpoint::PushStock, script);
    let error = rig.push().await.unwrap_err().to_string();
    assert!(error.starts_with("A: Trendyol refuses a push"), "{error}");
    assert_eq!(rig.on_sale(), ["A 9", "B 5", "C 5", "D 5"]);
    assert_eq!(rig.warehouse.quarantined().await, ["A"]);
}

#[sqlx::test(migrations = false)]
async fn where_every_request_is_refused_no_product_is_to_blame(pool: PgPool) {
    let rig = Rig::over(super::warehouse::Warehouse::new(pool).await, |plan| {
        let product = |n| sandbox::trendyol::Product::sample(n, 9);
        plan.products = (0..100).map(product).collect();
    })
    .await;
    rig.warehouse
        .run(
            "INSERT INTO central_stock (barcode, qty)
             SELECT (8683772000000 + n)::text, 5 FROM generate_series(0, 99) n",
        )
        .await;
    rig.shop.faults().stand(Endpoint::PushStock, refused());
    let error = rig.push().await.unwrap_err().to_string();
    let told = "Trendyol refuses a push (status 400)";
    assert!(error.starts_with(told), "{error}");
    assert_eq!(rig.warehouse.quarantined().await, [""; 0]);
    assert!(rig.requests()[0] <= 40, "{:?}", rig.requests());

    rig.shop.faults().lift(Endpoint::PushStock);
    rig.wait(MINUTE);
    rig.push().await.unwrap();
    let lowered = rig.on_sale().iter().all(|line| line.ends_with(" 5"));
    assert!(lowered, "{:?}", rig.on_sale());
}
