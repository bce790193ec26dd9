//! Orders on their way into the warehouse's tables.

use std::time::Duration;

use chrono::TimeDelta;
use sandbox::trendyol::{Endpoint, Product, Status};
use sqlx::PgPool;

use super::{rig::Rig, warehouse::Warehouse};

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

#[sqlx::test(migrations = false)]
async fn an_order_goes_from_table_to_table_as_its_packages_do(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9), ("B", 9)]).await;
    let order = rig
        .shop
        .sell_parcels(&[&[("A", 1), ("B", 2)], &[("B", 1)]])
        .unwrap();
    let number = order.number.clone();
    rig.pull().await.unwrap();
    let created = format!("{number} created Created A×1 B×1 B×2");
    assert_eq!(rig.warehouse.orders().await, [created]);
    // Once more, and all of it again: nothing changes.
    let row = "SELECT * FROM orders_created";
    let before = rig.warehouse.rows(row).await;
    rig.pull().await.unwrap();
    rig.wait(61 * MINUTE);
    rig.pull().await.unwrap();
    assert_eq!(rig.warehouse.rows(row).await, before);

    for status in [Status::Shipped, Status::Delivered] {
        rig.shop.move_to(order.packages[0], status).unwrap();
        rig.wait(MINUTE);
        rig.pull().await.unwrap();
        // What has left is shown no more as long as the rest waits to be picked.
        assert_eq!(
            rig.warehouse.orders().await,
            [format!("{number} created Created B×1")]
        );
    }
    for (status, want) in [
        (Status::Shipped, "shipped Shipped"),
        (Status::Delivered, "delivered Delivered"),
    ] {
        rig.shop.move_to(order.packages[1], status).unwrap();
        rig.wait(MINUTE);
        rig.pull().await.unwrap();
        assert_eq!(
            rig.warehouse.orders().await,
            [format!("{number} {want} A×1 B×1 B×2")]
        );
    }
}

#[sqlx::test(migrations = false)]
async fn the_row_is_as_the_application_writes_it(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9), ("B", 9)]).await;
    rig.shop.sell_parcels(&[&[("A", 2), ("B", 1)]]).unwrap();
    rig.wait(MINUTE);
    rig.pull().await.unwrap();
    // Times are the database's form of UTC; what the marketplace did not tell is not there.
    let sql = "SELECT jsonb_set(jsonb_strip_nulls(to_jsonb(o)), '{details}', details::jsonb) - 'id'
               FROM orders_created o";
    let row: Vec<serde_json::Value> = sqlx::query_scalar(sql)
        .fetch_all(&rig.warehouse.pool)
        .await
        .unwrap();
    let want: serde_json::Value = serde_json::from_str(include_str!("order.json")).unwrap();
    assert_eq!(row, [want]);
}

#[sqlx::test(migrations = false)]
async fn what_the_warehouse_has_moved_stays_there(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    rig.warehouse.stock("A", 9).await;
    let order = rig.shop.sell("A", 2).unwrap();
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 7"]);
    rig.warehouse.picked_by_the_application(&order.number).await;
    rig.wait(MINUTE);
    assert_eq!(rig.push().await.unwrap().reserved, 0);
    assert_eq!(rig.on_sale(), ["A 7"]);
    // Trendyol hears of it later, and splits the package before.
    let [first, second] = rig.shop.split(order.packages[0]).unwrap();
    rig.wait(MINUTE);
    rig.push().await.unwrap();
    let number = &order.number;
    assert_eq!(
        rig.warehouse.orders().await,
        [format!("{number} picking Picking A×1 A×1")]
    );
    assert_eq!(
        (rig.on_sale(), rig.push().await.unwrap().reserved),
        (vec!["A 7".to_owned()], 0)
    );
    for package in [first, second] {
        rig.shop.move_to(package, Status::Shipped).unwrap();
    }
    rig.wait(MINUTE);
    rig.push().await.unwrap();
    assert_eq!(
        rig.warehouse.orders().await,
        [format!("{number} shipped Shipped A×1 A×1")]
    );
    assert_eq!(
        rig.warehouse
            .rows("SELECT picked_by FROM orders_picking")
            .await,
        [""; 0]
    );
}

#[sqlx::test(migrations = false)]
async fn what_leaves_without_being_picked_is_held_back_and_named(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    rig.warehouse.stock("A", 9).await;
    let order = rig.shop.sell("A", 2).unwrap();
    rig.push().await.unwrap();
    rig.shop
        .move_to(order.packages[0], Status::Shipped)
        .unwrap();
    rig.wait(MINUTE);
    assert_eq!(rig.push().await.unwrap().reserved, 2);
    assert_eq!(rig.on_sale(), ["A 7"]);
    rig.wait(120 * DAY);
    rig.verify().await.unwrap();
    assert_eq!(rig.push().await.unwrap().reserved, 2);
    assert_eq!(rig.on_sale(), ["A 7"]);
}

#[sqlx::test(migrations = false)]
async fn nothing_is_shown_before_it_is_paid_but_it_is_held(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    rig.warehouse.stock("A", 9).await;
    let order = rig.shop.sell("A", 2).unwrap();
    rig.shop
        .move_to(order.packages[0], Status::Awaiting)
        .unwrap();
    assert_eq!(rig.push().await.unwrap().reserved, 2);
    assert_eq!(rig.warehouse.orders().await, [""; 0]);
    rig.shop
        .move_to(order.packages[0], Status::Created)
        .unwrap();
    rig.wait(MINUTE);
    rig.pull().await.unwrap();
    assert_eq!(
        rig.warehouse.orders().await,
        [format!("{} created Created A×2", order.number)]
    );
}

#[sqlx::test(migrations = false)]
async fn a_feed_that_breaks_off_is_read_again(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 999)]).await;
    for _ in 0..450 {
        rig.shop.sell("A", 1).unwrap();
    }
    // Three pages; an answer in between is lost.
    for seed in 0..20 {
        rig.weather(|weather| {
            weather.lost = 0.5;
            weather.rng = fastrand::Rng::with_seed(seed);
        });
        // The days before are a window of their own, in which nothing happened.
        let read = format!(
            "SELECT read_until FROM orderwatch.feeds WHERE read_until > '{}'",
            rig.now() - TimeDelta::days(1)
        );
        assert_eq!(rig.warehouse.rows(&read).await, [""; 0]);
        if rig.pull.changes().await.is_ok() {
            break;
        }
    }
    assert_eq!(
        rig.warehouse
            .rows("SELECT count(*) FROM orders_created")
            .await,
        ["450"]
    );
}

#[sqlx::test(migrations = false)]
async fn what_is_told_late_is_found_by_the_overlap_or_by_the_pass_over_a_day(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    rig.pull().await.unwrap();
    for (known, (late, found_after)) in [(10, 12), (40, 60)].into_iter().enumerate() {
        // Shown after so long with the date on which it was made.
        rig.shop
            .outage(rig.now()..rig.now() + TimeDelta::minutes(late));
        rig.wait(MINUTE);
        rig.shop.sell("A", 1).unwrap();
        for minute in (4..=60).step_by(4) {
            rig.wait(if minute == 4 { 3 } else { 4 } * MINUTE);
            rig.pull().await.unwrap();
            let rows = rig.warehouse.orders().await.len() - known;
            assert_eq!(rows, usize::from(minute >= found_after), "{late}: {minute}");
        }
    }
}

/// Case 27: a long window is cut in silence, and its newest part is missing.
#[sqlx::test(migrations = false)]
async fn the_first_pass_knows_the_newest_orders_although_a_long_window_is_cut(pool: PgPool) {
    let rig = Rig::over(Warehouse::new(pool).await, |plan| {
        plan.products = vec![Product::new("A", 9)];
        plan.quirks.answers.longest_window = Some(12 * DAY);
    })
    .await;
    rig.warehouse.stock("A", 9).await;
    rig.shop.sell("A", 2).unwrap();
    assert_eq!(rig.push().await.unwrap().reserved, 2);
    assert_eq!(rig.on_sale(), ["A 7"]);
}

#[sqlx::test(migrations = false)]
async fn a_status_that_nobody_knows_is_kept_reserved_and_named(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    rig.warehouse.stock("A", 9).await;
    let order = rig.shop.sell("A", 2).unwrap();
    let status = Status::Other("OnTheMoon".into());
    rig.shop.move_to(order.packages[0], status).unwrap();
    rig.pull().await.unwrap();
    rig.wait(30 * DAY);
    let pushed = rig.push().await.unwrap();
    assert_eq!(
        (pushed.reserved, rig.on_sale()),
        (2, vec!["A 7".to_owned()])
    );
    let (package, number) = (order.packages[0], order.number);
    assert_eq!(
        pushed.data_warnings[0].to_string(),
        format!(
            "package {package} (order {number}): its status \"OnTheMoon\" is new to orderwatch (counted)"
        )
    );
    let kept = "SELECT status FROM orderwatch.packages";
    assert_eq!(rig.warehouse.rows(kept).await, ["OnTheMoon"]);
}

#[sqlx::test(migrations = false)]
async fn a_package_that_is_open_for_long_is_asked_about(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    let order = rig.shop.sell("A", 2).unwrap();
    rig.pull().await.unwrap();
    rig.wait(6 * DAY);
    // Everything that the feed told of it meanwhile was lost.
    rig.shop.cancel(order.packages[0]).unwrap();
    rig.wait(2 * DAY);
    rig.feed_was_read().await;
    let report = rig.pull().await.unwrap();
    assert_eq!(report["asked"], 1);
    assert_eq!(
        rig.warehouse.orders().await,
        [format!("{} cancelled Cancelled A×2", order.number)]
    );
}

#[sqlx::test(migrations = false)]
async fn an_order_counts_as_asked_about_only_where_the_path_is_served(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    let order = rig.shop.sell("A", 2).unwrap();
    rig.pull().await.unwrap();
    rig.wait(6 * DAY);
    rig.shop.cancel(order.packages[0]).unwrap();
    rig.wait(2 * DAY);
    rig.feed_was_read().await;

    // The stream is served; the path by which single orders are asked about answers 556 for minutes.
    rig.shop.block(Some(Endpoint::Orders), 2 * DAY);
    let fault = rig.pull().await.unwrap_err().to_string();
    assert!(fault.contains("has a fault (status 556)"), "{fault}");
    tokio::time::pause();
    tokio::time::advance(Duration::from_mins(7)).await;
    tokio::time::resume();
    let blocked = rig.pull().await.unwrap_err().to_string();
    assert!(
        blocked.starts_with("this address may be blocked"),
        "{blocked}"
    );

    rig.shop.block(Some(Endpoint::Orders), Duration::ZERO);
    assert_eq!(rig.pull().await.unwrap()["asked"], 1);
    assert_eq!(
        rig.warehouse.orders().await,
        [format!("{} cancelled Cancelled A×2", order.number)]
    );
}

#[sqlx::test(migrations = false)]
async fn a_table_that_does_not_take_the_row_does_not_stop_the_reservation(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    rig.warehouse.stock("A", 9).await;
    rig.warehouse
        .run("ALTER TABLE orders_created ADD CHECK (order_number = '1')")
        .await;
    let order = rig.shop.sell("A", 2).unwrap().number;
    let error = rig.pull().await.unwrap_err().to_string();
    let want = format!("tables do not take: 1, such as {order}: new row for relation");
    assert!(error.contains(&want), "{error}");
    assert!(
        error.contains("orders_created_order_number_check"),
        "{error}"
    );
    assert_eq!(rig.push().await.unwrap().reserved, 2);
    rig.wait(2 * DAY);
    rig.pull().await.unwrap_err();
    rig.warehouse
        .run("ALTER TABLE orders_created DROP CONSTRAINT orders_created_order_number_check")
        .await;
    // The feed tells of it no more.
    rig.wait(MINUTE);
    rig.pull().await.unwrap();
    assert_eq!(
        rig.warehouse
            .rows("SELECT count(*) FROM orders_created")
            .await,
        ["1"]
    );
}

#[sqlx::test(migrations = false)]
async fn rows_of_the_application_alone_are_held_and_odd_ones_named(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    rig.warehouse.stock("A", 9).await;
    rig.warehouse
        .run(
            r#"INSERT INTO orders_created (id, order_number, details, product_barcode, quantity, created_at, updated_at) VALUES
               (901, '1', '[{"barcode":" A ","quantity":"2"}]', NULL, NULL, '2026-01-01', '2026-01-01'),
               (902, '2', '[{"barcode":', 'A', 1, '2026-01-01', '2026-01-01'),
               (903, '3', '', NULL, NULL, '2026-01-01', '2026-01-01')"#,
        )
        .await;
    let pushed = rig.push().await.unwrap();
    assert_eq!(
        (pushed.reserved, rig.on_sale()),
        (3, vec!["A 6".to_owned()])
    );
    let named: Vec<String> = pushed
        .data_warnings
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        named,
        [
            "orders_created 902 (order 2): details is no JSON; product_barcode and quantity were taken instead (A, 1) (counted)",
            "orders_created 903 (order 3): details is empty, and product_barcode is empty (not counted)",
        ]
    );
}

#[sqlx::test(migrations = false)]
async fn packages_that_ended_long_ago_are_forgotten(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    rig.warehouse.stock("A", 9).await;
    let [ended, open] = [1, 2].map(|pieces| rig.shop.sell("A", pieces).unwrap());
    rig.shop
        .move_to(ended.packages[0], Status::Delivered)
        .unwrap();
    rig.pull().await.unwrap();
    rig.wait(101 * DAY);
    rig.verify().await.unwrap();
    let left = rig
        .warehouse
        .rows("SELECT package_id FROM orderwatch.packages")
        .await;
    assert_eq!(left, [open.packages[0].to_string()]);
    assert_eq!(rig.warehouse.orders().await.len(), 2);
    assert_eq!(rig.push().await.unwrap().reserved, 2);
}

#[sqlx::test(migrations = false)]
async fn the_history_of_an_order_tells_what_orderwatch_did(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    rig.warehouse
        .make(
            "CREATE TABLE public.order_audit_logs (
                 id bigserial PRIMARY KEY, ts timestamp NOT NULL, order_number varchar(64),
                 package_number varchar(64), barcode varchar(64), event_type varchar(32) NOT NULL,
                 status_from varchar(32), status_to varchar(32), quantity integer, source varchar(32),
                 severity varchar(8) NOT NULL, message text, details json)",
        )
        .await;
    let order = rig.shop.sell("A", 2).unwrap();
    rig.wait(MINUTE);
    rig.pull().await.unwrap();
    rig.wait(MINUTE);
    rig.pull().await.unwrap();
    rig.shop
        .move_to(order.packages[0], Status::Shipped)
        .unwrap();
    rig.wait(MINUTE);
    rig.pull().await.unwrap();
    let history =
        "SELECT order_number, barcode, event_type, status_from, status_to, quantity, source
                   FROM public.order_audit_logs ORDER BY id";
    let number = &order.number;
    let want = [
        format!("{number}|A|order_received|-|created|2|ORDERWATCH"),
        format!("{number}|A|status_changed|created|shipped|2|ORDERWATCH"),
    ];
    assert_eq!(rig.warehouse.rows(history).await, want);

    // A history of another shape keeps no order from the warehouse.
    rig.warehouse
        .run("ALTER TABLE public.order_audit_logs RENAME COLUMN severity TO weight")
        .await;
    rig.shop
        .move_to(order.packages[0], Status::Delivered)
        .unwrap();
    rig.wait(MINUTE);
    rig.pull().await.unwrap();
    assert_eq!(
        rig.warehouse.orders().await,
        [format!("{number} delivered Delivered A×2")]
    );
}
