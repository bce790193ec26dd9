//! What the warehouse's application keeps off sale, or sells without having it.

use sqlx::PgPool;

use super::rig::Rig;

/// The optional tables of the warehouse's application, as far as they say what is on sale.
const TABLES: &str = "
    CREATE TABLE public.stock_listing_policy (
        barcode varchar PRIMARY KEY, extra_buffer integer NOT NULL, cancel_count integer NOT NULL DEFAULT 0,
        reason varchar(200), auto boolean NOT NULL DEFAULT true, updated_at timestamp);
    CREATE TABLE public.products (barcode varchar PRIMARY KEY, product_main_id varchar, quantity integer);
    CREATE TABLE public.platform_configs (
        id serial PRIMARY KEY, platform varchar(50) UNIQUE NOT NULL, is_active boolean, extra_config json);";

async fn shop(pool: PgPool) -> Rig {
    let products = ["PLAIN", "EXTRA", "STALE", "MADE-38", "MADE-39"].map(|name| (name, 0));
    let mut rig = Rig::new(pool, &products).await;
    rig.rules.safety_stock = 1;
    rig.warehouse.make(TABLES).await;
    rig.warehouse
        .run(
            "INSERT INTO stock_listing_policy (barcode, extra_buffer) VALUES ('EXTRA', 2);
             INSERT INTO public.products VALUES ('MADE-38', '0172', 0), ('MADE-39', '0172', 0), ('PLAIN', '0173', 5);
             INSERT INTO public.platform_configs (platform, is_active, extra_config)
             VALUES ('uretim_ayar', true, '{\"models\": [\" 0172 \", 9, \"\"]}'), ('global', false, 'null');
             INSERT INTO raf_urunleri (raf_kodu, urun_barkodu, adet)
             VALUES ('A1', 'PLAIN', 3), ('A2', 'PLAIN', 2), ('A1', 'EXTRA', 5), ('A1', 'STALE', 0);",
        )
        .await;
    for (barcode, qty) in [("PLAIN", 5), ("EXTRA", 5), ("STALE", 8), ("MADE-38", 0)] {
        rig.warehouse.stock(barcode, qty).await;
    }
    rig
}

#[sqlx::test(migrations = false)]
async fn what_the_warehouse_keeps_off_sale_is_not_sent(pool: PgPool) {
    let rig = shop(pool).await;
    rig.shop.sell("PLAIN", 1).unwrap_err();
    rig.push().await.unwrap();
    let on_sale = ["EXTRA 2", "MADE-38 10", "MADE-39 10", "PLAIN 4", "STALE 0"];
    assert_eq!(rig.on_sale(), on_sale);

    // A made-to-order product is sold again and again without being there.
    rig.wait(std::time::Duration::from_mins(20));
    rig.shop.sell("MADE-39", 4).unwrap();
    rig.push().await.unwrap();
    rig.wait(std::time::Duration::from_mins(20));
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), on_sale);
}

#[sqlx::test(migrations = false)]
async fn shelves_that_are_all_empty_do_not_empty_the_shop(pool: PgPool) {
    let rig = shop(pool).await;
    rig.warehouse.run("DELETE FROM raf_urunleri").await;
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale()[3..], ["PLAIN 4", "STALE 7"]);
}

#[sqlx::test(migrations = false)]
async fn shelves_that_are_lost_at_once_stop_the_push(pool: PgPool) {
    let rig = shop(pool).await;
    rig.warehouse
        .run("DELETE FROM platform_configs; INSERT INTO raf_urunleri (raf_kodu, urun_barkodu, adet) VALUES ('B', 'STALE', 8)")
        .await;
    rig.push().await.unwrap();
    rig.warehouse
        .run("DELETE FROM raf_urunleri WHERE urun_barkodu <> 'STALE'")
        .await;
    rig.wait(std::time::Duration::from_mins(10));
    let error = rig.push().await.unwrap_err().to_string();
    assert!(
        error.starts_with("2 of 3 products on sale would be set to zero"),
        "{error}"
    );
}

#[sqlx::test(migrations = false)]
async fn a_warehouse_without_these_tables_keeps_its_own_stock(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 0), ("B", 0)]).await;
    rig.warehouse.stock("A", 5).await;
    rig.warehouse.stock("B", 5).await;
    rig.warehouse
        .run("INSERT INTO raf_urunleri (raf_kodu, urun_barkodu, adet) VALUES ('A1', 'A', 2)")
        .await;
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 5", "B 5"]);
}
