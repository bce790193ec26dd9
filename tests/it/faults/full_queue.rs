//! The server's queue of notices, held by a session that listens and stays in a transaction: whoever notifies then fails
//! at the commit, where nothing can catch it. The shop's sale never does, nor does the record of what was bought.
//!
//! The queue is the server's, and every other test that notifies would feel it: `scripts/check-full-queue`.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use sqlx::{
    Connection as _, Error, Executor as _, PgConnection, PgPool, error::DatabaseError,
    postgres::PgListener,
};

use crate::process::{
    audit::audit,
    figures,
    world::{PIN, World},
};

/// Notices of one transaction, at most.
const MOST: i32 = 10_000;
/// The last of the test's own.
const END: &str = "end";

/// Somebody's session that keeps the queue from being emptied.
async fn stuck(world: &World) -> PgConnection {
    let options = world.database.options();
    let mut session = PgConnection::connect_with(&options).await.unwrap();
    session.execute("LISTEN somebody").await.unwrap();
    session.execute("BEGIN").await.unwrap();
    // It only counts as a listener of this moment once it has begun to read.
    session.execute("SELECT 1").await.unwrap();
    session
}

async fn usage(pool: &PgPool) -> f64 {
    let usage = sqlx::query_scalar("SELECT pg_notification_queue_usage()");
    usage.fetch_one(pool).await.unwrap()
}

/// Somebody's notices, each as long as one may be.
async fn notify(pool: &PgPool, count: i32) -> Result<(), Error> {
    let long = "SELECT count(pg_notify('somebody', repeat('x', 7900) || n))
        FROM generate_series(1, $1) n";
    let sent = sqlx::query(long).bind(count).execute(pool).await;
    sent.map(drop)
}

/// Fills the queue to this share of it.
async fn fill(pool: &PgPool, share: f64) {
    let mut count = 8;
    while usage(pool).await < share {
        notify(pool, count).await.unwrap();
        count = MOST.min(count * 2);
    }
}

/// Fills it until not one more fits in.
async fn fill_up(pool: &PgPool) {
    let mut count = MOST;
    while count > 0 {
        if let Err(error) = notify(pool, count).await {
            let code = error.as_database_error().and_then(DatabaseError::code);
            assert_eq!(code.as_deref(), Some("54000"), "{error}");
            count /= 2;
        }
    }
}

/// Channels on which something came, up to the end; of the applications' and not of the orders that have ended.
async fn heard(listener: &mut PgListener, pool: &PgPool) -> Vec<String> {
    pool.execute("NOTIFY \"end\"").await.unwrap();
    let mut heard = Vec::new();
    loop {
        let channel = listener.recv().await.unwrap().channel().to_owned();
        if channel == END {
            return heard;
        }
        heard.push(channel);
    }
}

/// What the applications do: an order, and goods that come in.
async fn sells(world: &World, player: &str) {
    let order = world.shop.order(PIN, player).await;
    let goods = sqlx::query("INSERT INTO central_stock (barcode, qty) VALUES ($1, 5)");
    let added = goods.bind(player).execute(&world.database.pool).await;
    assert_eq!(added.unwrap().rows_affected(), 1);
    world.shop.completed(order).await;
}

/// What `doctor` warns of.
async fn warned(world: &World) -> String {
    let doctor = world.command(&["doctor"]).await;
    assert_eq!(doctor.code(), 0, "{doctor:?}");
    doctor.stdout
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "fills the queue of the server of all tests: scripts/check-full-queue"]
async fn a_queue_of_notices_that_is_full_fails_neither_a_sale_nor_its_record() {
    let world = World::new().await;
    let pool = &world.database.pool;
    let mut listener = PgListener::connect_with(pool).await.unwrap();
    let channels = ["orderwatch_new", "orderwatch_stock", END];
    listener.listen_all(channels).await.unwrap();
    let process = world.start(&world.settings()).await;
    let stuck = stuck(&world).await;

    // From a quarter on it is said, and notices are still sent.
    fill(pool, 0.25).await;
    assert!(usage(pool).await < 0.5);
    sells(&world, "player-1").await;
    assert_eq!(heard(&mut listener, pool).await, channels[..2]);
    let found = warned(&world).await;
    assert!(found.contains("queue of notices is full to"), "{found}");
    assert!(found.contains("LISTEN works"), "{found}");

    // From the half on ours are left out, and the scan finds what was sold.
    fill(pool, 0.5).await;
    sells(&world, "player-2").await;
    assert_eq!(heard(&mut listener, pool).await, [""; 0]);
    let found = warned(&world).await;
    assert!(found.contains("queue of notices is full to"), "{found}");
    assert!(found.contains("LISTEN does not work"), "{found}");

    // Whoever notifies now is refused.
    fill_up(pool).await;
    sells(&world, "player-3").await;

    stuck.close().await.unwrap();
    sells(&world, "player-4").await;
    process.stop().await;
    let rows = world.shop.rows().await;
    assert_eq!(audit(&world.panel, &rows).completed, 4);
    figures(
        "queue of notices filled to a quarter, the half and the end: 4 orders, 4 completed, 0 bought twice, 0 lost",
    );
}
