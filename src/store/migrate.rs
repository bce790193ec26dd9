//! Bringing a database up to date, and back.
//!
//! The migrations adopt a live shop's tables: they take short locks only, give up on a lock that is
//! not free and try again, and build indexes without blocking writers. Several daemons may start at
//! once: one migrates, the others wait for it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, Connection, Executor,
    error::DatabaseError,
    migrate::{Migration, Migrator},
};

use super::{
    Leader, Store, StoreError,
    pool::{Reach, Transaction},
};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");
const REVERT: &str = include_str!("revert.sql");

/// Where the list of applied migrations is kept.
const TABLE: &str = "orderwatch.migrations";
/// A migration that every database had before the migrations were numbered anew for 0.1.0.
const BEFORE_0_1_0: (i64, &str) = (18, "installed");
/// The job that applies and reverts them: one process has its lead.
const JOB: &str = "migrations";
/// The list in the form that sqlx keeps it in.
const LIST: &str = "CREATE SCHEMA IF NOT EXISTS orderwatch;
    CREATE TABLE IF NOT EXISTS orderwatch.migrations (
        version bigint PRIMARY KEY,
        description text NOT NULL,
        installed_on timestamptz NOT NULL DEFAULT now(),
        success boolean NOT NULL,
        checksum bytea NOT NULL,
        execution_time bigint NOT NULL
    )";
/// A short wait for a table's lock, so that the shop never queues behind us.
const BEGIN_UP: &str = "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '2s'";
const BEGIN_DOWN: &str = "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'";
/// Tries to get the lock on a table that is in use, [`PAUSE`] apart.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("the database failed while migrating")]
    Database(#[from] sqlx::Error),
    #[error("the database failed while migrating")]
    Store(#[from] StoreError),
    #[error("the migration {version} ({name}) failed")]
    Failed {
        version: i64,
        name: String,
        source: sqlx::Error,
    },
    /// What it made is not what this program was written for.
    #[error(
        "the migration {version} was applied with another text than this program has: it is of another version; use \
         the program that migrated this database, or a newer one"
    )]
    Changed { version: i64 },
    /// Whoever took the lead meanwhile may be migrating.
    #[error("the connection that kept others from migrating was lost; run it again")]
    LeadLost,
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
        match self {
            Self::Database(error) => super::is_transient(error),
            Self::Store(error) => error.is_transient(),
            _ => false,
        }
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
        let mut lead = self.lead_migrations().await?;
        let applied = self.applied().await?;
        refuse_changed(&applied)?;
        // `IF NOT EXISTS` would take an index whose building was interrupted for built.
        self.drop_indexes(Indexes::Unfinished).await?;

        let missing: Vec<_> = self.missing(&applied).collect();
        if !missing.is_empty() {
            self.prepare_list().await?;
        }
        for &migration in &missing {
            if !lead.holds().await {
                return Err(MigrateError::LeadLost);
            }
            // One migration at a time: each has its own limits, and a table in use costs the tries of that one.
            self.apply_in_time(migration).await?;
        }
        lead.resign().await;

        Ok(missing.len())
    }

    /// Reverts all migrations: what they made is gone, the shop's rows are as they were. Returns
    /// how many there were.
    pub async fn revert(&self, how: Revert) -> Result<usize, MigrateError> {
        let lead = self.lead_migrations().await?;
        let before = self.applied().await?.len();
        if before > 0 {
            if how == Revert::Careful {
                self.refuse_open_orders().await?;
            }
            // All or nothing.
            let mut transaction = self.pool.begin_long(BEGIN_DOWN).await?;
            sqlx::raw_sql(REVERT).execute(&mut transaction).await?;
            transaction.commit().await?;
        }

        // Also when there was nothing else: an earlier try may have ended before this.
        self.drop_indexes(Indexes::All).await?;
        lead.resign().await;

        Ok(before)
    }

    /// How many migrations are missing on the sides that are on.
    pub async fn missing_migrations(&self) -> Result<usize, MigrateError> {
        let applied = self.applied().await?;
        Ok(self.missing(&applied).count())
    }

    /// The statements of those.
    pub(super) async fn missing_texts(&self) -> Result<Vec<&'static str>, MigrateError> {
        let applied = self.applied().await?;
        let missing = self.missing(&applied);
        Ok(missing.map(|migration| migration.sql.as_str()).collect())
    }

    fn missing<'a>(
        &self,
        applied: &'a Applied,
    ) -> impl Iterator<Item = &'static Migration> + use<'a> {
        let sides = self.sides;
        ups().filter(move |up| sides.want(up) && !applied.contains_key(&up.version))
    }

    /// Waits until nobody else migrates.
    async fn lead_migrations(&self) -> Result<Leader, MigrateError> {
        loop {
            // Asked again and again rather than waited for: an index that is built concurrently waits for every
            // statement, and two processes would wait for each other.
            if let Some(lead) = self.lead(JOB).await? {
                return Ok(lead);
            }
            tracing::info!("another process is migrating; waiting for it");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Migrations that are applied; none where our schema does not exist.
    async fn applied(&self) -> Result<Applied, MigrateError> {
        let there = sqlx::query_scalar!(r#"SELECT to_regclass($1) IS NOT NULL AS "there!""#, TABLE)
            .fetch_one(&self.pool)
            .await?;
        // A new database: the list comes with the first migration.
        if !there {
            return Ok(Applied::new());
        }

        // Not checked at compile time: the schema of the queries has no such table until a program migrates.
        let sql = "SELECT version, description, checksum FROM orderwatch.migrations WHERE success";
        let rows: Vec<(i64, String, Vec<u8>)> = sqlx::query_as(sql).fetch_all(&self.pool).await?;
        if rows
            .iter()
            .any(|(version, name, _)| (*version, name.as_str()) == BEFORE_0_1_0)
        {
            return Err(MigrateError::OldNumbering);
        }

        let applied = rows
            .into_iter()
            .map(|(version, _, checksum)| (version, checksum));
        Ok(applied.collect())
    }

    /// The list of the applied ones is needed before the first one runs.
    async fn prepare_list(&self) -> Result<(), MigrateError> {
        let mut transaction = self.pool.begin_long(BEGIN_UP).await?;
        sqlx::raw_sql(LIST).execute(&mut transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Applies one migration, as soon as the tables that it needs are free.
    async fn apply_in_time(&self, migration: &Migration) -> Result<(), MigrateError> {
        let mut tries = 1;

        while let Err(error) = self.apply(migration).await {
            if tries == TRIES || !is_lock_timeout(&error) {
                return Err(MigrateError::Failed {
                    version: migration.version,
                    name: migration.description.to_string(),
                    source: error,
                });
            }
            tries += 1;
            tracing::warn!(migration = %migration.description, "a table is in use; trying again");
            tokio::time::sleep(PAUSE).await;
        }

        Ok(())
    }

    async fn apply(&self, migration: &Migration) -> Result<(), sqlx::Error> {
        let (began, sql) = (Instant::now(), migration.sql.clone());
        if migration.no_tx {
            self.outside(sql).await?;
        }

        let mut transaction = self.pool.begin_long(BEGIN_UP).await?;
        if !migration.no_tx {
            sqlx::raw_sql(migration.sql.clone())
                .execute(&mut transaction)
                .await?;
        }
        list(&mut transaction, migration, began.elapsed()).await?;
        transaction.commit().await
    }

    /// Runs what no transaction may hold: an index that is built beside running writers takes as long as it
    /// takes, and blocks nobody.
    async fn outside(&self, sql: sqlx::SqlStr) -> Result<(), sqlx::Error> {
        let mut connection = self.pool.own_connection().await?;
        // Behind a pooler the session is somebody else's next, so the limits of the role have to do.
        if self.pool.reach().await? == Reach::Direct {
            connection
                .execute("SET statement_timeout = 0; SET lock_timeout = 0")
                .await?;
        }

        let done = sqlx::raw_sql(sql).execute(&mut connection).await;
        connection.close().await?;
        done.map(drop)
    }

    async fn drop_indexes(&self, which: Indexes) -> Result<(), MigrateError> {
        let names = sqlx::query_scalar!(
            r#"SELECT format('%I.%I', n.nspname, c.relname) AS "name!"
               FROM pg_index i
               JOIN pg_class c ON c.oid = i.indexrelid
               JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'public' AND c.relname LIKE 'orderwatch\_%' AND ($1 OR NOT i.indisvalid)"#,
            which == Indexes::All,
        )
        .fetch_all(&self.pool)
        .await?;

        for name in names {
            if which == Indexes::Unfinished {
                tracing::warn!(index = %name, "dropping an index whose building was interrupted");
            }
            // Without blocking the applications' writers; the name was quoted by the server.
            let sql = AssertSqlSafe(format!("DROP INDEX CONCURRENTLY {name}"));
            self.outside(sqlx::SqlSafeStr::into_sql_str(sql)).await?;
        }

        Ok(())
    }

    async fn refuse_open_orders(&self) -> Result<(), MigrateError> {
        let open = sqlx::query_scalar!(
            r#"SELECT count(*) AS "open!" FROM orderwatch.orders WHERE finished_at IS NULL"#
        )
        .fetch_one(&self.pool)
        .await?;
        if open == 0 {
            Ok(())
        } else {
            Err(MigrateError::OpenOrders { open })
        }
    }
}

/// The checksums of the applied migrations by their numbers.
type Applied = BTreeMap<i64, Vec<u8>>;

fn ups() -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS
        .iter()
        .filter(|migration| migration.migration_type.is_up_migration())
}

/// The statements of the migrations of these sides, in their order.
pub(super) fn up_texts(sides: Sides) -> impl Iterator<Item = &'static str> {
    ups()
        .filter(move |migration| sides.want(migration))
        .map(|migration| migration.sql.as_str())
}

/// Refuses a database whose migrations are not this program's, whether they are more or others.
fn refuse_changed(applied: &Applied) -> Result<(), MigrateError> {
    for (version, checksum) in applied {
        let known = ups().find(|migration| migration.version == *version);
        if known.is_none_or(|migration| migration.checksum.as_ref() != checksum.as_slice()) {
            return Err(MigrateError::Changed { version: *version });
        }
    }
    Ok(())
}

async fn list(
    transaction: &mut Transaction<'_>,
    migration: &Migration,
    took: Duration,
) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO orderwatch.migrations
                   (version, description, success, checksum, execution_time)
               VALUES ($1, $2, true, $3, $4)";
    sqlx::query(sql)
        .bind(migration.version)
        .bind(migration.description.as_ref())
        .bind(migration.checksum.as_ref())
        .bind(i64::try_from(took.as_nanos()).unwrap_or(i64::MAX))
        .execute(transaction)
        .await
        .map(drop)
}

/// Which of our indexes on the applications' tables.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Indexes {
    /// Those whose building was interrupted: they are there but not valid, and would pass for built.
    Unfinished,
    All,
}

/// SQLSTATE 55P03: the lock was not to be had in time.
fn is_lock_timeout(error: &sqlx::Error) -> bool {
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
        for migration in ups() {
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
