//! Reports of stock that Trendyol works off late, or never.

use std::time::Duration;

use sandbox::{
    trendyol::{Endpoint, Product},
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;

use super::{rig::Rig, warehouse::Warehouse};

const MINUTE: Duration = Duration::from_mins(1);

#[sqlx::test(migrations = false)]
async fn a_slow_queue_is_waited_for_and_nothing_is_raised_twice(pool: PgPool) {
    let rig = Rig::over(Warehouse::new(pool).await, |plan| {
        plan.products = vec![Product::new("A", 0)];
        plan.queue.slow = 1.0;
    })
    .await;
    rig.warehouse.stock("A", 5).await;
    for minute in 0..60 {
        rig.push().await.unwrap();
        let on_sale = match minute {
            0..20 => "A 0",
            20..22 => "A 5",
            _ => "A 1",
        };
        assert_eq!(rig.on_sale(), [on_sale], "minute {minute}");
        rig.wait(MINUTE);
        if minute == 21 {
            rig.shop.sell("A", 4).unwrap();
        }
    }
    assert_eq!(rig.requests()[0], 1);
}

#[sqlx::test(migrations = false)]
async fn a_raise_whose_answer_was_lost_is_waited_for_as_long_as_one_that_was_taken(pool: PgPool) {
    let rig = Rig::over(Warehouse::new(pool).await, |plan| {
        plan.products = vec![Product::new("A", 0)];
        plan.queue.slow = 1.0;
    })
    .await;
    rig.warehouse.stock("A", 5).await;
    let lost = Fault::After(Trouble::Page(504));
    rig.shop.faults().next(Endpoint::PushStock, lost);
    for minute in 0..40 {
        drop(rig.push().await);
        let on_sale = if minute < 20 { "A 0" } else { "A 5" };
        assert_eq!(rig.on_sale(), [on_sale], "minute {minute}");
        rig.wait(MINUTE);
    }
    assert_eq!(rig.requests()[0], 1);
}

#[sqlx::test(migrations = false)]
async fn what_is_never_worked_off_is_sent_again_and_ends_right(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 0), ("B", 9)]).await;
    rig.warehouse.stock("A", 5).await;
    rig.warehouse.stock("B", 9).await;
    rig.shop.swallow(1);
    for _ in 0..40 {
        drop(rig.push().await);
        rig.wait(MINUTE);
    }
    assert_eq!(
        (rig.on_sale(), rig.requests()[0]),
        (strings(["A 5", "B 9"]), 2)
    );

    // What was to be lowered is repaired earlier, with one less until the number may be sent again.
    rig.warehouse.stock("B", 4).await;
    rig.shop.swallow(1);
    for minute in 0..40 {
        drop(rig.push().await);
        let lowered = rig.shop.stock_of("B").unwrap() <= 4;
        assert!(lowered || minute <= 10, "minute {minute}");
        rig.wait(MINUTE);
    }
    assert_eq!(rig.on_sale(), ["A 5", "B 4"]);
    assert_eq!(rig.shop.ledger().repeated_items(15 * MINUTE), []);
}

fn strings<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}
