//! A database of the warehouse alone, with the tables that its application makes today: what their
//! columns take, and who keeps their rows.

use std::{collections::BTreeMap, time::Duration};

use orderwatch::store::{Sides, Store};
use sandbox::trendyol::{Product, Status};
use sqlx::PgPool;

use super::{rig::Rig, warehouse::Warehouse};
use crate::process::roles;

const MINUTE: Duration = Duration::from_mins(1);

async fn warehouse(pool: PgPool, mirror: bool) -> Warehouse {
    let sides = Sides {
        shop: false,
        warehouse: true,
    };
    sqlx::raw_sql(include_str!("../../fixtures/warehouse-application.sql"))
        .execute(&pool)
        .await
        .unwrap();
    let daemon = roles::migrate(&pool, sides).await;
    let store = Store::from_pool(daemon).having(sides).mirroring(mirror);
    let warehouse = Warehouse { pool, store };
    warehouse.stock("A", 9).await;
    warehouse
}

async fn rig(warehouse: Warehouse) -> Rig {
    Rig::over(warehouse, |plan| plan.products = vec![Product::new("A", 9)]).await
}

/// Every row of the application, with what changes when it is written again.
async fn its_rows(warehouse: &Warehouse) -> BTreeMap<String, Vec<String>> {
    let tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
                  AND relkind = 'r' AND relname <> 'stock_push_log'";
    let mut all = BTreeMap::new();
    for table in warehouse.rows(tables).await {
        let rows = format!("SELECT t.xmin, t.ctid, t FROM public.{table} t ORDER BY t.ctid");
        let rows = warehouse.rows(&rows).await;
        all.insert(table, rows);
    }
    all
}

#[sqlx::test(migrations = false)]
async fn tables_that_insist_on_columns_take_orders_stock_and_returns(pool: PgPool) {
    let rig = rig(warehouse(pool, true).await).await;
    let order = rig.shop.sell("A", 2).unwrap();
    assert_eq!(rig.push().await.unwrap().reserved, 2);
    assert_eq!(rig.on_sale(), ["A 7"]);
    let number = &order.number;
    assert_eq!(
        rig.warehouse
            .rows("SELECT order_number, source FROM orders_created")
            .await,
        [format!("{number}|TRENDYOL")]
    );

    rig.shop
        .move_to(order.packages[0], Status::Delivered)
        .unwrap();
    rig.wait(MINUTE);
    rig.pull().await.unwrap();
    assert_eq!(
        rig.warehouse
            .rows("SELECT order_number, source FROM orders_delivered")
            .await,
        [format!("{number}|TRENDYOL")]
    );
    rig.shop.claim(order.packages[0], "A", 1).unwrap();
    assert_eq!(rig.returns().await.unwrap()["changed"], 1);
    assert_eq!(
        rig.warehouse
            .rows("SELECT barcode, quantity, return_to_stock FROM return_products")
            .await,
        ["A|1|false"]
    );
    let shops = "SELECT to_regclass('product_orders'), to_regclass('integrations')";
    assert_eq!(rig.warehouse.rows(shops).await, ["-|-"]);
}

#[sqlx::test(migrations = false)]
async fn what_a_table_does_not_take_is_said_with_column_and_fix(pool: PgPool) {
    let rig = rig(warehouse(pool, true).await).await;
    assert!(rig.warehouse.store.missing_columns().await.unwrap()[0].optional);
    let now = rig.now();
    let rows = orderwatch::stock::mirror::sample_rows(now);
    let tried = rig.warehouse.store.try_writes(&rows, now).await.unwrap();
    assert!(tried.is_empty(), "{tried:?}");
    rig.warehouse
        .run("ALTER TABLE orders_created ADD COLUMN depo varchar NOT NULL")
        .await;
    let before = its_rows(&rig.warehouse).await;
    let tried = rig.warehouse.store.try_writes(&rows, now).await.unwrap();
    assert_eq!(tried.len(), 1, "{tried:?}");
    assert!(tried[0].sentence.contains("\"depo\""), "{tried:?}");
    assert_eq!(
        tried[0].fix,
        "ALTER TABLE public.\"orders_created\" ALTER COLUMN \"depo\" SET DEFAULT '';"
    );
    assert_eq!(its_rows(&rig.warehouse).await, before, "nothing was kept");

    rig.shop.sell("A", 2).unwrap();
    let refused = rig.pull().await.unwrap_err().to_string();
    assert!(
        refused.contains("null value in column \"depo\""),
        "{refused}"
    );
    rig.warehouse.run(&tried[0].fix).await;
    rig.wait(MINUTE);
    rig.pull().await.unwrap();
    assert_eq!(rig.warehouse.orders().await.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn without_the_mirror_none_of_the_applications_rows_is_written(pool: PgPool) {
    let rig = rig(warehouse(pool, false).await).await;
    let untouched = its_rows(&rig.warehouse).await;
    let order = rig.shop.sell("A", 2).unwrap();
    let number = &order.number;
    assert_eq!(rig.push().await.unwrap().reserved, 2);
    assert_eq!(rig.on_sale(), ["A 7"]);
    assert_eq!(its_rows(&rig.warehouse).await, untouched);

    // The application's own pull comes later; the units are held once.
    rig.warehouse
        .run(&format!(
            "INSERT INTO orders_created (order_number, status, details, created_at, updated_at, source)
             VALUES ('{number}', 'Created', '[{{\"barcode\": \"A\", \"quantity\": 2}}]', now(), now(), 'TRENDYOL')"
        ))
        .await;
    let untouched = its_rows(&rig.warehouse).await;
    rig.wait(MINUTE);
    assert_eq!(rig.push().await.unwrap().reserved, 2);
    assert_eq!(its_rows(&rig.warehouse).await, untouched);

    // It ends by the hand of the marketplace: the row stays where the application has it.
    rig.shop
        .move_to(order.packages[0], Status::Delivered)
        .unwrap();
    rig.shop.claim(order.packages[0], "A", 1).unwrap();
    for _ in 0..3 {
        rig.wait(61 * MINUTE);
        rig.push().await.unwrap();
        rig.verify().await.unwrap();
        rig.returns().await.unwrap();
    }
    let second = rig.shop.sell("A", 1).unwrap();
    rig.pull().await.unwrap();
    rig.shop.cancel(second.packages[0]).unwrap();
    rig.wait(MINUTE);
    rig.pull().await.unwrap();
    assert_eq!(its_rows(&rig.warehouse).await, untouched);
}
