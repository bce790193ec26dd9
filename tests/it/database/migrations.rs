//! Migrations on the database of a shop that is open: nothing of it changes but what is added, and
//! what is added can be taken away again.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::collections::BTreeMap;

use orderwatch::store::{MigrateError, Revert, Sides, Store};
use sqlx::{AssertSqlSafe, PgPool};

use crate::process::roles::{self, MIGRATOR};

/// All definitions in schema public, and all schemas: what `pg_dump --schema-only` would show.
const CATALOGUE: &str = r"
    SELECT 'schema ' || nspname FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
    UNION ALL
    SELECT format('column %s.%s %s%s%s %s', c.relname, a.attname,
                  format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull THEN ' not null' END,
                  ' default ' || pg_get_expr(d.adbin, d.adrelid),
                  row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'S', 'v')
    UNION ALL
    SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT pg_get_indexdef(indexrelid) || ' valid ' || indisvalid
    FROM pg_index JOIN pg_class c ON c.oid = indexrelid
    WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
    UNION ALL
    SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    ORDER BY 1";

/// A database as the two existing applications left it, rows included.
async fn legacy(pool: &PgPool) -> Store {
    for sql in [
        include_str!("../../fixtures/legacy-schema.sql"),
        include_str!("../../fixtures/legacy-rows.sql"),
    ] {
        run(pool, sql).await;
    }
    Store::from_pool(migrator(pool).await)
}

/// The one who migrates, and who owns what is there: an index is made by nobody else.
async fn migrator(pool: &PgPool) -> PgPool {
    roles::grant(pool).await;
    run(
        pool,
        "DO $$
         DECLARE t regclass;
         BEGIN
             FOR t IN SELECT oid FROM pg_class
                      WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
                 EXECUTE format('ALTER TABLE %s OWNER TO orderwatch_migrator', t);
             END LOOP;
         END $$",
    )
    .await;
    roles::pool_as(pool, MIGRATOR)
}

async fn run(pool: &PgPool, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    sqlx::raw_sql(sql).execute(pool).await.unwrap();
}

async fn catalogue(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(CATALOGUE).fetch_all(pool).await.unwrap()
}

/// Every row of every table of the applications, with its place: a rewritten row moves.
async fn rows(pool: &PgPool) -> BTreeMap<String, Vec<String>> {
    let tables = "SELECT relname::text FROM pg_class
                  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(pool).await.unwrap();
    let mut all = BTreeMap::new();
    for table in tables {
        let sql = format!(
            "SELECT t.ctid::text || ' ' || t.xmin::text || ' ' || (to_jsonb(t) - 'provider_referans')::text
             FROM public.{table} t ORDER BY t.ctid"
        );
        let rows = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await;
        all.insert(table, rows.unwrap());
    }
    all
}

#[sqlx::test(migrations = false)]
async fn every_row_of_a_live_shop_stays_byte_for_byte_and_only_additions_are_made(pool: PgPool) {
    let store = legacy(&pool).await;
    let (defined, held) = (catalogue(&pool).await, rows(&pool).await);
    assert!(
        held.values().flatten().count() > 10,
        "there are rows to lose"
    );
    assert!(store.missing_migrations().await.unwrap() > 0);
    assert!(store.migrate().await.unwrap() > 0);
    assert_eq!(rows(&pool).await, held);
    let now = catalogue(&pool).await;
    let lost: Vec<_> = defined.iter().filter(|line| !now.contains(line)).collect();
    assert!(lost.is_empty(), "{lost:#?}");
    let added = now.iter().filter(|line| !defined.contains(line));
    for line in added {
        assert!(
            line.contains("orderwatch")
                || line.contains("provider_referans varying")
                || line.contains("provider_referans character varying(255)"),
            "{line}"
        );
    }
}

#[sqlx::test(migrations = false)]
async fn migrating_twice_changes_nothing_and_two_at_once_do_it_once(pool: PgPool) {
    let store = legacy(&pool).await;
    let other = Store::from_pool(roles::pool_as(&pool, MIGRATOR));
    let (one, two) = futures::join!(store.migrate(), other.migrate());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one.min(two) == 0 && one.max(two) > 0, "{one} and {two}");
    assert_eq!(store.missing_migrations().await.unwrap(), 0);
    let (defined, held) = (catalogue(&pool).await, rows(&pool).await);
    assert_eq!(store.migrate().await.unwrap(), 0);
    assert_eq!(catalogue(&pool).await, defined);
    assert_eq!(rows(&pool).await, held);
}

#[sqlx::test(migrations = false)]
async fn reverting_leaves_the_shop_as_it_was_and_migrating_again_works(pool: PgPool) {
    let store = legacy(&pool).await;
    let (defined, held) = (catalogue(&pool).await, rows(&pool).await);
    for _ in 0..2 {
        let applied = store.migrate().await.unwrap();
        assert_eq!(store.revert(Revert::Careful).await.unwrap(), applied);
        assert_eq!(catalogue(&pool).await, defined);
        assert_eq!(rows(&pool).await, held);
    }
    assert_eq!(store.revert(Revert::Careful).await.unwrap(), 0);
}

#[sqlx::test(migrations = false)]
async fn reverting_on_a_new_users_database_leaves_nothing_but_their_rows(pool: PgPool) {
    let empty = catalogue(&pool).await;
    let store = Store::from_pool(migrator(&pool).await);
    store.migrate().await.unwrap();
    store.revert(Revert::Careful).await.unwrap();
    assert_eq!(catalogue(&pool).await, empty);

    store.migrate().await.unwrap();
    let row = r#"INSERT INTO product_orders ("tenantId", provider_referans)
                 VALUES (gen_random_uuid(), '5')"#;
    run(&pool, row).await;
    store.revert(Revert::Careful).await.unwrap();
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM product_orders")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(kept, 1);
}

#[sqlx::test(migrations = false)]
async fn a_column_that_the_shop_had_before_is_the_shops(pool: PgPool) {
    let store = legacy(&pool).await;
    run(
        &pool,
        "ALTER TABLE product_orders ADD COLUMN provider_referans varchar(255);
         UPDATE product_orders SET provider_referans = '1614823567123456'",
    )
    .await;
    let defined = catalogue(&pool).await;
    store.migrate().await.unwrap();
    store.revert(Revert::Careful).await.unwrap();
    assert_eq!(catalogue(&pool).await, defined);
    let kept = "SELECT count(*) FROM product_orders WHERE provider_referans = '1614823567123456'";
    let kept: i64 = sqlx::query_scalar(kept).fetch_one(&pool).await.unwrap();
    assert_eq!(kept, 3);
}

#[sqlx::test(migrations = false)]
async fn reverting_is_refused_as_long_as_a_purchase_is_open(pool: PgPool) {
    let store = legacy(&pool).await;
    store.migrate().await.unwrap();
    let track = "INSERT INTO orderwatch.orders (order_id, tenant_id, integration_id, reference,
                     stage, due_at, tracked_at)
                 SELECT id, \"tenantId\", gen_random_uuid(), '5', 'submitted', now(), now()
                 FROM product_orders LIMIT 1";
    run(&pool, track).await;
    let (defined, held) = (catalogue(&pool).await, rows(&pool).await);
    let refused = store.revert(Revert::Careful).await;
    assert!(
        matches!(refused, Err(MigrateError::OpenOrders { open: 1 })),
        "{refused:?}"
    );
    assert_eq!(catalogue(&pool).await, defined);
    assert_eq!(store.missing_migrations().await.unwrap(), 0);
    assert!(store.revert(Revert::Forced).await.unwrap() > 0);
    assert_eq!(rows(&pool).await, held, "the shop's rows stay in any case");
}

#[sqlx::test(migrations = false)]
async fn an_index_whose_building_was_interrupted_is_built_anew(pool: PgPool) {
    let store = legacy(&pool).await;
    // A unique index that cannot be built stays behind, invalid: as one that was interrupted.
    let interrupted = r#"CREATE UNIQUE INDEX CONCURRENTLY orderwatch_referans
                         ON product_orders ("tenantId")"#;
    let failed = sqlx::query(interrupted).execute(&pool).await;
    assert!(failed.is_err());
    let invalid = |line: &String| line.contains("orderwatch_referans") && line.ends_with("false");
    assert!(catalogue(&pool).await.iter().any(invalid));
    store.migrate().await.unwrap();
    let now = catalogue(&pool).await;
    assert!(!now.iter().any(|line| line.ends_with("valid false")));
    let built = now.iter().find(|line| line.contains("orderwatch_referans"));
    assert!(built.unwrap().contains("(provider_referans)"), "{built:?}");
}

/// Who waits for the table of the orders, by process.
async fn waiting(pool: &PgPool) -> Option<i32> {
    let sql = "SELECT pid FROM pg_locks
               WHERE relation = 'product_orders'::regclass AND NOT granted
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    sqlx::query_scalar(sql).fetch_optional(pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn a_table_that_is_in_use_is_waited_for_in_short_tries(pool: PgPool) {
    let store = legacy(&pool).await;
    let held = rows(&pool).await;
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("UPDATE product_orders SET attempts = attempts + 1")
        .execute(&mut *holder)
        .await
        .unwrap();
    let release = async {
        // It waits, gives way so that the shop does not queue up behind it, and comes back.
        for wants in [true, false, true] {
            while waiting(&pool).await.is_some() != wants {
                tokio::task::yield_now().await;
            }
        }
        holder.rollback().await.unwrap();
    };
    let (migrated, ()) = futures::join!(store.migrate(), release);
    assert!(migrated.unwrap() > 0);
    assert_eq!(store.missing_migrations().await.unwrap(), 0);
    assert_eq!(rows(&pool).await, held);
}

const SHOP: Sides = Sides {
    shop: true,
    warehouse: false,
};
const WAREHOUSE: Sides = Sides {
    shop: false,
    warehouse: true,
};

async fn tables(pool: &PgPool) -> Vec<String> {
    let sql = "SELECT relname::text FROM pg_class
               WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1";
    sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn a_database_gets_only_the_tables_of_the_sides_that_are_on(pool: PgPool) {
    let empty = catalogue(&pool).await;
    let migrator = migrator(&pool).await;
    for (sides, has, lacks) in [
        (SHOP, "product_orders", "orders_created"),
        (WAREHOUSE, "orders_created", "product_orders"),
    ] {
        let store = Store::from_pool(migrator.clone()).having(sides);
        assert!(store.migrate().await.unwrap() > 0);
        assert_eq!(store.missing_migrations().await.unwrap(), 0);
        assert_eq!(store.migrate().await.unwrap(), 0);
        assert_eq!(store.schema_faults().await.unwrap(), [], "{sides:?}");
        let tables = tables(&pool).await;
        assert!(tables.iter().any(|table| table == has), "{tables:?}");
        assert!(!tables.iter().any(|table| table == lacks), "{tables:?}");
        store.revert(Revert::Careful).await.unwrap();
        assert_eq!(catalogue(&pool).await, empty);
    }
}

#[sqlx::test(migrations = false)]
async fn a_side_that_is_switched_on_later_gets_its_tables_then(pool: PgPool) {
    let empty = catalogue(&pool).await;
    let migrator = migrator(&pool).await;
    for first in [SHOP, WAREHOUSE] {
        let alone = Store::from_pool(migrator.clone()).having(first);
        alone.migrate().await.unwrap();
        let both = Store::from_pool(migrator.clone());
        assert!(both.missing_migrations().await.unwrap() > 0);
        assert!(both.migrate().await.unwrap() > 0);
        assert_eq!(both.missing_migrations().await.unwrap(), 0);
        assert_eq!(both.schema_faults().await.unwrap(), []);
        // Switched off again, nothing is missing and nothing is lost.
        assert_eq!(alone.missing_migrations().await.unwrap(), 0);
        assert_eq!(alone.migrate().await.unwrap(), 0);
        assert!(
            tables(&pool)
                .await
                .iter()
                .any(|table| table == "product_orders")
        );
        assert!(
            tables(&pool)
                .await
                .iter()
                .any(|table| table == "orders_created")
        );
        alone.revert(Revert::Careful).await.unwrap();
        assert_eq!(catalogue(&pool).await, empty);
    }
}

#[sqlx::test(migrations = false)]
async fn tables_of_another_application_with_the_same_names_break_nothing(pool: PgPool) {
    run(
        &pool,
        include_str!("../../fixtures/warehouse-application.sql"),
    )
    .await;
    // As in the other one's database: the shop's name for another thing.
    run(
        &pool,
        "CREATE TABLE product (id varchar(20) PRIMARY KEY, name text)",
    )
    .await;
    let migrator = migrator(&pool).await;
    let (defined, held) = (catalogue(&pool).await, rows(&pool).await);
    for sides in [WAREHOUSE, Sides::BOTH] {
        let store = Store::from_pool(migrator.clone()).having(sides);
        store.migrate().await.unwrap();
        let now = rows(&pool).await;
        assert!(held.iter().all(|(table, rows)| now[table] == *rows));
        let lost: Vec<_> = catalogue(&pool).await;
        let lost: Vec<_> = defined.iter().filter(|line| !lost.contains(line)).collect();
        assert!(lost.is_empty(), "{lost:#?}");
        let refers = catalogue(&pool).await;
        let refers = |to: &str| refers.iter().any(|line| line.contains(to));
        assert!(!refers("REFERENCES users") && !refers("REFERENCES product("));
        assert_eq!(refers("REFERENCES product_packages(id)"), sides.shop);
        store.revert(Revert::Careful).await.unwrap();
        assert_eq!(catalogue(&pool).await, defined);
        assert_eq!(rows(&pool).await, held);
    }
}

#[sqlx::test(migrations = false)]
async fn a_database_of_the_old_numbering_is_told_what_to_do(pool: PgPool) {
    let store = legacy(&pool).await;
    store.migrate().await.unwrap();
    let older = "UPDATE orderwatch.migrations SET description = 'installed' WHERE version = 18";
    run(&pool, older).await;
    let (defined, held) = (catalogue(&pool).await, rows(&pool).await);

    for refused in [
        store.migrate().await.unwrap_err(),
        store.revert(Revert::Forced).await.unwrap_err(),
        store.missing_migrations().await.unwrap_err(),
    ] {
        assert!(matches!(refused, MigrateError::OldNumbering), "{refused:?}");
        assert!(
            refused.to_string().contains("orderwatch migrate revert"),
            "{refused}"
        );
    }
    assert_eq!(catalogue(&pool).await, defined);
    assert_eq!(rows(&pool).await, held);
}

#[sqlx::test(migrations = false)]
async fn a_way_back_that_was_cut_off_before_the_indexes_is_finished_by_the_next(pool: PgPool) {
    let store = legacy(&pool).await;
    let (defined, held) = (catalogue(&pool).await, rows(&pool).await);
    store.migrate().await.unwrap();
    run(&pool, include_str!("../../../src/store/revert.sql")).await;
    let left = catalogue(&pool).await;
    assert!(
        left.iter()
            .any(|line| line.contains("orderwatch_referans") || line.contains("orderwatch_player"))
    );

    assert_eq!(store.revert(Revert::Careful).await.unwrap(), 0);
    assert_eq!(catalogue(&pool).await, defined);
    assert_eq!(rows(&pool).await, held);
}
