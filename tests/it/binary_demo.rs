//! `orderwatch demo` as a new user runs it, and how it keeps its hands off somebody's shop.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

use sqlx::{AssertSqlSafe, Executor, PgPool, Row as _};

use super::process::{Ended, Program, database::Database, world::World};

const LEGACY: [&str; 2] = [
    include_str!("../fixtures/legacy-schema.sql"),
    include_str!("../fixtures/legacy-rows.sql"),
];

async fn demo(database: &Database, args: &[&str]) -> Ended {
    let args = ["demo"].iter().chain(args).copied();
    Program::new(args)
        .env("DATABASE_URL", database.url())
        .run()
        .await
}

/// A figure of the summary.
fn figure(text: &str, name: &str) -> usize {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
    let line = line.unwrap_or_else(|| panic!("no {name:?} in\n{text}"));
    line.trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_sells_and_ends_by_itself_with_a_sound_summary() {
    let database = Database::create().await;
    for seed in ["7", "8"] {
        // The second one finds what the first one left.
        let text = demo(&database, &["--for", "8s", "--seed", seed])
            .await
            .good();
        let number = |name| figure(&text, name);
        assert!(number("orders") >= 10, "{text}");
        assert!(number("completed") >= 5, "{text}");
        assert_eq!((number("bought twice"), number("lost")), (0, 0), "{text}");
        assert_eq!(
            (
                number("products"),
                number("oversold"),
                number("on sale wrong")
            ),
            (40, 0, 0),
            "{text}"
        );
        assert!(number("sales") > 0 && number("stock passes") > 0, "{text}");
        let ends = ["completed", "failed", "held", "under way"].map(number);
        assert_eq!(ends.iter().sum::<usize>(), number("orders"), "{text}");
        let running: i64 =
            sqlx::query_scalar("SELECT count(*) FROM orderwatch.daemons WHERE stopped_at IS NULL")
                .fetch_one(&database.pool)
                .await
                .unwrap();
        assert_eq!(running, 0, "a daemon was dropped instead of stopped");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_a_number_of_orders_and_on_a_signal() {
    let database = Database::create().await;
    let text = demo(&database, &["--orders", "5"]).await.good();
    assert_eq!(figure(&text, "orders"), 5, "{text}");

    let process = Program::new(["demo"])
        .env("DATABASE_URL", database.url())
        .spawn();
    process.wait_for_line("the order is completed").await;
    let text = process.stop().await.stdout;
    assert_eq!(
        (figure(&text, "bought twice"), figure(&text, "lost")),
        (0, 0)
    );
}

/// Every relation and every row outside of the system's schemas.
async fn everything(pool: &PgPool) -> Vec<String> {
    let tables = sqlx::query(
        "SELECT c.relkind::text, format('%I.%I', n.nspname, c.relname)
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 2",
    );
    let mut all = Vec::new();
    for relation in tables.fetch_all(pool).await.unwrap() {
        let (kind, name): (String, String) = (relation.get(0), relation.get(1));
        all.push(format!("{kind} {name}"));
        if kind == "r" {
            let sql = format!("SELECT t::text FROM {name} t ORDER BY 1");
            let rows = sqlx::query(AssertSqlSafe(sql))
                .fetch_all(pool)
                .await
                .unwrap();
            all.extend(rows.iter().map(|row| row.get(0)));
        }
    }
    all
}

async fn refused(database: &Database) {
    let before = everything(&database.pool).await;
    let ended = demo(database, &["--for", "3s"]).await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    let error = ended.stderr.lines().last().unwrap();
    assert!(
        error.contains("there is a shop in this database"),
        "{error}"
    );
    assert_eq!(everything(&database.pool).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_leaves_a_migrated_shop_untouched() {
    let world = World::new().await;
    world
        .shop
        .order(super::process::world::PIN, "player-1")
        .await;
    refused(&world.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_leaves_a_shop_untouched_that_has_never_heard_of_it() {
    let database = Database::create().await;
    for sql in LEGACY {
        database.pool.execute(sql).await.unwrap();
    }
    refused(&database).await;
}
