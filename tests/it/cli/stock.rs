//! `orderwatch stock plan` and `stock log` as a person reads them, and what a pipe gets of `once`.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use serde_json::Value;
use sqlx::Executor;

use crate::process::world::World;

/// The columns of a line, which are at least two blanks apart.
fn cells(line: &str) -> Vec<&str> {
    let cells = line.split("  ").map(str::trim);
    cells.filter(|cell| !cell.is_empty()).collect()
}

async fn sql(world: &World, sql: &'static str) {
    world.database.pool.execute(sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_is_a_table_with_what_is_there_and_what_happens_next() {
    let world = World::new().await;
    let empty = world.command(&["stock", "plan"]).await.good();
    assert!(empty.contains("No products"), "{empty}");
    sql(
        &world,
        "INSERT INTO central_stock (barcode, qty) VALUES ('8690000000017', 12), ('8690000000024', 0);
         INSERT INTO orders_created (order_number, details, created_at, updated_at)
         VALUES ('9001', '[{\"barcode\": \"8690000000017\", \"quantity\": 2}]', now(), now())",
    )
    .await;
    let text = world.command(&["stock", "plan"]).await.good();
    let lines: Vec<_> = text.lines().map(cells).collect();
    assert_eq!(lines[0][..2], ["BARCODE", "SHELF"], "{text}");
    let of = |barcode: &str| {
        let found = lines.iter().find(|line| line.first() == Some(&barcode));
        found.unwrap().clone()
    };
    assert_eq!(of("8690000000017")[1], "12", "{text}");
    assert_eq!(of("8690000000024")[1], "0", "{text}");
    assert!(of("8690000000017").contains(&"never checked"), "{text}");
    assert!(text.contains("\nProducts: "), "{text}");

    let unknown = world.command(&["stock", "plan", "4006381333931"]).await;
    let unknown = unknown.good();
    assert!(
        unknown.starts_with("4006381333931: neither in central_stock nor on sale"),
        "{unknown}"
    );
    let json = world.command(&["stock", "plan", "--json"]).await.good();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["products"].as_array().unwrap().len(), 2, "{json:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_rehearsed_as_a_table_of_what_it_would_send() {
    const REHEARSAL: [&str; 3] = ["stock", "push", "--dry-run"];
    let world = World::new().await;
    let empty = world.command(&REHEARSAL).await.good();
    assert!(empty.starts_with("0 products differ"), "{empty}");
    sql(
        &world,
        "INSERT INTO central_stock (barcode, qty) VALUES ('8690000000017', 13), ('8690000000024', 6);
         INSERT INTO orderwatch.stock_items (barcode, observed, observed_at)
         VALUES ('8690000000017', 20, now()), ('8690000000024', 5, now())",
    )
    .await;
    let text = world.command(&REHEARSAL).await.good();
    let lines: Vec<_> = text.lines().map(cells).collect();
    assert_eq!(lines[0][..2], ["BARCODE", "SHELF"], "{text}");
    assert_eq!(lines[1][..2], ["8690000000017", "13"], "{text}");
    assert_eq!(lines[1].last(), Some(&"send 12"), "{text}");
    assert!(!text.contains("8690000000024"), "{text}");
    assert!(
        text.contains("\n1 products differ; nothing was sent.\n"),
        "{text}"
    );

    // An import that broke: the rehearsal stops where the push would.
    sql(&world, "UPDATE central_stock SET qty = 0").await;
    let stopped = world.command(&REHEARSAL).await;
    assert_eq!(stopped.code(), 1, "{stopped:?}");
    assert!(
        stopped
            .stderr
            .contains("2 of 2 products on sale would be set to zero"),
        "{stopped:?}"
    );
    let json = world
        .command(&["stock", "push", "--dry-run", "--json"])
        .await;
    assert_eq!(json.code(), 1, "{json:?}");
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(json["stopped"].is_string(), "{json:#}");
    assert_eq!(json["products"].as_array().unwrap().len(), 2, "{json:#}");
    let forced = world
        .command(&["stock", "push", "--dry-run", "--force"])
        .await;
    assert!(forced.good().contains("2 products differ"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_a_table_of_passes_with_the_reason_of_a_failure() {
    let world = World::new().await;
    let empty = world.command(&["stock", "log"]).await.good();
    assert_eq!(empty, "No pass yet.\n");
    sql(
        &world,
        "INSERT INTO stock_push_log (push_time, total_items, total_quantity, reserved_quantity,
                                     batch_count, success, error_message, duration_seconds)
         VALUES ('2026-01-05 09:00:00Z', 3, 40, 2, 1, true, NULL, 1.25),
                ('2026-01-05 09:10:00Z', 0, 0, 0, 0, false, 'Trendyol did not answer', NULL)",
    )
    .await;
    let text = world.command(&["stock", "log"]).await.good();
    let lines: Vec<_> = text.lines().map(cells).collect();
    assert_eq!(lines[0][0], "ENDED", "{text}");
    let failed = [
        "2026-01-05 12:10:00",
        "0",
        "0",
        "0",
        "0",
        "-",
        "failed: Trendyol did not answer",
    ];
    assert_eq!(lines[1], failed, "{text}");
    assert_eq!(lines[2][0], "2026-01-05 12:00:00", "{text}");
    assert_eq!(lines[2].last(), Some(&"done"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_gets_what_a_pass_did_and_no_spinner() {
    let world = World::new().await;
    let ended = world.command(&["once", "balance"]).await;
    assert!(!ended.stderr.contains('\u{1b}'), "{ended:?}");
    assert!(!ended.stderr.contains("asking the panels"), "{ended:?}");
    let figures: Value = serde_json::from_str(&ended.good()).unwrap();
    assert!(figures.is_object(), "{figures:#}");
}
