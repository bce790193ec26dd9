//! The roles of `config/roles.sql`: what each may not do. That the daemon's may do what its work needs, all
//! other tests show.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use orderwatch::store::{Sides, Store};
use sqlx::{AssertSqlSafe, Connection as _, PgPool, error::DatabaseError, postgres::PgPoolOptions};
use uuid::Uuid;

use crate::process::roles::{self, DAEMON, MIGRATOR, READER};

/// What would lose a purchase, hide one, or reach what is none of the daemon's business.
const NOT_THE_DAEMON: [&str; 50] = [
    "DELETE FROM product_orders",
    "TRUNCATE product_orders",
    "INSERT INTO product_orders DEFAULT VALUES",
    "UPDATE product_orders SET price = 0",
    r#"UPDATE product_orders SET "sellPriceAmount" = 0"#,
    r#"UPDATE product_orders SET "userIdentifier" = 'me'"#,
    r#"UPDATE product_orders SET "tenantId" = gen_random_uuid()"#,
    "ALTER TABLE product_orders DISABLE TRIGGER orderwatch_new_order",
    "DROP TRIGGER orderwatch_new_order ON product_orders",
    "DROP TABLE product_orders",
    "UPDATE integrations SET sifre = 'mine'",
    r#"UPDATE integrations SET "baseUrl" = 'https://mine.example'"#,
    "INSERT INTO integrations DEFAULT VALUES",
    "DELETE FROM integrations",
    "UPDATE package_mappings SET provider_package_id = '1'",
    "UPDATE package_routing SET mode = 'auto'",
    "SELECT email FROM users",
    "DELETE FROM users",
    "SELECT FROM package_costs",
    "DELETE FROM central_stock",
    "TRUNCATE central_stock",
    "INSERT INTO central_stock VALUES ('A', 1)",
    "UPDATE central_stock SET barcode = 'A'",
    "UPDATE raf_urunleri SET raf_kodu = 'A'",
    "DELETE FROM raf_urunleri",
    "DELETE FROM stock_push_log",
    "UPDATE orders_created SET id = 1",
    "TRUNCATE orders_created",
    "UPDATE return_orders SET approval_reason = 'so'",
    "DELETE FROM return_orders",
    "DELETE FROM return_products",
    "DELETE FROM orderwatch.orders",
    "TRUNCATE orderwatch.orders",
    "DELETE FROM orderwatch.purchases",
    "DELETE FROM orderwatch.events",
    "UPDATE orderwatch.events SET kind = 'completed'",
    "TRUNCATE orderwatch.events",
    "DELETE FROM orderwatch.actions",
    "UPDATE orderwatch.actions SET who = 'somebody else'",
    "DELETE FROM orderwatch.overwritten",
    "UPDATE orderwatch.unexplained SET amount = 0",
    "DELETE FROM orderwatch.stock_items",
    "DELETE FROM orderwatch.trendyol_account",
    "DELETE FROM orderwatch.migrations",
    "UPDATE orderwatch.installed SET at = now()",
    "ALTER TABLE orderwatch.orders DROP CONSTRAINT final_has_a_time",
    "CREATE TABLE orderwatch.mine (id integer)",
    "CREATE TABLE public.mine (id integer)",
    "CREATE SCHEMA mine",
    "CREATE ROLE orderwatch_mine",
];

/// The applications' rows are none of the migrator's business, either.
const NOT_THE_MIGRATOR: [&str; 8] = [
    "SELECT FROM product_orders",
    "DELETE FROM product_orders",
    "ALTER TABLE product_orders DROP COLUMN price",
    "SELECT FROM integrations",
    "SELECT email FROM users",
    "UPDATE central_stock SET qty = 0",
    "DELETE FROM orders_created",
    "CREATE ROLE orderwatch_mine",
];

/// Codes, accounts, and what belongs to customers.
const NOT_THE_READER: [&str; 21] = [
    "SELECT pin FROM orderwatch.orders",
    "SELECT o FROM orderwatch.orders o",
    "SELECT detail FROM orderwatch.events",
    "SELECT body FROM orderwatch.notices",
    "SELECT content FROM orderwatch.packages",
    r#"SELECT "pinCode" FROM product_orders"#,
    r#"SELECT "providerMessage" FROM product_orders"#,
    r#"SELECT "userIdentifier" FROM product_orders"#,
    "SELECT notes FROM product_orders",
    "SELECT kod FROM integrations",
    "SELECT sifre FROM integrations",
    r#"SELECT "apiToken" FROM integrations"#,
    r#"SELECT "baseUrl" FROM integrations"#,
    "SELECT email FROM users",
    "SELECT customer_address FROM orders_created",
    "SELECT details FROM orders_created",
    "SELECT customer_first_name FROM return_orders",
    "UPDATE product_orders SET status = 'approved'",
    "INSERT INTO orderwatch.actions (at, who, what, target, why) VALUES (now(), '', '', '', '')",
    "SELECT nextval('orderwatch.stock_plans')",
    "SELECT orderwatch.prune_events('infinity', '-infinity', gen_random_uuid(), 1000)",
];

/// What a dashboard asks.
const THE_READER: [&str; 8] = [
    "SELECT stage, count(*) FROM orderwatch.orders GROUP BY stage",
    "SELECT integration_id, sum(cost) FROM orderwatch.purchases GROUP BY 1",
    "SELECT order_id, at, kind FROM orderwatch.events ORDER BY id",
    "SELECT series, minute, count, errors FROM orderwatch.stats",
    r#"SELECT status, "externalStatus", count(*) FROM product_orders GROUP BY 1, 2"#,
    "SELECT name, balance FROM integrations",
    "SELECT barcode, qty FROM central_stock",
    "SELECT order_number, status FROM orders_created",
];

async fn run(pool: &PgPool, sql: &str) -> Result<(), sqlx::Error> {
    let sql = AssertSqlSafe(sql.to_owned());
    sqlx::raw_sql(sql).execute(pool).await.map(drop)
}

/// SQLSTATE `insufficient_privilege`, and nothing else.
async fn assert_refused(pool: &PgPool, role: &str, statements: &[&str]) {
    let pool = roles::pool_as(pool, role);
    for sql in statements {
        let refused = run(&pool, sql).await.unwrap_err();
        let code = refused.as_database_error().and_then(DatabaseError::code);
        assert_eq!(code.as_deref(), Some("42501"), "{role}: {sql}: {refused}");
    }
    pool.close().await;
}

/// A database in which the applications' tables are those of an owner of their own.
async fn with_applications(pool: &PgPool) {
    run(pool, include_str!("../../fixtures/legacy-schema.sql"))
        .await
        .unwrap();
    // As before there were roles.
    let owner = Store::from_pool(pool.clone());
    owner.migrate().await.unwrap();
    roles::grant(pool).await;
}

#[sqlx::test(migrations = false)]
async fn no_role_may_do_more_than_its_work_needs(pool: PgPool) {
    with_applications(&pool).await;
    assert_refused(&pool, DAEMON, &NOT_THE_DAEMON).await;
    assert_refused(&pool, MIGRATOR, &NOT_THE_MIGRATOR).await;
    assert_refused(&pool, READER, &NOT_THE_READER).await;
}

#[sqlx::test(migrations = false)]
async fn a_dashboard_may_read_what_it_shows(pool: PgPool) {
    with_applications(&pool).await;
    let reader = roles::pool_as(&pool, READER);
    for sql in THE_READER {
        run(&reader, sql).await.unwrap();
    }
}

/// Every right that is written down, and every owner in our schema.
async fn written_down(pool: &PgPool) -> Vec<String> {
    let sql = "WITH relations AS (
                   SELECT * FROM pg_class c
                   WHERE c.relnamespace::regnamespace::text IN ('public', 'orderwatch')
               ), rights AS (
                   SELECT format('%s', oid::regclass) AS name, relacl AS acl FROM relations
                   UNION ALL
                   SELECT format('%s.%s', attrelid::regclass, attname), attacl FROM pg_attribute
                   WHERE attrelid IN (SELECT oid FROM relations)
                   UNION ALL
                   SELECT format('%s', oid::regprocedure), proacl FROM pg_proc
                   WHERE pronamespace::regnamespace::text = 'orderwatch'
                   UNION ALL
                   SELECT nspname, nspacl FROM pg_namespace WHERE nspname IN ('public', 'orderwatch')
               )
               SELECT format('%s: %s %s', r.name, a.grantee::regrole, a.privilege_type)
               FROM rights r, aclexplode(r.acl) a
               UNION ALL
               SELECT format('%s of %s', oid::regclass, relowner::regrole) FROM relations
               ORDER BY 1";
    sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn applied_again_it_changes_nothing_and_takes_away_what_is_not_listed(pool: PgPool) {
    with_applications(&pool).await;
    let before = written_down(&pool).await;
    assert!(before.len() > 300, "{before:#?}");
    run(
        &pool,
        "GRANT DELETE, TRUNCATE ON product_orders, orderwatch.orders TO orderwatch_daemon;
         GRANT UPDATE (price) ON product_orders TO orderwatch_daemon;
         GRANT SELECT ON integrations TO orderwatch_reader;
         ALTER TABLE orderwatch.events OWNER TO CURRENT_USER",
    )
    .await
    .unwrap();
    assert_ne!(written_down(&pool).await, before);
    roles::grant(&pool).await;
    let now = written_down(&pool).await;
    let lost: Vec<_> = before.iter().filter(|line| !now.contains(line)).collect();
    let more: Vec<_> = now.iter().filter(|line| !before.contains(line)).collect();
    assert!(lost.is_empty() && more.is_empty(), "{lost:#?} {more:#?}");
}

#[sqlx::test(migrations = false)]
async fn it_works_before_the_first_migration_on_one_side_and_on_an_older_database(pool: PgPool) {
    roles::grant(&pool).await;
    let shop = Sides {
        shop: true,
        warehouse: false,
    };
    let daemon = Store::from_pool(roles::migrate(&pool, shop).await).having(shop);
    assert_eq!(daemon.missing_migrations().await.unwrap(), 0);
    assert_refused(&pool, DAEMON, &NOT_THE_DAEMON[..5]).await;

    let older = r#"ALTER TABLE integrations DROP COLUMN balance, DROP COLUMN "balanceUpdatedAt";
                   DROP TABLE package_mappings"#;
    run(&pool, older).await.unwrap();
    roles::grant(&pool).await;
    let nothing = "UPDATE integrations SET name = name";
    assert_refused(&pool, DAEMON, &[nothing]).await;
}

/// A daemon that is cut off from its tables between a purchase and its answer would not know what it bought.
#[sqlx::test(migrations = false)]
async fn a_daemon_that_runs_as_the_owner_is_not_cut_off_from_its_tables(pool: PgPool) {
    let role = format!("owner_{}", Uuid::new_v4().simple());
    run(
        &pool,
        &format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'x';
             DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {role}', current_database()); END $$;
             GRANT CREATE ON SCHEMA public TO {role}"
        ),
    )
    .await
    .unwrap();
    let options = pool.connect_options().as_ref().clone();
    let options = options.username(&role).password("x");
    let owner = PgPoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options.application_name("orderwatch"));
    let store = Store::from_pool(owner.clone());
    store.migrate().await.unwrap();
    run(&owner, "SELECT FROM orderwatch.orders").await.unwrap();

    // A connection of its own: the transaction stays open in it.
    let mut connection = pool.acquire().await.unwrap().detach();
    let refused = sqlx::raw_sql(include_str!("../../../config/roles.sql"))
        .execute(&mut connection)
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("stop it"), "{refused}");
    connection.close().await.unwrap();
    run(&owner, "SELECT FROM orderwatch.orders").await.unwrap();

    owner.close().await;
    roles::grant(&pool).await;
    let daemon = Store::from_pool(roles::pool_as(&pool, DAEMON));
    assert_eq!(daemon.missing_migrations().await.unwrap(), 0);
    let gone = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    run(&pool, &gone).await.unwrap();
    run(&pool, "SELECT FROM orderwatch.orders").await.unwrap();
}
