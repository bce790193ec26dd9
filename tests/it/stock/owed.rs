//! What real stores tell of packages, and what of it is reserved, shown, picked and told.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use orderwatch::{
    marketplace::MarketError,
    store::{Person, PickAsk, Picked},
    worker::{job::JobError, trendyol::report_picking},
};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{fed::Told, rig::Rig};

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// Ten units of `A` and of `B` on the shelf, and a feed without orders.
struct Shop {
    rig: Rig,
    told: Arc<Mutex<Told>>,
}

impl Shop {
    async fn new(pool: PgPool) -> Self {
        let mut rig = Rig::new(pool, &[("A", 10), ("B", 10)]).await;
        for barcode in ["A", "B"] {
            rig.warehouse.stock(barcode, 10).await;
        }
        let told = rig.fed().await;
        Self { rig, told }
    }

    /// Tells these records, changed now, from now on. Returns what is reserved afterwards.
    async fn tells(&self, records: Vec<Value>) -> u64 {
        self.rig.wait(MINUTE);
        let now = self.rig.now().timestamp_millis();
        for mut record in records {
            if record.get("lastModifiedDate").is_none() {
                record["lastModifiedDate"] = json!(now);
            }
            self.tell_as_it_is(record);
        }
        self.reserved().await
    }

    fn tell_as_it_is(&self, record: Value) {
        let mut told = self.told.lock().unwrap();
        let id = |record: &Value| record["shipmentPackageId"].clone();
        if !id(&record).is_null() {
            told.records.retain(|other| id(other) != id(&record));
        }
        told.records.push(record);
    }

    async fn reserved(&self) -> u64 {
        self.rig.push().await.unwrap().reserved
    }

    async fn problems(&self) -> Vec<String> {
        let pushed = self.rig.push().await.unwrap();
        pushed
            .data_warnings
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    async fn orders(&self) -> Vec<String> {
        self.rig.warehouse.orders().await
    }

    async fn pick(&self, order: &str) -> Picked {
        let ask = PickAsk {
            order,
            shelf: None,
            by: "Ayşe",
            dry_run: false,
            now: self.rig.now(),
        };
        self.rig.warehouse.store.pick(ask).await.unwrap()
    }

    async fn release(&self, order: &str) -> Vec<i64> {
        let person = Person {
            who: "Ayşe".to_owned(),
            why: "cancelled in the seller panel".to_owned(),
        };
        let store = &self.rig.warehouse.store;
        store
            .release_packages(order, &person, self.rig.now())
            .await
            .unwrap()
    }
}

/// A package of order 4711: id, status, `createdBy`, and units of `A`.
fn package(id: i64, status: &str, by: &str, units: u32) -> Value {
    json!({
        "shipmentPackageId": id, "orderNumber": "4711", "status": status, "createdBy": by,
        "originPackageIds": null,
        "lines": [{ "lineId": id * 10, "barcode": "A", "quantity": units }],
    })
}

fn with(mut record: Value, field: &str, value: Value) -> Value {
    record[field] = value;
    record
}

#[sqlx::test(migrations = false)]
async fn a_split_whose_parts_come_late_and_name_nothing_frees_no_unit(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let first = package(501, "UnPacked", "order-creation", 2);
    let sibling = package(502, "Created", "order-creation", 2);
    assert_eq!(shop.tells(vec![first, sibling]).await, 4);
    assert_eq!(shop.rig.on_sale(), ["A 6", "B 10"]);
    for part in [503, 504] {
        shop.rig.wait(3 * MINUTE);
        let part = package(part, "Created", "split", 1);
        assert_eq!(shop.tells(vec![part]).await, 4);
        assert_eq!(shop.rig.on_sale(), ["A 6", "B 10"]);
    }
    assert_eq!(shop.orders().await, ["4711 created Created A×1 A×1 A×2"]);
    assert_eq!(shop.problems().await, [""; 0]);
}

#[sqlx::test(migrations = false)]
async fn parts_that_are_first_seen_shipped_hold_what_nobody_has_taken(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let whole = |status| package(501, status, "order-creation", 3);
    assert_eq!(shop.tells(vec![whole("Created")]).await, 3);
    // The split and both parts come after a downtime, the parts first.
    let parts = vec![
        package(502, "Shipped", "split", 1),
        package(503, "Delivered", "split", 2),
        whole("UnPacked"),
    ];
    assert_eq!(shop.tells(parts).await, 3);
    shop.pick("4711").await;
    assert_eq!(shop.reserved().await, 0);
    assert_eq!(shop.rig.warehouse.stocks().await[0], ("A".to_owned(), 7));

    // Of what was taken, a later part holds nothing.
    let late = vec![package(504, "Shipped", "split", 1)];
    assert_eq!(shop.tells(late).await, 0);
}

#[sqlx::test(migrations = false)]
async fn a_placeholder_whose_package_is_first_seen_shipped_is_still_held(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let mut unnamed = package(501, "Awaiting", "order-creation", 2);
    unnamed["shipmentPackageId"] = Value::Null;
    assert_eq!(shop.tells(vec![unnamed]).await, 2);
    shop.told.lock().unwrap().records.clear();
    let shipped = package(501, "Shipped", "order-creation", 2);
    assert_eq!(shop.tells(vec![shipped]).await, 2);
    assert_eq!(shop.release("4711").await, [501]);
    assert_eq!(shop.reserved().await, 0);
}

#[sqlx::test(migrations = false)]
async fn parts_of_a_split_are_no_new_sales(pool: PgPool) {
    let shop = Shop::new(pool).await;
    assert_eq!(
        shop.tells(vec![package(601, "Created", "order-creation", 3)])
            .await,
        3
    );
    // The parts come before their origin is told to be dissolved, and one of them is dissolved itself.
    let parts = vec![
        package(602, "UnPacked", "split", 2),
        package(603, "Created", "split", 1),
    ];
    assert_eq!(shop.tells(parts).await, 3);
    assert_eq!(
        shop.tells(vec![package(601, "UnPacked", "order-creation", 3)])
            .await,
        3
    );
    let parts = vec![
        with(
            package(604, "Created", "split", 1),
            "originPackageIds",
            json!([601]),
        ),
        package(605, "Created", "split", 1),
    ];
    assert_eq!(shop.tells(parts).await, 3);
    assert_eq!(shop.rig.on_sale(), ["A 7", "B 10"]);
    assert_eq!(shop.orders().await, ["4711 created Created A×1 A×1 A×1"]);
    let begun = shop.rig.pull.changes().await.unwrap().new_orders;
    assert_eq!(begun, 0);
}

#[sqlx::test(migrations = false)]
async fn what_was_dissolved_stays_reserved_until_a_person_ends_it(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let part = package(502, "Created", "split", 1);
    assert_eq!(
        shop.tells(vec![package(501, "UnPacked", "", 3), part])
            .await,
        3
    );
    shop.rig.wait(120 * DAY);
    shop.rig.verify().await.unwrap();
    assert_eq!(shop.reserved().await, 3);
    assert_eq!(
        shop.problems().await,
        [
            "package 501 (order 4711): it was dissolved, and no package of the order carries this on; \
          2 × A stay reserved: look the order up in the seller panel, then pick it, or end the \
          reservation with `orderwatch stock release 4711` (counted)"
        ]
    );
    assert_eq!(shop.release("4711").await, [501]);
    assert_eq!((shop.reserved().await, shop.problems().await), (1, vec![]));
    // A part that comes all the same is to be sent.
    assert_eq!(
        shop.tells(vec![package(503, "Created", "split", 2)]).await,
        3
    );
    assert_eq!(shop.release("4711").await, [0_i64; 0]);
}

#[sqlx::test(migrations = false)]
async fn the_rest_of_a_cancelled_part_is_freed_when_that_has_rested(pool: PgPool) {
    let shop = Shop::new(pool).await;
    shop.tells(vec![package(501, "Created", "order-creation", 3)])
        .await;
    let rest = with(
        package(502, "Created", "cancel", 1),
        "originPackageIds",
        json!([501]),
    );
    assert_eq!(
        shop.tells(vec![package(501, "UnPacked", "order-creation", 3), rest])
            .await,
        3
    );
    assert_eq!(shop.orders().await, ["4711 created Created A×1"]);
    shop.rig.wait(14 * MINUTE);
    assert_eq!(shop.reserved().await, 3);
    shop.rig.wait(MINUTE);
    assert_eq!(shop.reserved().await, 1);
    shop.rig.wait(DAY);
    assert_eq!((shop.reserved().await, shop.problems().await), (1, vec![]));
}

#[sqlx::test(migrations = false)]
async fn a_package_without_an_id_is_kept_by_its_order_until_it_has_one(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let awaiting = |order: &str, barcode: &str, at: i64| {
        json!({
            "id": 0, "orderNumber": order, "shipmentPackageStatus": "Approved", "createdBy": "",
            "packageHistories": [{ "createdDate": 0, "status": "Awaiting" }], "orderDate": at,
            "lines": [{ "id": 1, "barcode": barcode, "quantity": 1,
                        "orderLineItemStatusName": "Approved" }],
        })
    };
    shop.tell_as_it_is(awaiting("9001", "A", 1_779_551_403_247));
    shop.tell_as_it_is(awaiting("9002", "B", 1_779_551_409_999));
    assert_eq!(shop.reserved().await, 2);
    assert_eq!(shop.rig.on_sale(), ["A 9", "B 9"]);
    let ids = "SELECT package_id, order_number, status FROM orderwatch.packages ORDER BY 1 DESC";
    let rows = || shop.rig.warehouse.rows(ids);
    assert_eq!(rows().await, ["-9001|9001|Awaiting", "-9002|9002|Awaiting"]);
    // Nothing is to be picked or told yet, however open it is.
    shop.tell_as_it_is(with(awaiting("9003", "A", 0), "status", json!("Created")));
    assert_eq!(shop.reserved().await, 3);
    assert_eq!(
        (shop.orders().await, shop.problems().await),
        (vec![], vec![])
    );
    let picked = shop.pick("9003").await;
    assert!(matches!(picked, Picked::NotReady), "{picked:?}");
    // A real package, and the old record beside it, in whatever order.
    let real = with(
        package(77, "Created", "order-creation", 1),
        "orderNumber",
        json!("9001"),
    );
    assert_eq!(shop.tells(vec![real]).await, 3);
    assert_eq!(
        rows().await,
        [
            "77|9001|Created",
            "-9002|9002|Awaiting",
            "-9003|9003|Created"
        ]
    );
    assert_eq!(shop.orders().await, ["9001 created Created A×1"]);
    shop.rig.wait(61 * MINUTE);
    assert_eq!(shop.reserved().await, 3);
    assert_eq!(rows().await.len(), 3);
    assert_eq!(report_picking(&shop.rig.seller).await.unwrap().reported, 0);
    assert_eq!(shop.told.lock().unwrap().picked, [""; 0]);
}

#[sqlx::test(migrations = false)]
async fn two_packages_of_an_order_without_ids_are_both_reserved(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let part = |id: Value, line: i64, barcode: &str| {
        let lines = json!([{ "lineId": line, "barcode": barcode, "quantity": 1 }]);
        let record = with(package(0, "Created", "", 1), "lines", lines);
        with(record, "shipmentPackageId", id)
    };
    // Two forms of none, and the second one again, alone.
    shop.tells(vec![part(json!(0), 1, "A")]).await;
    assert_eq!(shop.tells(vec![part(json!("0"), 2, "B")]).await, 2);
    shop.rig.wait(61 * MINUTE);
    assert_eq!(shop.reserved().await, 2);
    // The first one has come, so the other one alone is waited for.
    assert_eq!(shop.tells(vec![part(json!(7), 1, "A")]).await, 2);
    assert_eq!(shop.orders().await, ["4711 created Created A×1"]);
    assert_eq!(shop.tells(vec![part(json!(8), 2, "B")]).await, 2);
    let ids = "SELECT package_id FROM orderwatch.packages ORDER BY 1";
    assert_eq!(shop.rig.warehouse.rows(ids).await, ["7", "8"]);
}

#[sqlx::test(migrations = false)]
async fn what_was_picked_before_it_was_split_is_not_taken_again(pool: PgPool) {
    for parts_first in [false, true] {
        let warehouse = super::warehouse::Warehouse::new(pool.clone()).await;
        warehouse.clear().await;
        let shop = Shop::new(pool.clone()).await;
        let shelf =
            "INSERT INTO raf_urunleri (raf_kodu, urun_barkodu, adet) VALUES ('A-1', 'A', 10)";
        shop.rig.warehouse.run(shelf).await;
        shop.tells(vec![package(501, "Created", "order-creation", 3)])
            .await;
        let picked = shop.pick("4711").await;
        assert!(matches!(picked, Picked::Taken { .. }), "{picked:?}");

        let origin = || package(501, "UnPacked", "order-creation", 3);
        let parts = |status| {
            let part = |(id, units)| package(id, status, "split", units);
            [(502, 1), (503, 2)].map(part)
        };
        if !parts_first {
            assert_eq!(shop.tells(vec![origin()]).await, 0);
        }
        for part in parts("Created") {
            assert_eq!(shop.tells(vec![part]).await, 0);
        }
        assert_eq!(shop.tells(vec![origin()]).await, 0);
        assert_eq!(shop.rig.on_sale(), ["A 7", "B 10"]);
        let picked = shop.pick("4711").await;
        assert!(matches!(picked, Picked::Already(_)), "{picked:?}");

        // Sent, and nothing of it is said to be missing from the shelves.
        assert_eq!(shop.tells(parts("Shipped").into()).await, 0);
        let untaken = "SELECT package_id FROM orderwatch.packages WHERE taken_at IS NULL";
        assert_eq!(shop.rig.warehouse.rows(untaken).await, [""; 0]);
        assert_eq!(
            shop.rig.warehouse.stocks().await,
            [("A".to_owned(), 7), ("B".to_owned(), 10)]
        );
    }
}

#[sqlx::test(migrations = false)]
async fn what_came_back_undelivered_is_neither_reserved_nor_picked(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let back = |id: i64| {
        let record = package(id, "UnDeliveredAndReturned", "order-creation", 1);
        with(record, "orderNumber", json!(id.to_string()))
    };
    assert_eq!(shop.tells((1..=20).map(back).collect()).await, 0);
    for status in [
        "Created",
        "Shipped",
        "UnDelivered",
        "UnDeliveredAndReturned",
    ] {
        let held = u64::from(status != "UnDeliveredAndReturned") * 2;
        let told = vec![package(501, status, "order-creation", 2)];
        assert_eq!(shop.tells(told).await, held, "{status}");
    }
    assert_eq!(shop.problems().await, [""; 0]);
    let picked = shop.pick("4711").await;
    assert!(!matches!(picked, Picked::Taken { .. }), "{picked:?}");
    shop.tells(vec![package(502, "Reset", "order-creation", 1)])
        .await;
    assert_eq!(
        shop.problems().await,
        ["package 502 (order 4711): its status \"Reset\" is new to orderwatch (counted)"]
    );
}

#[sqlx::test(migrations = false)]
async fn a_cancelled_line_is_not_shown_not_taken_and_not_told(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let lines = |of_a: &str, of_b: &str| {
        let line = |id: i64, barcode: &str, status: &str| {
            json!({ "lineId": id, "barcode": barcode, "quantity": 1,
                    "orderLineItemStatusName": status, "cancelReasonCode": 550 })
        };
        let record = package(501, "Created", "order-creation", 1);
        with(
            record,
            "lines",
            json!([line(1, "A", of_a), line(2, "B", of_b)]),
        )
    };
    assert_eq!(shop.tells(vec![lines("Created", "Created")]).await, 2);
    assert_eq!(shop.orders().await, ["4711 created Created A×1 B×1"]);
    assert_eq!(shop.tells(vec![lines("Created", "Cancelled")]).await, 2);
    assert_eq!(shop.orders().await, ["4711 created Created A×1"]);
    shop.rig.wait(15 * MINUTE);
    assert_eq!(shop.reserved().await, 1);
    assert_eq!(shop.rig.on_sale(), ["A 9", "B 10"]);

    let Picked::Taken {
        lines: taken,
        to_report,
    } = shop.pick("4711").await
    else {
        panic!("not taken");
    };
    let taken: Vec<_> = taken
        .iter()
        .map(|l| (l.barcode.as_str(), l.units))
        .collect();
    assert_eq!((taken, to_report), (vec![("A", 1)], 1));
    assert_eq!(report_picking(&shop.rig.seller).await.unwrap().reported, 1);
    let want = r#"501 {"lines":[{"lineId":1,"quantity":1}],"params":{},"status":"Picking"}"#;
    assert_eq!(shop.told.lock().unwrap().picked, [want]);
    assert_eq!(shop.reserved().await, 0);

    // The last line: nothing of it is to be sent.
    shop.tells(vec![with(
        package(600, "Created", "", 1),
        "orderNumber",
        json!("4712"),
    )])
    .await;
    let cancelled = json!([{ "lineId": 1, "barcode": "A", "quantity": 1,
                             "orderLineItemStatusName": "UnSupplied" }]);
    let all = with(package(600, "Created", "", 1), "orderNumber", json!("4712"));
    shop.tells(vec![with(all, "lines", cancelled)]).await;
    assert!(
        shop.orders()
            .await
            .contains(&"4712 cancelled Cancelled A×1".to_owned())
    );
}

#[sqlx::test(migrations = false)]
async fn an_address_that_comes_later_is_written_though_nothing_else_changed(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let at = shop.rig.now().timestamp_millis();
    let record = |address: Value, cargo: i64| {
        let record = with(
            package(501, "Created", "order-creation", 1),
            "lastModifiedDate",
            json!(at),
        );
        let record = with(record, "shipmentAddress", address);
        with(record, "cargoTrackingNumber", json!(cargo))
    };
    shop.tells(vec![record(json!({}), 0)]).await;
    let row = "SELECT customer_address, cargo_tracking_number FROM orders_created";
    let before = shop.rig.warehouse.rows(row).await;
    shop.rig.wait(3 * MINUTE);
    let address = json!({ "fullAddress": "Bir Sokak 1 Kadıköy İstanbul" });
    shop.tells(vec![record(address, 7_260_024_209_574)]).await;
    let after = shop.rig.warehouse.rows(row).await;
    assert_eq!(before, ["-|0"]);
    assert_eq!(after, ["Bir Sokak 1 Kadıköy İstanbul|7260024209574"]);
    // The same once more is nothing new.
    assert_eq!(shop.rig.pull().await.unwrap()["changed"], 0);
}

#[sqlx::test(migrations = false)]
async fn a_record_is_neither_lost_nor_put_over_a_newer_one_by_its_time(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let at = json!(shop.rig.now().timestamp_millis());
    let record = |status: &str, at: &Value| {
        with(
            package(501, status, "order-creation", 1),
            "lastModifiedDate",
            at.clone(),
        )
    };
    let none = Value::Null;
    for (status, at, want) in [
        ("Created", &none, "created"),
        ("Created", &at, "created"),
        // In the same millisecond, or without a time: the package's life decides.
        ("Cancelled", &at, "cancelled"),
        ("Created", &at, "cancelled"),
        ("Created", &none, "cancelled"),
    ] {
        shop.tells(vec![record(status, at)]).await;
        let orders = shop.orders().await;
        assert!(
            orders[0].starts_with(&format!("4711 {want} ")),
            "{status} {at}: {orders:?}"
        );
    }
    shop.rig.wait(15 * MINUTE);
    assert_eq!(shop.reserved().await, 0);
}

#[sqlx::test(migrations = false)]
async fn a_package_that_is_not_told_of_any_more_needs_a_person(pool: PgPool) {
    for others in [false, true] {
        let warehouse = super::warehouse::Warehouse::new(pool.clone()).await;
        warehouse.clear().await;
        let shop = Shop::new(pool.clone()).await;
        let mut records = vec![package(501, "Created", "order-creation", 2)];
        if others {
            records.push(package(502, "Created", "order-creation", 1));
        }
        let held = shop.tells(records).await;
        shop.told
            .lock()
            .unwrap()
            .records
            .retain(|record| record["shipmentPackageId"] == 502);
        shop.rig.wait(5 * DAY);
        for tries in 0..3 {
            assert_eq!(shop.problems().await, [""; 0], "{tries}");
            shop.rig.wait(DAY / 2 + MINUTE);
            assert_eq!(shop.rig.pull().await.unwrap()["asked"], 1);
        }
        assert_eq!(
            shop.problems().await,
            [
                "package 501 (order 4711): it is open, and the marketplace does not answer about it any \
              more; 2 × A stay reserved: look the order up in the seller panel, then pick it, or end \
              the reservation with `orderwatch stock release 4711` (counted)"
            ]
        );
        shop.rig.wait(90 * DAY);
        assert_eq!(shop.reserved().await, held);
        assert_eq!(shop.release("4711").await, [501]);
        assert_eq!(
            (shop.reserved().await, shop.problems().await),
            (held - 2, vec![])
        );
        // It lives on after all.
        let back = package(501, "Picking", "order-creation", 2);
        assert_eq!(shop.tells(vec![back]).await, held);
    }
}

#[sqlx::test(migrations = false)]
async fn unknown_packages_do_not_keep_forgotten_orders_from_being_asked_about(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let order = |id: i64, status: &str| {
        with(
            package(id, status, "order-creation", 1),
            "orderNumber",
            json!(id.to_string()),
        )
    };
    let records = (1..=30)
        .map(|id| order(id, "OnTheMoon"))
        .chain([order(31, "Created")]);
    shop.tells(records.collect()).await;
    shop.rig.wait(6 * DAY);
    // It was cancelled when nobody could read that.
    let gone = shop.rig.now().timestamp_millis() - 1_000;
    shop.tell_as_it_is(with(
        order(31, "Cancelled"),
        "lastModifiedDate",
        json!(gone),
    ));
    shop.rig.feed_was_read().await;
    assert_eq!(shop.rig.pull().await.unwrap()["asked"], 5);
    assert_eq!(shop.orders().await, ["31 cancelled Cancelled A×1"]);
}

#[sqlx::test(migrations = false)]
async fn a_package_that_is_passed_on_between_sellers_is_one_reservation(pool: PgPool) {
    let shop = Shop::new(pool).await;
    // Received: its origin is another seller's.
    let received = with(
        package(501, "Created", "transfer", 1),
        "originPackageIds",
        json!([99]),
    );
    assert_eq!(shop.tells(vec![received]).await, 1);
    // Ours: its last record says so.
    let ours = |by: &str| with(package(502, "Created", by, 2), "orderNumber", json!("4712"));
    assert_eq!(shop.tells(vec![ours("order-creation")]).await, 3);
    assert_eq!(shop.tells(vec![ours("transfer")]).await, 3);
    assert_eq!(shop.problems().await, [""; 0]);
    shop.rig.wait(61 * MINUTE);
    let problems = shop.problems().await;
    assert_eq!((problems.len(), shop.reserved().await), (2, 3));
    assert!(
        problems[1].contains("order 4712): the marketplace passes it on"),
        "{problems:?}"
    );
    let picked = shop.pick("4711").await;
    assert!(matches!(picked, Picked::Taken { .. }), "{picked:?}");
    assert_eq!(shop.release("4712").await, [502]);
    assert_eq!((shop.reserved().await, shop.problems().await), (0, vec![]));
}

#[sqlx::test(migrations = false)]
async fn a_page_that_does_not_come_does_not_make_the_feed_begin_again_for_ever(pool: PgPool) {
    let shop = Shop::new(pool).await;
    let begin = shop.rig.now().timestamp_millis();
    for id in 1..=60 {
        let record = with(
            package(id, "Created", "", 1),
            "orderNumber",
            json!(id.to_string()),
        );
        let record = with(record, "lines", json!([{ "barcode": "C", "quantity": 1 }]));
        shop.tell_as_it_is(with(
            record,
            "lastModifiedDate",
            json!(begin - id * 3_600_000),
        ));
    }
    let read = || async {
        let rows = shop
            .rig
            .warehouse
            .rows("SELECT count(*) FROM orders_created")
            .await;
        rows[0].parse::<usize>().unwrap()
    };
    // Thirteen pages of two windows, and the seventh of the first does not come at first: it is asked for again where it is.
    let mut once = true;
    shop.told.lock().unwrap().refuses = Some(Box::new(move |page| {
        (page == 7 && std::mem::take(&mut once)).then_some(MarketError::RateLimited {
            retry_after: Duration::from_secs(5),
        })
    }));
    let before = shop.rig.now();
    shop.rig.pull.changes().await.unwrap();
    assert_eq!((read().await, shop.told.lock().unwrap().pages), (60, 14));
    assert_eq!((shop.rig.now() - before).num_seconds(), 5);

    // None beyond the third ever comes: every pass reads what it can, the oldest first, and ends.
    let mut reads = Vec::new();
    shop.rig
        .warehouse
        .run("DELETE FROM orderwatch.packages; DELETE FROM orderwatch.feeds; DELETE FROM orders_created;
              DELETE FROM orderwatch.order_places")
        .await;
    shop.told.lock().unwrap().refuses = Some(Box::new(|page| {
        (page > 3).then(|| MarketError::Transient {
            status: 500,
            text: "down".to_owned(),
        })
    }));
    shop.rig.pull.changes().await.unwrap();
    reads.push(read().await);
    assert_eq!(reads, [60]);

    // Where nothing comes at all, it ends at once.
    let pages = shop.told.lock().unwrap().pages;
    shop.told.lock().unwrap().refuses = Some(Box::new(|_| {
        Some(MarketError::Transient {
            status: 500,
            text: "down".to_owned(),
        })
    }));
    let error = shop.rig.pull.changes().await.unwrap_err();
    assert!(matches!(error, JobError::Market(_)), "{error}");
    assert_eq!(shop.told.lock().unwrap().pages, pages + 1);
}
