//! Behind a pooler in transaction mode whose sessions the shop uses as well: everything works, and nothing of
//! ours is left in a session.
//!
//! Beside a pooler (`scripts/with-pgbouncer`) each session that it hands on is looked at, as all tests of the program
//! run through it then. Without one, what `database.pooler` says is taken at its word.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use sqlx::{Connection, Executor, PgConnection, Row, postgres::PgConnectOptions};

use crate::process::{
    audit::audit,
    figures,
    settings::Settings,
    world::{PIN, World},
};

/// As many as the pooler has sessions.
const SESSIONS: usize = 12;
/// Orders of the leak check, so many at a time.
const ORDERS: usize = 40;
const BATCH: usize = 10;

/// What a session keeps: settings but for those that the pooler itself carries along, role, statements, cursors,
/// channels, tables and locks.
const LEFT: &str = "SELECT concat_ws(', ',
        (SELECT string_agg(name || ' = ' || setting, ', ' ORDER BY name) FROM pg_settings
         WHERE source = 'session' AND name NOT IN ('application_name', 'client_encoding', 'DateStyle',
                                                   'IntervalStyle', 'standard_conforming_strings', 'TimeZone')),
        (SELECT 'role ' || current_user WHERE current_user <> session_user),
        (SELECT string_agg('statement ' || name, ', ') FROM pg_prepared_statements),
        (SELECT string_agg('cursor ' || name, ', ') FROM pg_cursors WHERE is_holdable),
        (SELECT string_agg('channel ' || channel, ', ') FROM pg_listening_channels() AS channel),
        (SELECT string_agg('table ' || relname, ', ') FROM pg_class WHERE relnamespace = pg_my_temp_schema()),
        (SELECT string_agg('lock ' || objid, ', ') FROM pg_locks
         WHERE locktype = 'advisory' AND pid = pg_backend_pid())) AS held";

/// Writes down, in the program's own sessions, how many statements these keep: nobody else can see it.
const WATCH: &str = "
    CREATE TABLE kept (statements bigint NOT NULL);
    CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        INSERT INTO kept SELECT count(*) FROM pg_prepared_statements;
        RETURN NULL;
    END $$;
    CREATE TRIGGER watch AFTER UPDATE ON product_orders FOR EACH STATEMENT EXECUTE FUNCTION watch()";

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

/// The most statements that a session of the program kept while it bought for a player, and whether one of its
/// sessions listens.
async fn buying(world: &World, settings: &Settings, player: &str) -> (i64, bool) {
    let process = world.start(settings).await;
    let order = world.shop.order(PIN, player).await;
    world.shop.completed(order).await;
    let listening: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                           AND application_name = 'orderwatch' AND query LIKE 'LISTEN %')",
    )
    .fetch_one(&world.database.pool)
    .await
    .unwrap();
    process.stop().await;

    let kept =
        "WITH kept AS (DELETE FROM kept RETURNING statements) SELECT max(statements) FROM kept";
    let kept = sqlx::query_scalar(kept).fetch_one(&world.database.pool);
    (kept.await.unwrap(), listening)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_gets_its_sessions_back_as_they_were() {
    let world = World::new().await;
    let Some(shop) = world.database.pooled() else {
        eprintln!("left out: there is no pooler (scripts/with-pgbouncer)");
        return;
    };
    assert_eq!(held(&shop).await, [""; SESSIONS]);

    let first = world.start(&world.settings()).await;
    first.wait_for_line("behind a pooler").await;
    let second = world.start(&world.settings()).await;
    // Also while they work, between one transaction of theirs and the next.
    for batch in 0..ORDERS / BATCH {
        let name = format!("player-{batch}");
        world.shop.orders(PIN, &name, BATCH).await;
        assert_eq!(held(&shop).await, [""; SESSIONS]);
    }
    let rows = world.shop.settled().await;
    assert_eq!(audit(&world.panel, &rows).completed, ORDERS);
    drop((first.stop().await, second.stop().await));
    assert_eq!(held(&shop).await, [""; SESSIONS]);

    let found = world.command(&["doctor"]).await.good();
    let limited = found.contains("No statement can hang for ever");
    assert!(limited, "each transaction has its own limits: {found}");
    for args in [&["migrate", "revert"][..], &["migrate"]] {
        let ended = world.command(args).await;
        assert_eq!(ended.code(), 0, "{args:?}: {ended:?}");
    }
    assert_eq!(held(&shop).await, [""; SESSIONS]);
    figures(&format!(
        "behind PgBouncer, 2 processes: {ORDERS} orders, {ORDERS} completed, 0 bought twice, 0 lost, nothing left in \
         {SESSIONS} sessions"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_is_configured_gets_statements_without_names_and_nobody_listens() {
    let world = World::new().await;
    world.database.pool.execute(WATCH).await.unwrap();
    let pooler = world.settings().with("database.pooler", "true");
    assert_eq!(buying(&world, &pooler, "player-1").await, (0, false));
    let found = world.program(&pooler, &["doctor"]).run().await.good();
    assert!(found.contains("LISTEN does not work"), "{found}");

    // Where nothing is configured it is found out.
    let direct = world.database.pooled().is_none();
    let (kept, listening) = buying(&world, &world.settings(), "player-2").await;
    assert_eq!((kept > 0, listening), (direct, direct), "{kept}");
}
