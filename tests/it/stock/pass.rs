//! Passes that send stock, one rule at a time.

use std::time::Duration;

use orderwatch::sandbox::{
    gates::Moment,
    trendyol::{Endpoint, ProductState},
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
    // What is too much goes first; what is too little waits until the orders were read once more.
    assert_eq!((pushed.items, pushed.units, pushed.batches), (3, 12, 2));
    assert_eq!(pushed.reserved, 2);
    assert_eq!(rig.on_sale(), ["A 7", "B 1", "C 4"]);
    assert_eq!(
        rig.warehouse.orders().await,
        [format!("{} created Created B×2", order.number)]
    );

    let before = rig.requests();
    let again = rig.push().await.unwrap();
    assert_eq!((again.items, again.requests), (0, 0));
    assert_eq!(rig.requests(), before);
    assert_eq!(rig.log().await, ["3|12|2|2|true|-", "0|0|2|0|true|-"]);
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
    let [pushes, looks, _] = rig.requests();
    let pushed = rig.push().await.unwrap();
    assert_eq!((pushed.requests, pushed.looks, pushed.items), (1, 1, 0));
    assert_eq!(rig.requests()[..2], [pushes, looks + 1]);
    assert_eq!(rig.on_sale(), ["A 7", "B 10"]);
}

#[sqlx::test(migrations = false)]
async fn a_product_that_is_refused_rests_and_is_shown(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 0), ("B", 0)]).await;
    rig.shop.set_state("B", ProductState::Archived).unwrap();
    for barcode in ["A", "B", "nowhere"] {
        rig.warehouse.stock(barcode, 3).await;
    }
    let error = rig.push().await.unwrap_err().to_string();
    assert!(
        error.contains("Trendyol refuses B") && error.contains("nowhere"),
        "{error}"
    );
    assert_eq!(rig.on_sale(), ["A 3", "B 0"]);
    assert_eq!(rig.warehouse.quarantined().await, ["B", "nowhere"]);
    assert!(
        rig.log().await[0].starts_with("3|9|0|2|false|"),
        "{:?}",
        rig.log().await
    );

    rig.wait(10 * MINUTE);
    let rests = rig.push().await.unwrap();
    assert_eq!((rests.requests, rests.waiting["quarantined"]), (0, 2));
    rig.shop.set_state("B", ProductState::OnSale).unwrap();
    rig.wait(30 * MINUTE);
    rig.push().await.unwrap_err();
    assert_eq!(rig.on_sale(), ["A 3", "B 3"]);
    assert_eq!(rig.warehouse.quarantined().await, ["nowhere"]);
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
    rig.rules.force = true;
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
    let [pushes, ..] = rig.requests();
    let pushed = rig.push().await.unwrap();
    // The pass that lost it has read it back.
    assert_eq!((pushed.items, pushed.requests), (0, 0));
    assert_eq!((pushes, rig.requests()[0]), (1, 1));
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

/// Two pieces are on sale, both are sold, one more comes in, and `later` a pass runs; nobody tells of
/// the sales for half an hour.
async fn sold_in_hiding(pool: PgPool, later: Duration) -> Rig {
    let warehouse = super::warehouse::Warehouse::new(pool).await;
    let rig = Rig::over(warehouse, |plan| {
        plan.products = vec![orderwatch::sandbox::trendyol::Product::new("A", 0)];
        plan.feed_delay = 30 * MINUTE..=30 * MINUTE;
    })
    .await;
    rig.warehouse.stock("A", 2).await;
    rig.push().await.unwrap();
    rig.wait(10 * MINUTE);
    rig.shop.sell("A", 2).unwrap();
    rig.warehouse.stock("A", 3).await;
    rig.wait(later);
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 1"]);
    rig
}

#[sqlx::test(migrations = false)]
async fn a_sale_that_the_feed_hides_is_not_put_back_on_sale(pool: PgPool) {
    // Long enough for the sale to be known as older than the look, whatever the clocks.
    let rig = sold_in_hiding(pool, MINUTE).await;
    rig.wait(31 * MINUTE);
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 1"]);
    assert_eq!(rig.push().await.unwrap().requests, 0);
}

/// Told of half an hour later, it may be that the push has overwritten it, or not: until it is clear
/// that nothing is missing there is less on sale, never more.
#[sqlx::test(migrations = false)]
async fn a_sale_at_the_moment_of_the_look_is_doubted_and_believed_later(pool: PgPool) {
    let rig = sold_in_hiding(pool, Duration::ZERO).await;
    for (wait, on_sale) in [(31 * MINUTE, "A 0"), (181 * MINUTE, "A 1")] {
        rig.wait(wait);
        rig.push().await.unwrap();
        assert_eq!(rig.on_sale(), [on_sale]);
    }
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
        (&report["compared"], &report["differ"]),
        (&2.into(), &1.into())
    );
    assert_eq!(rig.on_sale(), ["A 5", "B 6"]);
}

#[sqlx::test(migrations = false)]
async fn a_verification_repairs_nothing_while_stock_is_sent(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 0)]).await;
    rig.warehouse.stock("A", 5).await;
    let pushing = rig.seller.store.lead("push-stock").await.unwrap().unwrap();
    let error = rig.verify().await.unwrap_err().to_string();
    assert!(
        error.contains("stock is being sent all the time"),
        "{error}"
    );
    assert_eq!(rig.on_sale(), ["A 0"]);
    pushing.resign().await;
    rig.verify().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 5"]);
}

#[sqlx::test(migrations = false)]
async fn a_pass_that_was_cut_off_is_written_down_by_the_next_one(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 0), ("B", 0)]).await;
    rig.warehouse.stock("A", 5).await;
    rig.warehouse.stock("B", 6).await;
    let gate = rig.shop.hold(Endpoint::BatchResult, Moment::BeforeWork);
    tokio::select! {
        _ = rig.push() => panic!("the results were held back"),
        () = gate.arrived(1) => gate.open(),
    }
    rig.wait(10 * MINUTE);
    rig.push().await.unwrap();
    rig.push().await.unwrap();
    assert_eq!(
        rig.log().await,
        [
            "2|11|0|1|false|the pass was cut off before its end",
            "0|0|0|0|true|-",
            "0|0|0|0|true|-",
        ]
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
    assert_eq!((pushed.requests, pushed.items), (1, 0));
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
        let product = orderwatch::sandbox::trendyol::Product::new;
        plan.products = vec![product("A", 1), product("B", 1)];
        plan.restocks = true;
    })
    .await;
    let mut packages = Vec::new();
    for barcode in ["A", "B"] {
        rig.warehouse.stock(barcode, 1).await;
        let order = rig.shop.sell(barcode, 1).unwrap();
        packages.push((order.number, order.packages[0]));
    }
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 0", "B 0"]);
    // Both were picked when their customers thought better of it; nothing lies there any more.
    for (number, package) in packages {
        rig.warehouse.picked_by_the_application(&number).await;
        rig.shop.cancel(package).unwrap();
    }
    assert_eq!(rig.on_sale(), ["A 1", "B 1"]);
    rig.wait(10 * MINUTE);
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 0", "B 0"]);
}

#[sqlx::test(migrations = false)]
async fn a_sale_that_a_cancellation_hides_is_not_put_back_on_sale(pool: PgPool) {
    let warehouse = super::warehouse::Warehouse::new(pool).await;
    let rig = Rig::over(warehouse, |plan| {
        plan.products = vec![orderwatch::sandbox::trendyol::Product::new("A", 0)];
        plan.restocks = true;
    })
    .await;
    rig.warehouse.stock("A", 3).await;
    rig.push().await.unwrap();
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
