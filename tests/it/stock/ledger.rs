//! Beside the warehouse's own application: its ledger, its aliases, its other order tables.

use std::time::Duration;

use orderwatch::store::{Person, PickAsk, Picked};
use sandbox::trendyol::Status;
use sqlx::{PgConnection, PgPool};

use super::rig::Rig;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
const MAIN: &str = "8690000000000";

/// Tables of the same shape as the application's.
const TABLES: &str = "
    CREATE TABLE public.products (barcode varchar PRIMARY KEY, title varchar, quantity integer);
    CREATE TABLE public.barcode_aliases (
        alias_barcode varchar(100) PRIMARY KEY, main_barcode varchar(100) NOT NULL, created_at timestamp);
    CREATE TABLE public.orders_hazirlaniyor (
        LIKE orders_created INCLUDING ALL, hazirlaniyor_since timestamp, toplandi_at timestamp, toplandi_raf varchar);
    CREATE TABLE public.orders_ready_to_ship (LIKE orders_created INCLUDING ALL, label_printed boolean);
    CREATE TABLE public.archive (id serial PRIMARY KEY, order_number varchar, details text, archive_date timestamp);
    CREATE TABLE public.order_audit_logs (id bigserial PRIMARY KEY, order_number varchar, details json);";

const LEDGER: &str = "
    CREATE TABLE public.stock_movement (
        id bigserial PRIMARY KEY, created_at timestamp NOT NULL, barcode varchar(64) NOT NULL,
        shelf_code varchar(64), delta integer NOT NULL, reason varchar(32) NOT NULL,
        order_number varchar(64), idempotency_key varchar(128) UNIQUE, source varchar(32), note text,
        CHECK (reason IN ('goods_in', 'pack_out', 'ship_out', 'cancel_return', 'manual_adjust',
                          'opening_balance', 'exchange', 'reconcile')));
    CREATE INDEX ON stock_movement (order_number);";

/// A warehouse with the application's tables, and units on two shelves.
async fn rig(pool: PgPool, ledger: bool, products: &[(&str, i32)]) -> Rig {
    let listed: Vec<(&str, u32)> = products.iter().map(|(b, _)| (*b, 9)).collect();
    let rig = Rig::new(pool, &listed).await;
    rig.warehouse.make(TABLES).await;
    if ledger {
        rig.warehouse.make(LEDGER).await;
    }
    for (barcode, units) in products.iter().filter(|(_, units)| *units > 0) {
        rig.warehouse
            .run(&format!(
                "INSERT INTO raf_urunleri (raf_kodu, urun_barkodu, adet)
                 VALUES ('A-1', '{barcode}', {units} - 1), ('B-2', '{barcode}', 1);
                 INSERT INTO central_stock (barcode, qty) VALUES ('{barcode}', {units});
                 INSERT INTO products (barcode, quantity) VALUES ('{barcode}', {units});"
            ))
            .await;
    }
    rig
}

impl Rig {
    async fn reserved(&self) -> u64 {
        self.wait(MINUTE);
        self.push().await.unwrap().reserved
    }

    /// Shelves, `central_stock` and `products` of a product.
    async fn figures(&self, barcode: &str) -> String {
        let sql = format!(
            "SELECT (SELECT sum(adet) FROM raf_urunleri WHERE urun_barkodu = '{barcode}'),
                    (SELECT qty FROM central_stock WHERE barcode = '{barcode}'),
                    (SELECT quantity FROM products WHERE barcode = '{barcode}')"
        );
        self.warehouse.rows(&sql).await.remove(0)
    }

    async fn ledger(&self) -> Vec<String> {
        self.warehouse
            .rows(
                "SELECT barcode, shelf_code, delta, reason, order_number = split_part(idempotency_key, ':', 1),
                        substr(idempotency_key, strpos(idempotency_key, ':') + 1)
                 FROM stock_movement ORDER BY id",
            )
            .await
    }

    /// The application moves an order from one of its tables to another, as its own sync does.
    async fn moved_by_the_application(&self, order: &str, from: &str, to: &str) {
        let columns =
            "order_number, status, details, product_barcode, quantity, created_at, updated_at";
        self.warehouse
            .run(&format!(
                "INSERT INTO {to} ({columns}) SELECT {columns} FROM {from} WHERE order_number = '{order}';
                 DELETE FROM {from} WHERE order_number = '{order}';"
            ))
            .await;
    }

    /// What the application's collecting writes, in one transaction and in its order.
    async fn collected_by_the_application(&self, order: &str, barcode: &str, units: i32) {
        let mut connection = self.warehouse.pool.acquire().await.unwrap();
        run(&mut connection, "BEGIN").await;
        collect(&mut connection, order, barcode, units).await;
        run(&mut connection, "COMMIT").await;
    }

    async fn pick(&self, order: &str) -> Picked {
        let ask = PickAsk {
            order,
            shelf: None,
            by: "Ayşe",
            dry_run: false,
            now: self.now(),
        };
        self.warehouse.store.pick(ask).await.unwrap()
    }

    async fn places(&self) -> Vec<String> {
        self.warehouse
            .rows(
                "SELECT order_number, place FROM orderwatch.order_standings(ARRAY(
                       SELECT order_number FROM orderwatch.packages)) ORDER BY 1, 2",
            )
            .await
    }
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .unwrap();
}

async fn collect(connection: &mut PgConnection, order: &str, barcode: &str, units: i32) {
    let sql = format!(
        "SELECT FROM raf_urunleri WHERE urun_barkodu = '{barcode}' AND adet > 0 FOR UPDATE;
         UPDATE raf_urunleri SET adet = adet - {units} WHERE urun_barkodu = '{barcode}' AND raf_kodu = 'A-1';
         INSERT INTO stock_movement (created_at, barcode, shelf_code, delta, reason, order_number, idempotency_key)
         VALUES (now(), '{barcode}', 'A-1', -{units}, 'pack_out', '{order}', '{order}:pick:{barcode}');
         UPDATE central_stock SET qty = (SELECT sum(adet) FROM raf_urunleri WHERE urun_barkodu = '{barcode}')
         WHERE barcode = '{barcode}';
         UPDATE products SET quantity = (SELECT sum(adet) FROM raf_urunleri WHERE urun_barkodu = '{barcode}')
         WHERE barcode = '{barcode}';
         UPDATE orders_hazirlaniyor SET toplandi_at = now(), toplandi_raf = 'A-1' WHERE order_number = '{order}'"
    );
    run(connection, &sql).await;
}

/// The application's hook: after each savepoint of a transaction that has changed shelves, a second
/// connection makes the other figures agree with the shelves as they are committed. It waits for ever
/// where it finds a difference, because its own transaction holds the row.
async fn hook(pool: &PgPool, barcode: &str) -> Result<(), sqlx::Error> {
    let mut second = pool.begin().await?;
    let sql = format!(
        "SET LOCAL lock_timeout = '300ms';
         UPDATE central_stock c SET qty = s.n
         FROM (SELECT COALESCE(sum(adet), 0) AS n FROM raf_urunleri WHERE urun_barkodu = '{barcode}' AND adet > 0) s
         WHERE c.barcode = '{barcode}' AND c.qty <> s.n;
         UPDATE products p SET quantity = s.n
         FROM (SELECT COALESCE(sum(adet), 0) AS n FROM raf_urunleri WHERE urun_barkodu = '{barcode}' AND adet > 0) s
         WHERE p.barcode = '{barcode}' AND p.quantity <> s.n"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut *second)
        .await?;
    second.commit().await
}

/// What the application's safety net asks before it deducts an order that is shipped.
async fn has_prior_outflow(rig: &Rig, order: &str) -> bool {
    let sql = format!(
        "SELECT EXISTS (SELECT FROM stock_movement WHERE order_number = '{order}'
                        AND reason IN ('pack_out', 'ship_out') AND delta < 0)"
    );
    rig.warehouse.rows(&sql).await == ["true"]
}

#[sqlx::test(migrations = false)]
async fn an_order_that_stands_anywhere_is_never_inserted_again(pool: PgPool) {
    let rig = rig(pool, true, &[("A", 9)]).await;
    rig.warehouse
        .make("CREATE TABLE public.orders_on_hold (LIKE orders_created INCLUDING ALL)")
        .await;
    let mut wanted = Vec::new();
    for table in [
        "orders_hazirlaniyor",
        "orders_ready_to_ship",
        "orders_on_hold",
        "orders_picking",
        "archive",
    ] {
        let number = rig.shop.sell("A", 1).unwrap().number;
        let columns = if table == "archive" {
            ""
        } else {
            ", created_at, updated_at"
        };
        let values = if table == "archive" {
            ""
        } else {
            ", now(), now()"
        };
        rig.warehouse
            .run(&format!(
                "INSERT INTO {table} (order_number, details{columns})
                 VALUES ('{number}', '[{{\"barcode\": \"A\", \"quantity\": 1}}]'{values})"
            ))
            .await;
        let place = table.strip_prefix("orders_").unwrap_or(table);
        wanted.push(format!("{number}|{place}"));
    }
    wanted.sort();
    rig.pull().await.unwrap();
    rig.wait(61 * MINUTE);
    rig.pull().await.unwrap();
    assert_eq!(rig.places().await, wanted);
    // None of them was taken, wherever it stands, and none counts twice.
    let pushed = rig.push().await.unwrap();
    assert_eq!(
        (pushed.reserved, rig.on_sale()),
        (5, vec!["A 4".to_owned()])
    );
    let named: Vec<String> = pushed
        .data_warnings
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(named.len(), 1, "{named:?}");
    assert!(named[0].starts_with("orders_on_hold: "), "{named:?}");
    assert_eq!(
        rig.warehouse.store.unknown_order_tables().await.unwrap(),
        ["orders_on_hold"]
    );
}

#[sqlx::test(migrations = false)]
async fn an_order_is_reserved_until_the_application_has_collected_it(pool: PgPool) {
    for ledger in [false, true] {
        let warehouse = super::warehouse::Warehouse::new(pool.clone()).await;
        warehouse
            .run("DROP TABLE IF EXISTS products, barcode_aliases, orders_hazirlaniyor, orders_ready_to_ship,
                                       archive, order_audit_logs, stock_movement")
            .await;
        warehouse.clear().await;
        let rig = rig(pool.clone(), ledger, &[("A", 9)]).await;
        // Of twenty days ago, in no one's window.
        rig.warehouse
            .run(
                r#"INSERT INTO orders_hazirlaniyor (id, order_number, details, created_at, updated_at)
                   VALUES (1, '720004', '[{"barcode":"a","quantity":"2"}]', now(), now())"#,
            )
            .await;
        let order = rig.shop.sell("A", 3).unwrap();
        let number = &order.number;
        rig.pull().await.unwrap();
        rig.moved_by_the_application(number, "orders_created", "orders_hazirlaniyor")
            .await;
        assert_eq!(rig.reserved().await, 5, "{ledger}");
        assert_eq!(rig.on_sale(), ["A 4"]);

        rig.shop
            .move_to(order.packages[0], Status::Picking)
            .unwrap();
        assert_eq!(rig.reserved().await, 5, "{ledger}");
        assert_eq!(rig.places().await, [format!("{number}|hazirlaniyor")]);
        if ledger {
            rig.collected_by_the_application(number, "A", 3).await;
        } else {
            rig.warehouse
                .run(
                    "UPDATE central_stock SET qty = qty - 3;
                      UPDATE orders_hazirlaniyor SET toplandi_at = now() WHERE id <> 1",
                )
                .await;
        }
        assert_eq!(rig.reserved().await, 2, "{ledger}");
        assert_eq!(rig.on_sale(), ["A 4"]);
        let picked = rig.pick(number).await;
        assert!(matches!(picked, Picked::Already(Some(_))), "{picked:?}");

        rig.shop
            .move_to(order.packages[0], Status::Shipped)
            .unwrap();
        assert_eq!(rig.reserved().await, 2, "{ledger}");
        assert_eq!(rig.places().await, [format!("{number}|shipped")]);
        assert_eq!(rig.on_sale(), ["A 4"]);
    }
}

/// The application's row of an order for units of the main product.
fn row(table: &str, order: &str, units: i32) -> String {
    format!(
        r#"INSERT INTO {table} (order_number, details, created_at, updated_at)
           VALUES ('{order}', '[{{"barcode": "{MAIN}", "quantity": {units}}}]', now(), now());"#
    )
}

#[sqlx::test(migrations = false)]
async fn an_order_that_was_picked_before_it_was_read_is_not_reserved_again(pool: PgPool) {
    let rig = rig(pool, false, &[(MAIN, 5)]).await;
    let order = rig.shop.sell(MAIN, 2).unwrap();
    let taken = format!(
        "{} UPDATE central_stock SET qty = 3; UPDATE raf_urunleri SET adet = 2 WHERE raf_kodu = 'A-1';",
        row("orders_picking", &order.number, 2)
    );
    rig.warehouse.run(&taken).await;
    assert_eq!(rig.reserved().await, 0);
    assert_eq!(rig.on_sale(), [format!("{MAIN} 3")]);

    rig.shop
        .move_to(order.packages[0], Status::Shipped)
        .unwrap();
    assert_eq!(rig.reserved().await, 0);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_was_shipped_before_it_was_read_stays_reserved_until_it_is_taken(
    pool: PgPool,
) {
    let rig = rig(pool, true, &[(MAIN, 5)]).await;
    let order = rig.shop.sell(MAIN, 2).unwrap();
    rig.warehouse
        .run(&row("orders_created", &order.number, 2))
        .await;
    rig.shop
        .move_to(order.packages[0], Status::Shipped)
        .unwrap();
    assert_eq!(rig.reserved().await, 2);
    assert_eq!(rig.on_sale(), [format!("{MAIN} 3")]);

    // The application deducts it when it sees that it was shipped.
    let shipped = format!(
        "INSERT INTO stock_movement (created_at, barcode, shelf_code, delta, reason, order_number, idempotency_key)
         VALUES (now(), '{MAIN}', 'A-1', -2, 'ship_out', '{0}', '{0}:ship:{MAIN}');
         UPDATE central_stock SET qty = 3; UPDATE raf_urunleri SET adet = 2 WHERE raf_kodu = 'A-1';",
        order.number
    );
    rig.warehouse.run(&shipped).await;
    assert_eq!(rig.reserved().await, 0);
    rig.shop
        .move_to(order.packages[0], Status::Delivered)
        .unwrap();
    assert_eq!(rig.reserved().await, 0);
    assert_eq!(rig.on_sale(), [format!("{MAIN} 3")]);
}

#[sqlx::test(migrations = false)]
async fn every_way_of_writing_a_barcode_counts_for_its_product(pool: PgPool) {
    let rig = rig(
        pool,
        true,
        &[
            (MAIN, 5),
            ("güllü-1", 5),
            ("ALIAS0000001", 0),
            ("GULLU-1", 0),
        ],
    )
    .await;
    rig.warehouse
        .run(&format!(
            "INSERT INTO barcode_aliases VALUES ('ALIAS0000001', '{MAIN}')"
        ))
        .await;
    let order = rig
        .shop
        .sell_parcels(&[&[("ALIAS0000001", 2), ("GULLU-1", 1)]])
        .unwrap();
    rig.warehouse
        .run(
            r#"INSERT INTO orders_created (order_number, details, created_at, updated_at)
               VALUES ('7', '[{"barcode":" ALIAS 0000001","quantity":1}]', now(), now())"#,
        )
        .await;
    assert_eq!(rig.reserved().await, 4);
    // What is pushed is what Trendyol lists.
    let on_sale = rig.on_sale();
    assert!(on_sale.contains(&format!("{MAIN} 2")), "{on_sale:?}");
    assert!(on_sale.contains(&"güllü-1 4".to_owned()), "{on_sale:?}");

    let picked = rig.pick(&order.number).await;
    assert!(matches!(picked, Picked::Taken { .. }), "{picked:?}");
    assert_eq!(rig.figures(MAIN).await, "3|3|3");
    assert_eq!(rig.figures("güllü-1").await, "4|4|4");
    assert_eq!(
        rig.ledger().await,
        [
            format!("{MAIN}|A-1|-2|pack_out|true|pick:{MAIN}"),
            "güllü-1|A-1|-1|pack_out|true|pick:güllü-1".to_owned(),
        ]
    );
    assert_eq!(rig.reserved().await, 1);
    assert!(rig.on_sale().contains(&format!("{MAIN} 2")));
}

#[sqlx::test(migrations = false)]
async fn a_movement_and_nothing_else_says_that_units_were_taken(pool: PgPool) {
    let rig = rig(pool, true, &[("A", 9)]).await;
    let order = rig.shop.sell("A", 2).unwrap();
    let number = &order.number;
    rig.pull().await.unwrap();
    // Pressed in the seller panel: the application moves the row, and nobody has taken a piece.
    rig.shop
        .move_to(order.packages[0], Status::Picking)
        .unwrap();
    rig.moved_by_the_application(number, "orders_created", "orders_picking")
        .await;
    assert_eq!(rig.reserved().await, 2);
    assert_eq!(rig.on_sale(), ["A 7"]);
    // Shipped all the same, and months later.
    rig.shop
        .move_to(order.packages[0], Status::Shipped)
        .unwrap();
    assert_eq!(rig.reserved().await, 2);
    rig.wait(120 * DAY);
    rig.verify().await.unwrap();
    assert_eq!(rig.reserved().await, 2);
    assert_eq!(rig.on_sale(), ["A 7"]);
    let plan = rig
        .warehouse
        .rows("SELECT count(*) FROM orderwatch.packages WHERE unpicked AND taken_at IS NULL");
    assert_eq!(plan.await, ["1"]);

    // The application's safety net: what there was of it.
    rig.warehouse
        .run(&format!(
            "UPDATE raf_urunleri SET adet = adet - 1 WHERE raf_kodu = 'A-1'; UPDATE central_stock SET qty = qty - 1;
             INSERT INTO stock_movement (created_at, barcode, delta, reason, order_number)
             VALUES (now(), 'A', -1, 'ship_out', '{number}')"
        ))
        .await;
    assert_eq!(rig.reserved().await, 1);
    rig.warehouse
        .run(&format!(
            "UPDATE raf_urunleri SET adet = adet - 1 WHERE raf_kodu = 'A-1'; UPDATE central_stock SET qty = qty - 1;
             INSERT INTO stock_movement (created_at, barcode, delta, reason, order_number)
             VALUES (now(), 'A', -1, 'ship_out', '{number}')"
        ))
        .await;
    assert_eq!(rig.reserved().await, 0);
    assert_eq!(rig.on_sale(), ["A 7"]);
    let left = "SELECT count(*) FROM orderwatch.packages WHERE taken_at IS NULL";
    assert_eq!(rig.warehouse.rows(left).await, ["0"]);
}

#[sqlx::test(migrations = false)]
async fn a_pick_is_what_the_application_would_have_written(pool: PgPool) {
    let rig = rig(pool, true, &[("A", 8), ("B", 5)]).await;
    let order = rig.shop.sell_parcels(&[&[("A", 1), ("B", 2)]]).unwrap();
    let number = &order.number;
    rig.pull().await.unwrap();
    rig.moved_by_the_application(number, "orders_created", "orders_hazirlaniyor")
        .await;
    let picked = rig.pick(number).await;
    assert!(matches!(picked, Picked::Taken { .. }), "{picked:?}");
    let figures = [rig.figures("A").await, rig.figures("B").await];
    assert_eq!(figures, ["7|7|7", "3|3|3"]);
    assert_eq!(
        rig.ledger().await,
        [
            "A|A-1|-1|pack_out|true|pick:A",
            "B|A-1|-2|pack_out|true|pick:B"
        ]
    );
    // From orders_picking the application asks for an outflow before it deducts what is shipped; from
    // orders_hazirlaniyor it would deduct at once.
    assert_eq!(rig.places().await, [format!("{number}|picking")]);
    assert!(has_prior_outflow(&rig, number).await);

    let again = rig.pick(number).await;
    assert!(matches!(again, Picked::Already(_)), "{again:?}");
    assert_eq!([rig.figures("A").await, rig.figures("B").await], figures);
    assert_eq!(rig.reserved().await, 0);
    rig.shop
        .move_to(order.packages[0], Status::Shipped)
        .unwrap();
    assert_eq!(rig.reserved().await, 0);
    assert_eq!(rig.on_sale(), ["A 7", "B 3"]);
}

#[sqlx::test(migrations = false)]
async fn the_application_and_a_pick_neither_take_twice_nor_wait_for_each_other(pool: PgPool) {
    let rig = rig(pool, true, &[("A", 8)]).await;
    let [first, second] = [1, 2].map(|_| rig.shop.sell("A", 1).unwrap().number);
    rig.pull().await.unwrap();
    rig.moved_by_the_application(&first, "orders_created", "orders_hazirlaniyor")
        .await;

    // The application collects the order while it is being picked here, too.
    let mut connection = rig.warehouse.pool.acquire().await.unwrap();
    run(&mut connection, "BEGIN").await;
    collect(&mut connection, &first, "A", 1).await;
    hook(&rig.warehouse.pool, "A").await.unwrap();
    let (picked, ()) = tokio::join!(rig.pick(&first), async {
        // The pick has to wait for the shelf.
        for _ in 0..200 {
            let waits = "SELECT count(*) FROM pg_stat_activity
                         WHERE wait_event_type = 'Lock' AND datname = current_database()";
            if rig.warehouse.rows(waits).await != ["0"] {
                break;
            }
            tokio::task::yield_now().await;
        }
        run(&mut connection, "COMMIT").await;
    });
    assert!(matches!(picked, Picked::Already(Some(_))), "{picked:?}");
    assert_eq!(rig.figures("A").await, "7|7|7");

    // After a pick the figures agree, so the application's hook finds nothing to write and waits for
    // nothing, while its own transaction holds the row.
    let picked = rig.pick(&second).await;
    assert!(matches!(picked, Picked::Taken { .. }), "{picked:?}");
    assert_eq!(rig.figures("A").await, "6|6|6");
    run(&mut connection, "BEGIN").await;
    collect(&mut connection, "another", "A", 1).await;
    hook(&rig.warehouse.pool, "A").await.unwrap();
    run(&mut connection, "COMMIT").await;
    assert_eq!(rig.figures("A").await, "5|5|5");
}

#[sqlx::test(migrations = false)]
async fn a_cancelled_order_that_was_picked_goes_back_to_its_shelf_once(pool: PgPool) {
    let rig = rig(pool, true, &[("A", 8)]).await;
    let [picked, open] = [1, 2].map(|units| rig.shop.sell("A", units).unwrap());
    rig.pull().await.unwrap();
    rig.pick(&picked.number).await;
    assert_eq!(rig.figures("A").await, "7|7|7");
    for order in [&picked, &open] {
        rig.shop.cancel(order.packages[0]).unwrap();
    }
    rig.wait(MINUTE);
    rig.pull().await.unwrap();
    assert_eq!(rig.figures("A").await, "8|8|8");
    // The key under which the application returns it, so that it does not do so again.
    assert_eq!(
        rig.ledger().await,
        [
            "A|A-1|-1|pack_out|true|pick:A",
            "A|A-1|1|cancel_return|true|Picking->Cancelled:A:cancel_return"
        ]
    );
    let mut places = [
        format!("{}|cancelled", picked.number),
        format!("{}|cancelled", open.number),
    ];
    places.sort();
    assert_eq!(rig.places().await, places);
    rig.wait(61 * MINUTE);
    rig.pull().await.unwrap();
    assert_eq!(rig.figures("A").await, "8|8|8");
}

#[sqlx::test(migrations = false)]
async fn a_cancelled_order_that_the_application_has_returned_is_not_returned_again(pool: PgPool) {
    let rig = rig(pool, true, &[("A", 8)]).await;
    let order = rig.shop.sell("A", 1).unwrap();
    rig.pull().await.unwrap();
    rig.pick(&order.number).await;
    rig.warehouse
        .run(&format!(
            "UPDATE raf_urunleri SET adet = adet + 1 WHERE raf_kodu = 'A-1';
             UPDATE central_stock SET qty = 8; UPDATE products SET quantity = 8;
             INSERT INTO stock_movement (created_at, barcode, delta, reason, order_number, idempotency_key)
             VALUES (now(), 'A', 1, 'cancel_return', '{0}', '{0}:Picking->Cancelled:A:cancel_return')",
            order.number
        ))
        .await;
    rig.shop.cancel(order.packages[0]).unwrap();
    rig.wait(MINUTE);
    rig.pull().await.unwrap();
    assert_eq!(rig.figures("A").await, "8|8|8");
    assert_eq!(rig.places().await, [format!("{}|cancelled", order.number)]);
}

#[sqlx::test(migrations = false)]
async fn a_person_ends_what_was_shipped_without_being_taken(pool: PgPool) {
    let rig = rig(pool, false, &[("A", 9)]).await;
    let [elsewhere, here, open] = [1, 2, 3].map(|units| rig.shop.sell("A", units).unwrap());
    rig.pull().await.unwrap();
    for order in [&elsewhere, &here] {
        rig.shop
            .move_to(order.packages[0], Status::Shipped)
            .unwrap();
    }
    assert_eq!(rig.reserved().await, 6);
    let person = Person {
        who: "Ayşe".to_owned(),
        why: "sent from the second warehouse".to_owned(),
    };
    let store = &rig.warehouse.store;
    let released = store
        .release_packages(&elsewhere.number, &person, rig.now())
        .await
        .unwrap();
    assert_eq!(released, elsewhere.packages);
    // What is open waits to be picked: nobody can say that it was not.
    let none = store
        .release_packages(&open.number, &person, rig.now())
        .await
        .unwrap();
    assert_eq!(none, [0_i64; 0]);
    assert_eq!(rig.reserved().await, 5);
    assert_eq!(rig.on_sale(), ["A 4"]);

    let picked = rig.pick(&here.number).await;
    assert!(matches!(picked, Picked::Taken { .. }), "{picked:?}");
    assert_eq!(rig.figures("A").await, "7|7|7");
    assert_eq!(rig.reserved().await, 3);
    assert_eq!(rig.on_sale(), ["A 4"]);
    let kept =
        "SELECT released_by, release_reason FROM orderwatch.packages WHERE released_at IS NOT NULL";
    assert_eq!(
        rig.warehouse.rows(kept).await,
        ["Ayşe|sent from the second warehouse"]
    );
}
