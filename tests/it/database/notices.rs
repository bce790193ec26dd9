//! The notices of new orders and of changed stock wake whoever acts on them, and never fail what the applications write.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use orderwatch::store::Sides;
use sqlx::{AssertSqlSafe, Executor, PgConnection, PgPool, postgres::PgListener};
use uuid::Uuid;

use crate::process::{
    audit::audit,
    roles,
    world::{PIN, World},
};

/// What they write, on which channel that is noticed, and whether it is there.
const APPLICATIONS: [(&str, &str, &str); 2] = [
    (
        "orderwatch_new",
        r#"INSERT INTO product_orders ("tenantId") VALUES (gen_random_uuid())"#,
        "SELECT count(*) FROM product_orders",
    ),
    (
        "orderwatch_stock",
        "INSERT INTO central_stock (barcode, qty) VALUES ('A', 4)",
        "SELECT count(*) FROM central_stock WHERE qty = 4",
    ),
];

/// Whether transactions can be prepared for two-phase commit. Most servers allow none; a run with
/// `ORDERWATCH_PG_SETTINGS='max_prepared_transactions = 10'` does.
async fn two_phase(pool: &PgPool) -> bool {
    let most: String = sqlx::query_scalar("SHOW max_prepared_transactions")
        .fetch_one(pool)
        .await
        .unwrap();
    most != "0"
}

/// Where the server allows it, in two phases.
async fn commit(session: &mut PgConnection, two_phase: bool) {
    if two_phase {
        // Refused by the server for a transaction that has notified.
        session.execute("PREPARE TRANSACTION 'sale'").await.unwrap();
        session.execute("COMMIT PREPARED 'sale'").await.unwrap();
    } else {
        session.execute("COMMIT").await.unwrap();
    }
}

#[sqlx::test(migrations = false)]
async fn what_the_applications_write_is_noticed_or_where_that_could_fail_it_left_to_the_scan(
    pool: PgPool,
) {
    roles::migrate(&pool, Sides::BOTH).await.close().await;
    let two_phase = two_phase(&pool).await;
    for (channel, write, written) in APPLICATIONS {
        let mut listener = PgListener::connect_with(&pool).await.unwrap();
        listener.listen_all([channel, "end"]).await.unwrap();
        let mut session = pool.acquire().await.unwrap();
        session.execute("BEGIN").await.unwrap();
        session.execute(write).await.unwrap();
        commit(&mut session, two_phase).await;
        pool.execute("NOTIFY \"end\"").await.unwrap();

        let first = listener.recv().await.unwrap();
        let expected = if two_phase { "end" } else { channel };
        assert_eq!(first.channel(), expected);
        let count: i64 = sqlx::query_scalar(written).fetch_one(&pool).await.unwrap();
        assert_eq!(count, 1, "{channel}");
    }
}

/// Who may write the applications' tables and nothing else, as their own users do.
struct Application<'p> {
    pool: &'p PgPool,
    role: String,
}

impl<'p> Application<'p> {
    async fn new(pool: &'p PgPool) -> Self {
        let role = format!("application_{}", Uuid::new_v4().simple());
        let application = Self { pool, role };
        application
            .run(
                "CREATE ROLE {role};
                 GRANT INSERT ON product_orders, central_stock TO {role};
                 GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
            )
            .await;
        application
    }

    /// Writes a row. Returns where that was heard of, or `end`.
    async fn write(&self, channel: &str, sql: &str) -> String {
        let mut listener = PgListener::connect_with(self.pool).await.unwrap();
        listener.listen_all([channel, "end"]).await.unwrap();
        self.run(&format!("BEGIN; SET LOCAL ROLE {{role}}; {sql}; COMMIT"))
            .await;
        self.run("NOTIFY \"end\"").await;
        listener.recv().await.unwrap().channel().to_owned()
    }

    /// Roles are the server's, and would outlive the test's database.
    async fn drop(self) {
        self.run("DROP OWNED BY {role}; DROP ROLE {role}").await;
    }

    async fn run(&self, sql: &str) {
        let sql = sql.replace("{role}", &self.role);
        self.pool.execute(AssertSqlSafe(sql)).await.unwrap();
    }
}

#[sqlx::test(migrations = false)]
async fn a_sale_succeeds_whoever_makes_it_and_whatever_its_notice_lacks(pool: PgPool) {
    roles::migrate(&pool, Sides::BOTH).await.close().await;
    let noticed = !two_phase(&pool).await;
    let application = Application::new(&pool).await;
    for told in [noticed, false] {
        for (channel, write, written) in APPLICATIONS {
            let first = application.write(channel, write).await;
            assert_eq!(first, if told { channel } else { "end" });
            let count: i64 = sqlx::query_scalar(written).fetch_one(&pool).await.unwrap();
            assert_eq!(count, 1, "{channel}");
        }
        // And once more where the notice itself is refused: the fault ends in the trigger.
        application
            .run(
                "REVOKE EXECUTE ON FUNCTION pg_notify(text, text) FROM PUBLIC;
                 DELETE FROM product_orders; DELETE FROM central_stock",
            )
            .await;
    }
    application.drop().await;
}

/// The two phases may lie far apart: the coordinator of the application decides when. Its name for the transaction is
/// the server's, so each test here has one of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_sale_is_bought_once_and_not_before_its_second_phase() {
    let world = World::new().await;
    let pool = &world.database.pool;
    let two_phase = two_phase(pool).await;
    let mut sale = pool.begin().await.unwrap();
    let order = world.shop.order_in(&mut sale, PIN, "player-1").await;
    if two_phase {
        sale.execute("PREPARE TRANSACTION 'order'").await.unwrap();
    }

    let process = world.start(&world.settings()).await;
    let other = world.shop.order(PIN, "player-2").await;
    world.shop.completed(other).await;
    assert_eq!(world.panel.ledger().sale_count(), 1);

    let end = if two_phase {
        "COMMIT PREPARED 'order'"
    } else {
        "COMMIT"
    };
    sale.execute(end).await.unwrap();
    world.shop.completed(order).await;
    process.stop().await;
    let rows = world.shop.rows().await;
    assert_eq!(audit(&world.panel, &rows).completed, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_whether_a_sale_is_noticed() {
    let world = World::new().await;
    let direct = world.database.pooled().is_none();
    let noticed = direct && !two_phase(&world.database.pool).await;

    let found = world.command(&["doctor"]).await.good();
    assert_eq!(found.contains("LISTEN works"), noticed, "{found}");
    assert_eq!(found.contains("LISTEN does not work"), !noticed, "{found}");
}
