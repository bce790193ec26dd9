//! Somebody else sends stock to Trendyol, too.

use std::time::Duration;

use orderwatch::{stock::second_pusher::OnSecondPusher, store::Person};
use sandbox::trendyol::Endpoint;
use sqlx::PgPool;

use super::rig::Rig;

const MINUTE: Duration = Duration::from_mins(1);
const PRODUCTS: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];

async fn shop(pool: PgPool) -> Rig {
    let rig = Rig::new(pool, &PRODUCTS.map(|name| (name, 0))).await;
    for name in PRODUCTS {
        rig.warehouse.stock(name, 9).await;
    }
    rig.push().await.unwrap();
    rig
}

/// The other one sends all of its figures.
fn overwritten(rig: &Rig, with: u32) {
    for name in PRODUCTS {
        rig.shop.drift(name, with).unwrap();
    }
}

#[sqlx::test(migrations = false)]
async fn raising_pauses_until_a_person_resumes(pool: PgPool) {
    let rig = shop(pool).await;
    rig.wait(20 * MINUTE);
    overwritten(&rig, 8);
    let error = rig.push().await.unwrap_err().to_string();
    for words in [
        "somebody else sends stock",
        "8 fewer",
        "A has 8 instead of 9",
        "stock_sync_auto",
    ] {
        assert!(error.contains(words), "{error}");
    }
    let pushes = rig.shop.ledger().count(Endpoint::PushStock);

    // It may be a mistake: what was sold or lost is taken off sale all the same, and nothing is raised.
    rig.warehouse.stock("A", 2).await;
    rig.warehouse.stock("B", 30).await;
    rig.wait(10 * MINUTE);
    let error = rig.push().await.unwrap_err().to_string();
    assert!(
        error.contains("raising stock is paused since")
            && error.contains("orderwatch stock resume"),
        "{error}"
    );
    assert_eq!(rig.on_sale()[..2], ["A 2", "B 8"]);
    assert_eq!(rig.shop.ledger().count(Endpoint::PushStock), pushes + 1);
    rig.warehouse.stock("B", 9).await;
    let row = rig
        .warehouse
        .rows("SELECT who, resumed_at FROM orderwatch.stock_pauses")
        .await;
    assert_eq!(row, ["orderwatch|-"]);

    // A person's pause takes its place, and sends nothing at all.
    let store = &rig.seller.store;
    let ayse = Person {
        who: "ayse".to_owned(),
        why: "stocktaking".to_owned(),
    };
    rig.wait(MINUTE);
    assert!(store.pause_stock(&ayse, rig.now()).await.unwrap());
    assert!(!store.pause_stock(&ayse, rig.now()).await.unwrap());
    rig.warehouse.stock("C", 1).await;
    let error = rig.push().await.unwrap_err().to_string();
    assert!(error.contains("sending stock is paused since"), "{error}");
    assert_eq!(rig.shop.ledger().count(Endpoint::PushStock), pushes + 1);
    rig.warehouse.stock("C", 9).await;

    // The other one is switched off; what it did before does not pause again.
    overwritten(&rig, 7);
    rig.wait(10 * MINUTE);
    assert!(store.resume_stock(&ayse, rig.now()).await.unwrap());
    rig.push().await.unwrap();
    // What the other one took off sale looks like sales that no order tells of, for three hours.
    rig.wait(181 * MINUTE);
    rig.push().await.unwrap();
    rig.wait(20 * MINUTE);
    rig.push().await.unwrap();
    assert_eq!(
        rig.on_sale(),
        ["A 2", "B 9", "C 9", "D 9", "E 9", "F 9", "G 9", "H 9"]
    );

    // It is switched on again.
    rig.wait(20 * MINUTE);
    rig.push().await.unwrap();
    rig.wait(20 * MINUTE);
    overwritten(&rig, 12);
    let error = rig.push().await.unwrap_err().to_string();
    assert!(error.contains("of 8 products, 8 have more"), "{error}");
}

#[sqlx::test(migrations = false)]
async fn old_raises_of_a_queue_that_hung_do_not_pause(pool: PgPool) {
    let rig = shop(pool).await;
    rig.wait(20 * MINUTE);
    for name in PRODUCTS {
        rig.warehouse.stock(name, 2).await;
    }
    rig.push().await.unwrap();
    rig.wait(MINUTE);
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale()[..2], ["A 2", "B 2"]);

    // Hours later, the first figures are applied once more.
    rig.wait(150 * MINUTE);
    overwritten(&rig, 9);
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale()[..2], ["A 2", "B 2"]);
}

#[sqlx::test(migrations = false)]
async fn a_warning_alone_goes_on_sending(pool: PgPool) {
    let mut rig = shop(pool).await;
    rig.rules.on_second_pusher = OnSecondPusher::Warn;
    rig.wait(20 * MINUTE);
    overwritten(&rig, 12);
    let error = rig.push().await.unwrap_err().to_string();
    assert!(error.contains("somebody else sends stock"), "{error}");
    rig.wait(20 * MINUTE);
    drop(rig.push().await);
    assert_eq!(rig.on_sale()[..2], ["A 9", "B 9"]);
}

#[sqlx::test(migrations = false)]
async fn the_daily_comparison_finds_it_too(pool: PgPool) {
    let rig = shop(pool).await;
    rig.wait(5 * MINUTE);
    overwritten(&rig, 12);
    let error = rig.verify().await.unwrap_err().to_string();
    assert!(error.contains("somebody else sends stock"), "{error}");
}

#[sqlx::test(migrations = false)]
async fn sales_cancellations_and_a_correction_by_hand_do_not_pause(pool: PgPool) {
    let rig = shop(pool).await;
    rig.wait(20 * MINUTE);
    for name in ["A", "B", "C", "D", "E", "F"] {
        let order = rig.shop.sell(name, 2).unwrap();
        if name < "D" {
            rig.pull().await.unwrap();
            rig.shop.cancel(order.packages[0]).unwrap();
        }
    }
    rig.shop.drift("G", 30).unwrap();
    rig.push().await.unwrap();
    rig.wait(20 * MINUTE);
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale()[3..], ["D 7", "E 7", "F 7", "G 9", "H 9"]);
}
