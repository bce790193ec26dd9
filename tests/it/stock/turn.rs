//! Turns between two passes: what happened is acted on, by itself.

use std::time::Duration;

use orderwatch::store::Channel;
use sandbox::{
    gates::Moment,
    trendyol::{Endpoint, Product},
};
use sqlx::{Executor, PgPool};

use super::{rig::Rig, warehouse::Warehouse};

const MINUTE: Duration = Duration::from_mins(1);

/// Everything is on sale as it lies there, and nothing has happened for long.
async fn calm(pool: PgPool) -> Rig {
    let rig = Rig::new(pool, &[("A", 9), ("B", 9), ("C", 9)]).await;
    for barcode in ["A", "B", "C"] {
        rig.warehouse.stock(barcode, 9).await;
    }
    rig.push().await.unwrap();
    rig.wait(20 * MINUTE);
    assert!(rig.turn().await.unwrap().is_none());
    rig
}

impl Rig {
    async fn touched(&self, barcodes: &[String]) {
        let names: Vec<&str> = barcodes.iter().map(String::as_str).collect();
        let store = &self.seller.store;
        store.touch_items(&names, self.now()).await.unwrap();
    }
}

#[sqlx::test(migrations = false)]
async fn a_change_of_the_warehouse_is_noticed_and_acted_on(pool: PgPool) {
    let rig = calm(pool).await;
    let store = &rig.seller.store;
    rig.warehouse
        .run(
            "UPDATE central_stock SET updated_at = '2026-01-01';
             UPDATE central_stock SET updated_at = '2071-01-01' WHERE barcode = 'C'",
        )
        .await;
    let mut notices = store.listen(Channel::Stock).await.unwrap();
    let (_, seen) = store.changed_stock(None, 10).await.unwrap();

    rig.warehouse
        .run("UPDATE central_stock SET qty = 4 WHERE barcode = 'A'")
        .await;
    let noticed = notices.next().await.unwrap();
    assert_eq!(noticed.as_deref(), Some("A"));
    rig.touched(&["A".to_owned()]).await;
    let turn = rig.turn().await.unwrap().unwrap();
    assert_eq!((turn.items, turn.checks, rig.requests()[0]), (1, 1, 1));
    assert_eq!(rig.on_sale(), ["A 4", "B 9", "C 9"]);

    // Where notices do not get through, the time of the change tells, whatever another row says of its own.
    rig.warehouse
        .run("UPDATE central_stock SET qty = 3, updated_at = localtimestamp WHERE barcode = 'B'")
        .await;
    let (changed, newest) = store.changed_stock(seen, 10).await.unwrap();
    assert_eq!((&changed[..], newest > seen), (&["B".to_owned()][..], true));
    rig.touched(&changed).await;
    rig.turn().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 4", "B 3", "C 9"]);
    assert_eq!(store.changed_stock(newest, 10).await.unwrap().0, [""; 0]);
}

/// Without notices the time in the row is all that tells, and that is when it was written, not when it was committed.
#[sqlx::test(migrations = false)]
async fn a_change_that_is_committed_after_a_newer_one_is_found_by_the_next_pass(pool: PgPool) {
    let rig = calm(pool).await;
    let store = &rig.seller.store;
    rig.warehouse
        .run("UPDATE central_stock SET updated_at = '2026-01-01'")
        .await;
    let (_, seen) = store.changed_stock(None, 10).await.unwrap();

    let mut late = rig.warehouse.pool.begin().await.unwrap();
    late.execute(
        "UPDATE central_stock SET qty = 4, updated_at = localtimestamp WHERE barcode = 'A'",
    )
    .await
    .unwrap();
    rig.warehouse
        .run("UPDATE central_stock SET qty = 3, updated_at = localtimestamp WHERE barcode = 'B'")
        .await;
    let (changed, newest) = store.changed_stock(seen, 10).await.unwrap();
    assert_eq!(changed, ["B"]);
    late.commit().await.unwrap();
    assert_eq!(store.changed_stock(newest, 10).await.unwrap().0, [""; 0]);

    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 4", "B 3", "C 9"]);
}

/// The result of a push comes between a look and the plan, and takes the place of what was seen.
#[sqlx::test(migrations = false)]
async fn nothing_but_zero_is_sent_by_a_figure_that_is_older_than_the_look(pool: PgPool) {
    let rig = calm(pool).await;
    // A clock is finer than the database.
    rig.clock.advance(Duration::from_nanos(700));
    rig.warehouse
        .run(
            "CREATE FUNCTION put_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 NEW.observed := OLD.observed; NEW.observed_at := OLD.observed_at; RETURN NEW;
             END $$;
             CREATE TRIGGER put_back BEFORE UPDATE OF observed ON orderwatch.stock_items
                 FOR EACH ROW WHEN (NEW.barcode = 'A') EXECUTE FUNCTION put_back()",
        )
        .await;
    rig.shop.drift("A", 3).unwrap();
    rig.warehouse.stock("A", 4).await;
    rig.warehouse.stock("B", 7).await;
    rig.touched(&["A", "B"].map(str::to_owned)).await;
    rig.turn().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 3", "B 7", "C 9"]);

    rig.warehouse.stock("A", 0).await;
    rig.touched(&["A".to_owned()]).await;
    rig.turn().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 0", "B 7", "C 9"]);
}

#[sqlx::test(migrations = false)]
async fn a_turn_does_not_wait_for_orders_that_take_long_to_read(pool: PgPool) {
    let mut rig = calm(pool).await;
    let react = rig.rules.react;
    rig.warehouse.stock("A", 12).await;
    rig.touched(&["A".to_owned()]).await;

    // No answer comes.
    let gate = rig.shop.hold(Endpoint::OrderStream, Moment::BeforeAnswer);
    rig.rules.react = Duration::from_millis(100);
    rig.turn().await.unwrap().unwrap();
    assert_eq!(rig.on_sale(), ["A 9", "B 9", "C 9"]);

    gate.open();
    rig.rules.react = react;
    rig.turn().await.unwrap().unwrap();
    assert_eq!(rig.on_sale(), ["A 12", "B 9", "C 9"]);
}

#[sqlx::test(migrations = false)]
async fn a_row_is_logged_for_each_pass_and_for_each_turn_that_sent_something(pool: PgPool) {
    let rig = calm(pool).await;
    let pass = "0|0|0|0|true|-";
    assert_eq!(rig.log().await, [pass]);
    rig.warehouse.stock("A", 4).await;
    rig.touched(&["A".to_owned()]).await;
    rig.turn().await.unwrap();
    assert_eq!(rig.log().await, [pass, "1|4|0|1|true|-"]);
    // Its result and a look, but nothing to send.
    rig.wait(MINUTE);
    rig.turn().await.unwrap().unwrap();
    assert_eq!(rig.log().await, [pass, "1|4|0|1|true|-"]);
    rig.push().await.unwrap();
    assert_eq!(rig.log().await, [pass, "1|4|0|1|true|-", pass]);
}

#[sqlx::test(migrations = false)]
async fn a_broken_import_zeroes_nothing_although_every_product_was_notified(pool: PgPool) {
    let rig = calm(pool).await;
    rig.warehouse.run("DELETE FROM central_stock").await;
    rig.touched(&["A", "B", "C"].map(str::to_owned)).await;
    for _ in 0..3 {
        let error = rig.turn().await.unwrap_err().to_string();
        let words = "3 of 3 products on sale would be set to zero";
        assert!(error.starts_with(words), "{error}");
        rig.wait(MINUTE);
    }
    assert_eq!((rig.on_sale(), rig.log().await.len()), (on_sale("ABC"), 1));

    // One by one it is the same.
    for barcode in ["A", "B"] {
        rig.warehouse.stock(barcode, 9).await;
    }
    rig.touched(&["C".to_owned()]).await;
    rig.turn().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 9", "B 9", "C 0"]);
    rig.warehouse.run("UPDATE central_stock SET qty = 0").await;
    rig.touched(&["A".to_owned()]).await;
    rig.turn().await.unwrap_err();
    assert_eq!(rig.on_sale(), ["A 9", "B 9", "C 0"]);
}

#[sqlx::test(migrations = false)]
async fn what_was_never_looked_at_comes_before_what_is_touched_again_and_again(pool: PgPool) {
    let rig = Rig::over(Warehouse::new(pool).await, |plan| {
        plan.products = vec![Product::new("Z", 9)];
    })
    .await;
    rig.push().await.unwrap();
    // More than a turn compares, all of them looked at before and touched since.
    let touched = format!(
        "INSERT INTO orderwatch.stock_items (barcode, observed_at, touched_at, watched_until)
         SELECT 'B' || n, '{now}'::timestamptz - interval '1 minute', '{now}', '{now}'::timestamptz + interval '1 hour'
         FROM generate_series(1, 600) n",
        now = rig.now()
    );
    rig.warehouse.run(&touched).await;
    rig.warehouse.stock("Z", 4).await;
    rig.touched(&["Z".to_owned()]).await;
    rig.turn().await.unwrap();
    assert_eq!(rig.on_sale(), ["Z 4"]);
}

fn on_sale(names: &str) -> Vec<String> {
    names.chars().map(|name| format!("{name} 9")).collect()
}

#[sqlx::test(migrations = false)]
async fn a_catalogue_larger_than_a_pass_is_looked_at_in_turn(pool: PgPool) {
    let mut rig = Rig::over(Warehouse::new(pool).await, |plan| {
        plan.products = (0..1000).map(|n| Product::sample(n, 5)).collect();
    })
    .await;
    // 300 of them fit into a pass.
    rig.rules.interval = Duration::from_secs(2);
    rig.warehouse
        .run(
            "INSERT INTO central_stock (barcode, qty)
             SELECT (8683772000000 + n)::text, 5 FROM generate_series(0, 999) n",
        )
        .await;
    for pass in 1..=12 {
        rig.wait(MINUTE);
        assert_eq!(rig.push().await.unwrap().checks, 300);
        // The longest time since a product was looked at.
        let seen = format!(
            "SELECT count(observed_at), count(observed_at) FILTER (WHERE observed_at > '{}')
             FROM orderwatch.stock_items",
            rig.now() - Duration::from_secs(230)
        );
        let all = (pass * 300).min(1000);
        assert_eq!(rig.warehouse.rows(&seen).await, [format!("{all}|{all}")]);
    }
}
