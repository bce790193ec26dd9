//! Bringing a database up to date, and back.
//!
//! The migrations adopt a live shop's tables: they take short locks only, give up on a lock that is
//! not free and try again, and build indexes without blocking writers. Several daemons may start at
//! once: one migrates, the others wait for it.

use std::{collections::BTreeSet, time::Duration};

use sqlx::{
    AssertSqlSafe, Executor, PgConnection,
    error::DatabaseError,
    migrate::{MigrateError as SqlxError, Migration, Migrator},
};

use super::Store;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");
const REVERT: &str = include_str!("revert.sql");

/// Where the list of applied migrations is kept.
const TABLE: &str = "orderwatch.migrations";
/// A migration that every database had before the migrations were numbered anew for 0.1.0.
const BEFORE_0_1_0: (i64, &str) = (18, "installed");
/// Key of the advisory lock around migrations.
const LOCK: i64 = 0x6f72_6465_7277_6d00;
/// Tries to get the lock on a table that is in use, [`PAUSE`] apart.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("the database failed while migrating")]
    Database(#[from] sqlx::Error),
    #[error("a migration failed")]
    Migration(#[from] SqlxError),
    /// The migrations were numbered anew, so those that are applied say nothing about what is missing.
    #[error(
        "this database was migrated by a program from before 0.1.0, whose migrations had other numbers: settle its \
         open orders, take everything back with that program (`orderwatch migrate revert`), then run `orderwatch migrate`"
    )]
    OldNumbering,
    /// Reverting would forget purchases that are not settled.
    #[error(
        "{open} orders are not settled yet; reverting would forget them \
         (settle them first, or repeat with --force)"
    )]
    OpenOrders { open: i64 },
}

impl MigrateError {
    /// Whether the database was only away, so that it may work later.
    #[must_use]
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Database(error) if super::is_transient(error))
    }
}

/// Whose tables a database has. A migration whose name begins with `shop` or `warehouse` is about the
/// tables of that application, and runs only where that side is on; one that was left out runs as soon as
/// its side is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides {
    /// The shop, whose orders are bought.
    pub shop: bool,
    /// The warehouse of the Trendyol store.
    pub warehouse: bool,
}

impl Sides {
    /// One database for both applications.
    pub const BOTH: Self = Self {
        shop: true,
        warehouse: true,
    };

    fn want(self, migration: &Migration) -> bool {
        match migration.description.split(' ').next() {
            Some("shop") => self.shop,
            Some("warehouse") => self.warehouse,
            _ => true,
        }
    }
}

/// What reverting may lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revert {
    /// Refuse while orders are open.
    Careful,
    Forced,
}

impl Store {
    /// Applies all migrations that are missing on the sides that are on. Returns how many there were. Fails
    /// where a table stays locked; what was applied until then stays.
    pub async fn migrate(&self) -> Result<usize, MigrateError> {
        // Taken out of the pool: its limits are those of a migration, and the lock goes with it.
        let mut connection = self.pool.acquire().await?.detach();
        lock(&mut connection).await?;
        let before = applied(&mut connection).await?;
        // `IF NOT EXISTS` would take an index whose building was interrupted for built.
        drop_indexes(&mut connection, Indexes::Unfinished).await?;

        // Also those of a side that was switched off: sqlx refuses a database with migrations that it does not know.
        let migrator =
            migrator(|migration| self.sides.want(migration) || before.contains(&migration.version));
        let missing: Vec<_> = ups(&migrator)
            .filter(|migration| !before.contains(&migration.version))
            .collect();
        // Also with nothing to do: what was applied is compared with what this program knows.
        let last = ups(&migrator).last().into_iter();

        for migration in missing.iter().copied().chain(last) {
            // One migration at a time: each has its own limits, and a table in use costs the tries of that one.
            limits(&mut connection, migration).await?;
            let mut tries = 1;
            while let Err(error) = migrator.run_to(migration.version, &mut connection).await {
                if tries == TRIES || !is_lock_timeout(&error) {
                    return Err(error.into());
                }
                tries += 1;
                tracing::warn!(migration = %migration.description, "a table is in use; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }

        Ok(missing.len())
    }

    /// Reverts all migrations: what they made is gone, the shop's rows are as they were. Returns
    /// how many there were.
    pub async fn revert(&self, how: Revert) -> Result<usize, MigrateError> {
        // Taken out of the pool, as above.
        let mut connection = self.pool.acquire().await?.detach();
        lock(&mut connection).await?;
        let before = applied(&mut connection).await?.len();
        if before > 0 {
            if how == Revert::Careful {
                refuse_open_orders(&mut connection).await?;
            }
            connection
                .execute("SET statement_timeout = 0; SET lock_timeout = '30s'")
                .await?;
            // All or nothing: statements that are sent together are one transaction.
            sqlx::raw_sql(REVERT).execute(&mut connection).await?;
        }

        // Also when there was nothing else: an earlier try may have ended before this.
        drop_indexes(&mut connection, Indexes::All).await?;

        Ok(before)
    }

    /// How many migrations are missing on the sides that are on.
    pub async fn missing_migrations(&self) -> Result<usize, MigrateError> {
        let mut connection = self.pool.acquire().await?;
        let applied = applied(&mut connection).await?;
        let missing =
            ups(&MIGRATIONS).filter(|up| self.sides.want(up) && !applied.contains(&up.version));
        Ok(missing.count())
    }
}

fn migrator(wanted: impl Fn(&Migration) -> bool) -> Migrator {
    let wanted = MIGRATIONS.iter().filter(|migration| wanted(migration));
    let mut migrator = Migrator {
        migrations: wanted.cloned().collect(),
        ..Migrator::DEFAULT
    };
    migrator.dangerous_set_table_name(TABLE);
    // The list of the applied ones lives there, so it is needed before the first one runs.
    migrator.create_schema("orderwatch");
    // sqlx waits for its lock inside a statement, and an index that is built concurrently waits
    // for every statement: two daemons would wait for each other. Ours is taken by asking again.
    migrator.set_locking(false);
    migrator
}

fn ups(migrator: &Migrator) -> impl Iterator<Item = &Migration> + use<'_> {
    migrator
        .iter()
        .filter(|migration| migration.migration_type.is_up_migration())
}

/// The statements of the migrations of these sides, in their order.
pub(super) fn up_texts(sides: Sides) -> impl Iterator<Item = &'static str> {
    ups(&MIGRATIONS)
        .filter(move |migration| sides.want(migration))
        .map(|migration| migration.sql.as_str())
}

/// Waits until nobody else migrates. The lock goes with the connection.
async fn lock(connection: &mut PgConnection) -> Result<(), MigrateError> {
    loop {
        // Asked again and again rather than waited for: see `migrator`.
        let locked = sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "locked!""#, LOCK)
            .fetch_one(&mut *connection)
            .await?;
        if locked {
            return Ok(());
        }
        tracing::info!("another process is migrating; waiting for it");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Migrations that are applied; none where our schema does not exist.
async fn applied(connection: &mut PgConnection) -> Result<BTreeSet<i64>, MigrateError> {
    let there = sqlx::query_scalar!(r#"SELECT to_regclass($1) IS NOT NULL AS "there!""#, TABLE)
        .fetch_one(&mut *connection)
        .await?;
    // A new database: the list comes with the first migration.
    if !there {
        return Ok(BTreeSet::new());
    }

    // The name is a constant of this file: no foreign text gets into the statement.
    let sql = AssertSqlSafe(format!(
        "SELECT version, description FROM {TABLE} WHERE success"
    ));
    let rows: Vec<(i64, String)> = sqlx::query_as(sql).fetch_all(connection).await?;
    if rows
        .iter()
        .any(|(version, name)| (*version, name.as_str()) == BEFORE_0_1_0)
    {
        return Err(MigrateError::OldNumbering);
    }

    Ok(rows.into_iter().map(|(version, _)| version).collect())
}

/// A short wait for a table's lock, so that the shop never queues behind us.
async fn limits(connection: &mut PgConnection, migration: &Migration) -> Result<(), MigrateError> {
    // An index that is built beside running writers takes as long as it takes, and blocks nobody.
    let lock_timeout = if migration.no_tx { "0" } else { "2s" };
    let sql = format!("SET statement_timeout = 0; SET lock_timeout = '{lock_timeout}'");
    connection.execute(AssertSqlSafe(sql)).await?;
    Ok(())
}

/// Which of our indexes on the applications' tables.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Indexes {
    /// Those whose building was interrupted: they are there but not valid, and would pass for built.
    Unfinished,
    All,
}

async fn drop_indexes(connection: &mut PgConnection, which: Indexes) -> Result<(), MigrateError> {
    let names = sqlx::query_scalar!(
        r#"SELECT format('%I.%I', n.nspname, c.relname) AS "name!"
           FROM pg_index i
           JOIN pg_class c ON c.oid = i.indexrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'public' AND c.relname LIKE 'orderwatch\_%' AND ($1 OR NOT i.indisvalid)"#,
        which == Indexes::All,
    )
    .fetch_all(&mut *connection)
    .await?;

    for name in names {
        if which == Indexes::Unfinished {
            tracing::warn!(index = %name, "dropping an index whose building was interrupted");
        }
        // Without blocking the applications' writers; the name was quoted by the server.
        let sql = AssertSqlSafe(format!("DROP INDEX CONCURRENTLY {name}"));
        connection.execute(sql).await?;
    }

    Ok(())
}

async fn refuse_open_orders(connection: &mut PgConnection) -> Result<(), MigrateError> {
    let open = sqlx::query_scalar!(
        r#"SELECT count(*) AS "open!" FROM orderwatch.orders WHERE finished_at IS NULL"#
    )
    .fetch_one(connection)
    .await?;
    if open == 0 {
        Ok(())
    } else {
        Err(MigrateError::OpenOrders { open })
    }
}

/// SQLSTATE 55P03: the lock was not to be had in time.
fn is_lock_timeout(error: &SqlxError) -> bool {
    let (SqlxError::Execute(error) | SqlxError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    error
        .as_database_error()
        .and_then(DatabaseError::code)
        .is_some_and(|code| code == "55P03")
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    const SHOP: &str = "users|product|product_packages|product_orders|integrations|package_routing|package_mappings|package_costs";

    /// A database without the shop has none of its tables: a statement about one of them would fail there.
    #[test]
    fn migrations_about_the_tables_of_one_side_bear_its_name() {
        let about = |tables: &str| {
            let (verbs, table) = (
                "ALTER TABLE|ON|CREATE TABLE IF NOT EXISTS|UPDATE|INTO|FROM|JOIN",
                format!(r"public\.(?:{tables})\b"),
            );
            // Statements stand in lines of their own; names in comments and texts come after other words.
            Regex::new(&format!(r"(?m)^(?:[^'\n]*\s)?(?:{verbs}) {table}")).unwrap()
        };
        let shop = about(SHOP);
        let warehouse = about("central_stock|stock_push_log|raf_urunleri|orders_\\w+|return_\\w+");
        let mut named = 0;
        for migration in ups(&MIGRATIONS) {
            let body = migration.sql.as_str();
            let without_functions = body.split("$$").step_by(2).collect::<Vec<_>>().join("\n");
            let side = migration.description.split(' ').next().unwrap_or_default();
            if shop.is_match(&without_functions) {
                assert_eq!(side, "shop", "{}", migration.description);
            }
            if warehouse.is_match(&without_functions) {
                assert_eq!(side, "warehouse", "{}", migration.description);
            }
            named += usize::from(["shop", "warehouse"].contains(&side));
        }
        assert!(named > 5, "{named}");
    }
}
