//! The warehouse's real size, and a large one.

use std::time::Duration;

use orderwatch::{
    stock::rule::{Reason, Verdict},
    worker::trendyol::Forecast,
};
use sandbox::trendyol::{Endpoint, Product};
use sqlx::PgPool;

use super::{rig::Rig, warehouse::Warehouse};

const MINUTE: Duration = Duration::from_mins(1);

#[sqlx::test(migrations = false)]
async fn the_warehouses_real_size(pool: PgPool) {
    let rig = Rig::over(Warehouse::new(pool).await, |plan| {
        plan.products = (0..3071).map(|n| Product::sample(n, 10)).collect();
    })
    .await;
    rig.warehouse
        .run(
            "INSERT INTO central_stock (barcode, qty)
              SELECT (8683772000000 + n)::text, n % 23 FROM generate_series(0, 3070) n",
        )
        .await;
    let barcode = |n: usize| (8_683_772_000_000 + n).to_string();
    for n in 0..53 {
        rig.shop.sell(&barcode(n * 50), 1).unwrap();
    }
    let first = rig.push().await.unwrap();
    // Each page is sent by itself; what is right is not sent.
    assert_eq!((first.barcodes, first.reserved), (3071, 53));
    assert_eq!((first.items, first.batches), (2937, 7));
    let counts =
        |rig: &Rig| Endpoint::ALL.map(|endpoint| (endpoint, rig.shop.ledger().count(endpoint)));
    println!("first pass: {:?}", counts(&rig));
    rig.wait(MINUTE);
    assert_eq!(rig.push().await.unwrap().items, 0);

    // Where nothing has changed, everything is looked at and nothing is sent.
    rig.wait(30 * MINUTE);
    let [pushes, looks, results] = rig.requests();
    let second = rig.push().await.unwrap();
    assert_eq!((second.checks, second.waiting.len()), (3071, 0));
    assert_eq!(rig.requests(), [pushes, looks + 62, results]);

    // Trendyol has counted its own sales: their products are looked at once more, and nothing is sent.
    rig.wait(10 * MINUTE);
    for n in 0..10 {
        rig.shop.sell(&barcode(n * 23 + 7), 1).unwrap();
    }
    let third = rig.push().await.unwrap();
    assert_eq!((third.items, third.reserved), (0, 63));
    assert_eq!(rig.requests(), [pushes, looks + 2 * 62 + 1, results]);
    // The same ten sold elsewhere are one request more.
    rig.wait(30 * MINUTE);
    rig.warehouse
        .run("UPDATE central_stock SET qty = qty - 1
              WHERE barcode IN (SELECT (8683772000000 + n * 23 + 9)::text FROM generate_series(0, 9) n)")
        .await;
    let fourth = rig.push().await.unwrap();
    assert_eq!((fourth.items, fourth.batches), (10, 1));
    assert_eq!(rig.requests()[0], pushes + 1);
    println!("all passes: {:?}", counts(&rig));
}

/// 100,000 bar codes, 10,000 open packages, 1 % changed: what a pass reads and decides.
#[sqlx::test(migrations = false)]
async fn a_large_warehouse_is_planned_from_one_reading(pool: PgPool) {
    let rig = Rig::over(Warehouse::new(pool).await, |_| {}).await;
    rig.warehouse
        .run(
            "INSERT INTO central_stock (barcode, qty)
             SELECT (8683772000000 + n)::text, 5 FROM generate_series(0, 99999) n;
             INSERT INTO orderwatch.stock_items (barcode, observed, observed_at)
             SELECT (8683772000000 + n)::text, CASE WHEN n < 10000 THEN 4 WHEN n < 11000 THEN 3 ELSE 5 END, now()
             FROM generate_series(0, 99999) n;
             INSERT INTO orderwatch.packages (package_id, order_number, status, effect, modified_ms,
                 changed_at, first_seen_at, last_seen_at, mirrored, lines, content)
             SELECT n, n::text, 'Created', 'reserved', 1, now(), now(), now(), true,
                    jsonb_build_array(jsonb_build_object('barcode', (8683772000000 + n)::text,
                                                         'quantity', 1, 'line_id', n)), '{}'
             FROM generate_series(0, 9999) n;
             INSERT INTO orderwatch.feeds VALUES ('trendyol orders', now(), now(), to_timestamp(1900000000));
             ANALYZE",
        )
        .await;
    let began = std::time::Instant::now();
    let forecast = Forecast::read(&rig.warehouse.store, rig.rules, rig.now())
        .await
        .unwrap();
    println!("read and planned in {:?}", began.elapsed());
    assert_eq!(
        forecast
            .products()
            .filter(|e| e.entry.verdict
                == Verdict::Send {
                    quantity: 5,
                    reason: Reason::RaiseSettled
                })
            .count(),
        1000
    );
    assert_eq!(forecast.entries().len(), 100_000);
    assert_eq!(forecast.data_warnings(), []);
}
