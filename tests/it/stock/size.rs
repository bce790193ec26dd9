//! The warehouse's real size, and a large one.

use std::time::Duration;

use orderwatch::{
    sandbox::trendyol::{Endpoint, Product},
    stock::rule::Verdict,
    worker::trendyol::Forecast,
};
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
    // All of them are looked at, those of which more lies there twice; what is right is not sent.
    assert_eq!(
        (first.barcodes, first.reserved, first.looks),
        (3071, 53, 3071 + 1597)
    );
    assert_eq!((first.items, first.batches), (2937, 5));
    let counts =
        |rig: &Rig| Endpoint::ALL.map(|endpoint| (endpoint, rig.shop.ledger().count(endpoint)));
    println!("first pass: {:?}", counts(&rig));

    rig.wait(10 * MINUTE);
    let before = rig.requests();
    let second = rig.push().await.unwrap();
    assert_eq!((second.requests, rig.requests()), (0, before));

    rig.wait(10 * MINUTE);
    for n in 0..10 {
        rig.shop.sell(&barcode(n * 23 + 7), 1).unwrap();
    }
    let third = rig.push().await.unwrap();
    // Trendyol has counted its own sales: one look at the ten, one at fifty that seem right, as
    // somebody else may send stock, too; and nothing to send.
    assert_eq!((third.requests, third.looks, third.reserved), (2, 60, 63));
    // The same ten sold elsewhere are one request more.
    rig.wait(10 * MINUTE);
    rig.warehouse
        .run("UPDATE central_stock SET qty = qty - 1
              WHERE barcode IN (SELECT (8683772000000 + n * 23 + 9)::text FROM generate_series(0, 9) n)")
        .await;
    let [pushes, looks, _] = rig.requests();
    let fourth = rig.push().await.unwrap();
    assert_eq!((fourth.items, fourth.batches, fourth.looks), (10, 1, 60));
    assert_eq!(rig.requests()[..2], [pushes + 1, looks + 2]);
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
                 changed_at, first_seen_at, told_at, mirrored, lines, content)
             SELECT n, n::text, 'Created', 'reserved', 1, now(), now(), now(), true,
                    jsonb_build_array(jsonb_build_object('barcode', (8683772000000 + n)::text,
                                                         'quantity', 1, 'line_id', n)), '{}'
             FROM generate_series(0, 9999) n;
             INSERT INTO orderwatch.feeds VALUES ('trendyol orders', now(), now(), '2100-01-01');
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
            .explained()
            .filter(|e| e.entry.verdict
                == Verdict::Wait(orderwatch::stock::rule::Wait::UnderWay { until: rig.now() }))
            .count(),
        1000
    );
    assert_eq!(forecast.plan().entries.len(), 100_000);
    assert_eq!(forecast.oddities(), []);
}
