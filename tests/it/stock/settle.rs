//! Fewer are on sale than lie there: stock to put on sale, or sales that nobody tells of yet.

use std::time::Duration;

use orderwatch::stock::pace::Settle;
use sandbox::trendyol::{Endpoint, Origins, Product};
use sqlx::PgPool;

use super::{rig::Rig, warehouse::Warehouse};

const MINUTE: Duration = Duration::from_mins(1);

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A shop whose orders become known so long after their sale, which it has measured. Nothing of A lies
/// there yet, and none was ever sold.
async fn shop(pool: PgPool, delay: Duration) -> Rig {
    let mut rig = Rig::over(Warehouse::new(pool).await, |plan| {
        plan.products = vec![Product::new("A", 0), Product::new("M", 500)];
        plan.feed_delay = delay..=delay;
        plan.quirks.packages.origins = Origins::Never;
    })
    .await;
    rig.rules.settle = Settle::Auto;
    rig.warehouse.stock("M", 500).await;
    rig.pull().await.unwrap();
    for _ in 0..12 {
        rig.shop.sell("M", 1).unwrap();
        rig.wait(delay);
        rig.pull().await.unwrap();
    }
    rig
}

impl Rig {
    /// Units of A on sale after a pass.
    async fn after_a_pass(&self) -> u32 {
        self.push().await.unwrap();
        self.shop.stock_of("A").unwrap()
    }

    /// Ten of A lie there and are on sale.
    async fn ten_on_sale(&self) {
        self.warehouse.stock("A", 10).await;
        self.push().await.unwrap();
        self.wait(14 * MINUTE);
        assert_eq!(self.after_a_pass().await, 10);
        self.wait(MINUTE);
        assert_eq!(self.after_a_pass().await, 10);
    }
}

#[sqlx::test(migrations = false)]
async fn a_deficit_is_raised_at_once_but_for_what_may_be_hidden_and_whole_when_it_has_stood(
    pool: PgPool,
) {
    let rig = shop(pool, secs(20)).await;
    // Seconds, units that lie there, units on sale: a deficit that grows starts anew.
    for (wait, qty, on_sale) in [
        (0, 10, 8),
        (30, 10, 9),
        (15, 10, 10),
        (30, 12, 10),
        (30, 17, 15),
        (15, 17, 15),
        (30, 17, 17),
    ] {
        rig.wait(secs(wait));
        rig.warehouse.stock("A", qty).await;
        assert_eq!(rig.after_a_pass().await, on_sale, "{qty} after {wait} s");
    }
    assert_eq!(rig.shop.ledger().repeated_items(15 * MINUTE), []);
}

#[sqlx::test(migrations = false)]
async fn a_new_database_lowers_at_once_and_raises_after_a_quarter_of_an_hour(pool: PgPool) {
    let mut rig = Rig::new(pool, &[("A", 0), ("B", 9)]).await;
    rig.rules.settle = Settle::Auto;
    rig.warehouse.stock("A", 5).await;
    rig.warehouse.stock("B", 2).await;
    for minute in 0..=15 {
        let pushed = rig.push().await.unwrap();
        let settling = usize::from(minute < 15);
        assert_eq!(
            pushed.waiting.get("settling").copied().unwrap_or(0),
            settling
        );
        let on_sale = if minute < 15 { "A 0" } else { "A 5" };
        assert_eq!(rig.on_sale(), [on_sale, "B 2"], "minute {minute}");
        rig.wait(MINUTE);
    }
    assert_eq!(rig.requests()[0], 2);
}

#[sqlx::test(migrations = false)]
async fn a_sale_that_the_feed_hides_is_not_put_back_on_sale(pool: PgPool) {
    let rig = shop(pool, 3 * MINUTE).await;
    rig.ten_on_sale().await;
    let [pushes, ..] = rig.requests();
    let order = rig.shop.sell("A", 1).unwrap();
    for second in (20..=240).step_by(20) {
        rig.wait(secs(20));
        assert_eq!(rig.after_a_pass().await, 9, "second {second}");
    }
    let known = format!("{} created Created A×1", order.number);
    assert!(rig.warehouse.orders().await.contains(&known));
    assert_eq!(rig.requests()[0], pushes);
}

#[sqlx::test(migrations = false)]
async fn sales_that_are_hidden_one_after_the_other_do_not_look_like_one_old_deficit(pool: PgPool) {
    let rig = shop(pool, MINUTE).await;
    rig.ten_on_sale().await;
    rig.wait(17 * MINUTE);
    let mut sold = 0;
    for second in (0..=480).step_by(20) {
        // As the order of the one before becomes known.
        if second % 60 == 0 {
            rig.shop.sell("A", 1).unwrap();
            sold += 1;
        }
        let on_sale = rig.after_a_pass().await;
        assert_eq!(on_sale, 10 - sold, "second {second}");
        rig.wait(secs(20));
    }
}

/// Something is sold after so many seconds.
fn sold_after(rig: &Rig, barcode: &'static str, mut seconds: u64) {
    *rig.hook.lock().unwrap() = Some(Box::new(move |shop| {
        seconds = seconds.wrapping_sub(1);
        if seconds == 0 {
            shop.sell(barcode, 1).unwrap();
        }
    }));
}

#[sqlx::test(migrations = false)]
async fn a_sale_while_a_look_waits_for_its_turn_has_not_stood_since_the_question(pool: PgPool) {
    let rig = shop(pool, secs(20)).await;
    rig.ten_on_sale().await;
    // By then ten may be sent again.
    rig.wait(16 * MINUTE);
    rig.weather(|weather| weather.looks_wait = [2 * MINUTE].into());
    sold_after(&rig, "A", 115);
    assert_eq!(rig.after_a_pass().await, 9);

    rig.wait(secs(5));
    assert_eq!(rig.after_a_pass().await, 9);
    rig.wait(MINUTE);
    assert_eq!(rig.after_a_pass().await, 9);
    assert_eq!(rig.warehouse.orders().await.len(), 13);
}

#[sqlx::test(migrations = false)]
async fn a_look_before_others_that_waited_raises_nothing(pool: PgPool) {
    let rig = shop(pool, secs(20)).await;
    rig.ten_on_sale().await;
    // They are looked at after A, with a question of their own.
    for n in 0..60 {
        rig.warehouse.stock(&format!("B{n:02}"), 0).await;
    }
    rig.wait(2 * MINUTE);
    rig.warehouse.stock("A", 11).await;
    assert_eq!(rig.after_a_pass().await, 10);
    rig.wait(2 * MINUTE);

    rig.weather(|weather| weather.looks_wait = [2 * MINUTE; 2].into());
    sold_after(&rig, "A", 200);
    assert_eq!(rig.after_a_pass().await, 9);
    // Ten went out not long ago.
    rig.wait(16 * MINUTE);
    assert_eq!(rig.after_a_pass().await, 10);
}

/// Case 2: the parts of a split do not say where they come from.
#[sqlx::test(migrations = false)]
async fn a_split_without_origins_brings_no_hidden_sale_back(pool: PgPool) {
    let rig = shop(pool, MINUTE).await;
    rig.ten_on_sale().await;
    let order = rig.shop.sell("A", 3).unwrap();
    rig.wait(MINUTE);
    assert_eq!(rig.after_a_pass().await, 7);
    rig.wait(MINUTE);
    let [pushes, ..] = rig.requests();

    rig.shop.split(order.packages[0]).unwrap();
    rig.wait(secs(40));
    rig.shop.sell("A", 3).unwrap();
    for second in (5..=65).step_by(5) {
        rig.wait(secs(5));
        assert_eq!(rig.after_a_pass().await, 4, "second {second}");
    }
    let reserved = rig.push().await.unwrap().reserved;
    assert_eq!((reserved, rig.requests()[0]), (12 + 6, pushes));
    assert!(rig.shop.ledger().count(Endpoint::ReadBack) > 0);
}
