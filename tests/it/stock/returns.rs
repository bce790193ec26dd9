//! Returns on their way into the warehouse's tables.

use std::time::Duration;

use sandbox::trendyol::{ClaimStatus, NoClaims, Product, Status};
use sqlx::PgPool;

use super::{rig::Rig, warehouse::Warehouse};

const HOUR: Duration = Duration::from_hours(1);

#[sqlx::test(migrations = false)]
async fn a_return_is_written_once_piece_by_piece(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    let order = rig.shop.sell("A", 3).unwrap();
    rig.shop
        .move_to(order.packages[0], Status::Delivered)
        .unwrap();
    rig.wait(HOUR);
    let claim = rig.shop.claim(order.packages[0], "A", 2).unwrap();
    let report = rig.returns().await.unwrap();
    assert_eq!(
        (&report["claims"], &report["changed"]),
        (&1.into(), &1.into())
    );
    let orders = "SELECT id, order_number, return_request_number, status FROM return_orders";
    let number = &order.number;
    assert_eq!(
        rig.warehouse.rows(orders).await,
        [format!("{claim}|{number}|{claim}|Created")]
    );
    let products = "SELECT barcode, quantity, return_order_id FROM return_products";
    let pieces = rig.warehouse.rows(products).await;
    assert_eq!(pieces, [format!("A|1|{claim}"), format!("A|1|{claim}")]);

    assert_eq!(rig.returns().await.unwrap()["changed"], 0);
    rig.wait(HOUR);
    rig.shop.decide(claim, &ClaimStatus::Accepted).unwrap();
    assert_eq!(rig.returns().await.unwrap()["changed"], 1);
    assert_eq!(
        rig.warehouse.rows(orders).await,
        [format!("{claim}|{number}|{claim}|Accepted")]
    );
    assert_eq!(rig.warehouse.rows(products).await, pieces);
}

#[sqlx::test(migrations = false)]
async fn what_people_in_the_warehouse_have_set_stands(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    let order = rig.shop.sell("A", 1).unwrap();
    rig.shop
        .move_to(order.packages[0], Status::Delivered)
        .unwrap();
    let claim = rig.shop.claim(order.packages[0], "A", 1).unwrap();
    rig.returns().await.unwrap();
    rig.warehouse.run("UPDATE return_orders SET status = 'Depoda', processed_by = 'Ayşe', notes = 'kutu ezik'").await;
    rig.wait(HOUR);
    rig.shop.decide(claim, &ClaimStatus::Accepted).unwrap();
    rig.returns().await.unwrap();
    let row = rig
        .warehouse
        .rows("SELECT status, processed_by, notes FROM return_orders")
        .await;
    assert_eq!(row, ["Depoda|Ayşe|kutu ezik"]);
}

#[sqlx::test(migrations = false)]
async fn one_return_that_the_table_refuses_keeps_no_older_one_out(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    let mut claims = Vec::new();
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let order = rig.shop.sell("A", 1).unwrap();
        let package = order.packages[0];
        rig.shop.move_to(package, Status::Delivered).unwrap();
        claims.push(rig.shop.claim(package, "A", 1).unwrap());
        numbers.push(order.number);
        rig.wait(30 * HOUR);
    }
    let refuses = format!(
        "ALTER TABLE public.return_orders ADD CONSTRAINT odd CHECK (order_number <> '{}')",
        numbers[1]
    );
    rig.warehouse.make(&refuses).await;

    let error = rig.returns().await.unwrap_err().to_string();
    let named = format!("do not take: return {}: ", claims[1]);
    assert!(error.contains(&named) && error.contains("odd"), "{error}");
    let written = "SELECT return_request_number FROM return_orders";
    assert_eq!(rig.warehouse.rows(written).await, [claims[0].to_string()]);
}

#[sqlx::test(migrations = false)]
async fn a_silent_cut_is_asked_in_halves(pool: PgPool) {
    let rig = Rig::over(Warehouse::new(pool).await, |plan| {
        plan.products = vec![Product::new("A", 999)];
    })
    .await;
    for _ in 0..700 {
        let order = rig.shop.sell("A", 1).unwrap();
        rig.shop.claim(order.packages[0], "A", 1).unwrap();
        rig.wait(Duration::from_mins(1));
    }
    let report = rig.returns().await.unwrap();
    assert_eq!(
        (&report["claims"], &report["unreadable"]),
        (&700.into(), &0.into())
    );
    assert_eq!(
        rig.warehouse
            .rows("SELECT count(*) FROM return_products")
            .await,
        ["700"]
    );
}

#[sqlx::test(migrations = false)]
async fn no_returns_are_no_error(pool: PgPool) {
    let rig = Rig::over(Warehouse::new(pool).await, |plan| {
        plan.quirks.no_claims = NoClaims::NotFound;
    })
    .await;
    assert_eq!(rig.returns().await.unwrap()["claims"], 0);
}

#[sqlx::test(migrations = false)]
async fn each_piece_keeps_its_name_where_the_warehouse_has_a_column_for_it(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    let order = rig.shop.sell("A", 2).unwrap();
    rig.shop
        .move_to(order.packages[0], Status::Delivered)
        .unwrap();
    rig.shop.claim(order.packages[0], "A", 2).unwrap();
    rig.returns().await.unwrap();
    // Read before the column came: the names are filled in.
    rig.warehouse
        .make("ALTER TABLE public.return_products ADD claim_line_item_id varchar UNIQUE")
        .await;
    rig.wait(HOUR);
    rig.returns().await.unwrap();
    let named =
        "SELECT count(*), count(claim_line_item_id), bool_and(claim_line_item_id = id::text)
                 FROM return_products";
    assert_eq!(rig.warehouse.rows(named).await, ["2|2|true"]);

    // The warehouse's application finds the piece and adds none.
    rig.warehouse
        .run(
            "INSERT INTO public.return_products (id, return_order_id, barcode, quantity, claim_line_item_id)
             SELECT gen_random_uuid(), return_order_id, barcode, 1, claim_line_item_id FROM return_products
             ON CONFLICT (claim_line_item_id) DO UPDATE SET barcode = EXCLUDED.barcode",
        )
        .await;
    rig.returns().await.unwrap();
    assert_eq!(rig.warehouse.rows(named).await, ["2|2|true"]);
}
