//! The notice of a new order wakes the dispatcher, and never fails the shop's own sale.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use orderwatch::store::Store;
use sqlx::{Executor, PgPool, postgres::PgListener};

const INSERT: &str = r#"INSERT INTO product_orders ("tenantId") VALUES (gen_random_uuid())"#;

/// Whether transactions can be prepared for two-phase commit. Most servers allow none; a run with
/// `ORDERWATCH_PG_SETTINGS='max_prepared_transactions = 10'` does.
async fn two_phase(pool: &PgPool) -> bool {
    let most: String = sqlx::query_scalar("SHOW max_prepared_transactions")
        .fetch_one(pool)
        .await
        .unwrap();
    most != "0"
}

#[sqlx::test(migrations = false)]
async fn a_sale_is_noticed_or_where_that_could_fail_it_left_to_the_scan(pool: PgPool) {
    Store::from_pool(pool.clone()).migrate().await.unwrap();
    let mut listener = PgListener::connect_with(&pool).await.unwrap();
    listener
        .listen_all(["orderwatch_new", "end"])
        .await
        .unwrap();

    let two_phase = two_phase(&pool).await;
    let mut sale = pool.acquire().await.unwrap();
    sale.execute("BEGIN").await.unwrap();
    sale.execute(INSERT).await.unwrap();
    if two_phase {
        // Refused by the server for a transaction that has notified.
        sale.execute("PREPARE TRANSACTION 'sale'").await.unwrap();
        sale.execute("COMMIT PREPARED 'sale'").await.unwrap();
    } else {
        sale.execute("COMMIT").await.unwrap();
    }
    pool.execute("NOTIFY \"end\"").await.unwrap();

    let first = listener.recv().await.unwrap();
    let expected = if two_phase { "end" } else { "orderwatch_new" };
    assert_eq!(first.channel(), expected);
    let sold: i64 = sqlx::query_scalar("SELECT count(*) FROM product_orders")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(sold, 1);
}
