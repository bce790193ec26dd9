//! Behind a pooler in transaction mode whose sessions the shop uses as well: everything works, and nothing of
//! ours is left in a session.
//!
//! Runs beside a pooler only (`scripts/with-pgbouncer`), as all tests of the program do then.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use sqlx::{Connection, Executor, PgConnection, Row, postgres::PgConnectOptions};

use crate::process::{
    audit::audit,
    world::{PIN, World},
};

/// As many as the pooler has sessions.
const SESSIONS: usize = 12;
/// What a session keeps: limits, statements, channels, locks.
const LEFT: &str = "SELECT concat_ws(' ',
        current_setting('statement_timeout'), current_setting('lock_timeout'),
        current_setting('idle_in_transaction_session_timeout'), current_setting('jit'),
        current_setting('plan_cache_mode'), current_setting('enable_seqscan'),
        (SELECT count(*) FROM pg_prepared_statements),
        (SELECT count(*) FROM pg_listening_channels()),
        (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())) AS held";
const NOTHING: &str = "0 0 0 on auto on 0 0 0";

/// What each session of the pooler holds, the shop's next one among them.
async fn held(shop: &PgConnectOptions) -> Vec<String> {
    let mut open = Vec::new();
    let mut held = Vec::new();
    for _ in 0..SESSIONS {
        let mut connection = PgConnection::connect_with(shop).await.unwrap();
        // Held until all are looked at, so that each is another session.
        connection.execute("BEGIN").await.unwrap();
        let row = connection.fetch_one(LEFT).await.unwrap();
        held.push(row.get("held"));
        open.push(connection);
    }
    for connection in open {
        connection.close().await.unwrap();
    }
    held
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_gets_its_sessions_back_as_they_were() {
    let world = World::new().await;
    let Some(shop) = world.database.pooled() else {
        eprintln!("left out: there is no pooler (scripts/with-pgbouncer)");
        return;
    };
    assert_eq!(held(&shop).await, [NOTHING; SESSIONS]);

    let first = world.start(&world.settings()).await;
    first.wait_for_line("behind a pooler").await;
    let second = world.start(&world.settings()).await;
    world.shop.orders(PIN, "player-1", 40).await;
    let rows = world.shop.settled().await;
    assert_eq!(audit(&world.panel, &rows).completed, 40);
    drop((first.stop().await, second.stop().await));
    for args in [&["migrate", "revert"][..], &["migrate"]] {
        let ended = world.command(args).await;
        assert_eq!(ended.code(), 0, "{args:?}: {ended:?}");
    }

    assert_eq!(held(&shop).await, [NOTHING; SESSIONS]);
}
