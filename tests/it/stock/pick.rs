//! `orderwatch pick` and what it tells Trendyol, as a person sees it.

use std::{process::Output, time::Duration};

use sandbox::trendyol::{Endpoint, Status, trouble};
use sqlx::PgPool;

use super::rig::Rig;
use crate::process::roles::{DAEMON, url_as};

/// The command, run beside the daemon that the rig is.
async fn pick(rig: &Rig, arguments: &[&str]) -> (bool, String) {
    let database = rig.warehouse.pool.connect_options();
    let output: Output = tokio::process::Command::new(env!("CARGO_BIN_EXE_orderwatch"))
        .arg("pick")
        .args(arguments)
        .env_clear()
        .env("DATABASE_URL", url_as(&database, DAEMON))
        .env("ORDERWATCH__LOG__LEVEL", "error")
        .env("ORDERWATCH__TRENDYOL__ENABLED", "true")
        .env("ORDERWATCH__TRENDYOL__SELLER_ID", "107703")
        .env("ORDERWATCH__TRENDYOL__API_KEY", "anahtar")
        .env("ORDERWATCH__TRENDYOL__API_SECRET", "gizli-anahtar")
        .env("ORDERWATCH__TRENDYOL__BASE_URL", rig.shop.base_url())
        .current_dir(std::env::temp_dir())
        .output()
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (
        output.status.success(),
        text + &String::from_utf8_lossy(&output.stderr),
    )
}

async fn shelves(rig: &Rig) -> Vec<String> {
    rig.warehouse
        .rows("SELECT raf_kodu, urun_barkodu, adet FROM raf_urunleri ORDER BY 1, 2")
        .await
}

async fn filled(pool: PgPool) -> (Rig, String, i64) {
    let rig = Rig::new(pool, &[("A", 9), ("B", 9)]).await;
    rig.warehouse
        .run(
            "INSERT INTO raf_urunleri (raf_kodu, urun_barkodu, adet) VALUES
              ('R1', 'A', 1), ('R2', 'A\u{a0}', 5), ('R3', 'A', 3), ('R3', 'B', 2), ('R4', 'B', NULL)",
        )
        .await;
    rig.warehouse.stock("A", 9).await;
    rig.warehouse.stock("B", 2).await;
    let order = rig.shop.sell_parcels(&[&[("A", 2), ("B", 1)]]).unwrap();
    rig.pull().await.unwrap();
    (rig, order.number, order.packages[0])
}

#[sqlx::test(migrations = false)]
async fn an_order_is_picked_once_and_trendyol_hears_of_it(pool: PgPool) {
    let (rig, order, package) = filled(pool).await;
    let before = shelves(&rig).await;
    let (ok, text) = pick(&rig, &[&order, "--shelf", "R1", "--dry-run"]).await;
    assert!(ok && text.contains("Would take"), "{text}");
    assert_eq!(
        (shelves(&rig).await, rig.warehouse.stocks().await),
        (before, vec![("A".to_owned(), 9), ("B".to_owned(), 2)])
    );

    let (ok, text) = pick(&rig, &[&order, "--shelf", "R1", "--by", "Ayşe"]).await;
    assert!(ok, "{text}");
    assert!(
        text.contains("2 × A: 1 from R1, 1 from R2; 7 left"),
        "{text}"
    );
    assert!(
        text.contains("Trendyol knows that it is being picked."),
        "{text}"
    );
    assert_eq!(
        shelves(&rig).await,
        ["R1|A|0", "R2|A\u{a0}|4", "R3|A|3", "R3|B|1", "R4|B|-"]
    );
    assert_eq!(
        rig.warehouse.stocks().await,
        [("A".to_owned(), 7), ("B".to_owned(), 1)]
    );
    let row = rig
        .warehouse
        .rows("SELECT order_number, status, picked_by, picking_start_time IS NOT NULL FROM orders_picking")
        .await;
    assert_eq!(row, [format!("{order}|Picking|Ayşe|true")]);
    assert_eq!(rig.shop.package(package).unwrap().status, Status::Picking);

    let after = shelves(&rig).await;
    let (ok, text) = pick(&rig, &[&order]).await;
    assert!(ok && text.contains("was picked before"), "{text}");
    assert_eq!(shelves(&rig).await, after);
    assert_eq!(rig.push().await.unwrap().reserved, 0);
    assert_eq!(rig.on_sale(), ["A 7", "B 1"]);
}

#[sqlx::test(migrations = false)]
async fn a_shortage_is_reported_and_stock_never_falls_below_zero(pool: PgPool) {
    let (rig, order, _) = filled(pool).await;
    rig.warehouse.stock("A", 1).await;
    rig.warehouse
        .run("UPDATE raf_urunleri SET adet = 0 WHERE urun_barkodu = 'B'")
        .await;
    let (ok, text) = pick(&rig, &[&order]).await;
    assert!(!ok, "{text}");
    assert!(text.contains("short: central_stock had 1 of 2"), "{text}");
    assert!(text.contains("short: the shelves hold 0 of 1"), "{text}");
    assert_eq!(
        rig.warehouse.stocks().await,
        [("A".to_owned(), 0), ("B".to_owned(), 1)]
    );
}

#[sqlx::test(migrations = false)]
async fn what_trendyol_did_not_hear_is_told_again(pool: PgPool) {
    let (rig, order, package) = filled(pool).await;
    let fault =
        sandbox::trouble::Fault::Instead(trouble::system_error(Endpoint::UpdatePackage, 500));
    rig.shop.faults().next(Endpoint::UpdatePackage, fault);
    let (ok, text) = pick(&rig, &[&order]).await;
    assert!(ok && text.contains("the daemon tries again"), "{text}");
    assert_eq!(rig.shop.package(package).unwrap().status, Status::Created);
    // The command took the database's time; the rig's is years ahead of it.
    rig.wait(Duration::from_mins(1));
    let report = rig.pull().await.unwrap();
    assert_eq!(report["picking"]["reported"], 1);
    assert_eq!(rig.shop.package(package).unwrap().status, Status::Picking);
    rig.wait(Duration::from_mins(1));
    assert_eq!(rig.pull().await.unwrap()["picking"]["reported"], 0);
}

#[sqlx::test(migrations = false)]
async fn a_pick_that_stands_is_no_failure_although_nothing_can_be_reported(pool: PgPool) {
    let (rig, order, _) = filled(pool).await;
    rig.warehouse
        .run(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'full'; END $$;
             CREATE TRIGGER refuse BEFORE UPDATE OR DELETE ON orderwatch.picking_outbox
                 FOR EACH ROW EXECUTE FUNCTION refuse();",
        )
        .await;
    let (ok, text) = pick(&rig, &[&order]).await;
    assert!(ok && text.contains("the daemon tries again"), "{text}");
    assert_eq!(
        rig.warehouse.stocks().await,
        [("A".to_owned(), 7), ("B".to_owned(), 1)]
    );
}

#[sqlx::test(migrations = false)]
async fn what_cannot_be_picked_says_why(pool: PgPool) {
    let (rig, order, package) = filled(pool).await;
    let (ok, text) = pick(&rig, &["4711"]).await;
    assert!(!ok && text.contains("There is no order 4711."), "{text}");
    rig.shop.cancel(package).unwrap();
    rig.wait(Duration::from_mins(1));
    rig.pull().await.unwrap();
    let (ok, text) = pick(&rig, &[&order]).await;
    assert!(!ok && text.contains("was cancelled"), "{text}");
    assert_eq!(
        rig.warehouse.stocks().await,
        [("A".to_owned(), 9), ("B".to_owned(), 2)]
    );
}
