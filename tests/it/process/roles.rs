//! The roles of `config/roles.sql`. Whatever is under test connects as `orderwatch_daemon`, or as the migrator
//! where it migrates; only the tests themselves, who are the shop and the warehouse, may do everything.

use orderwatch::store::{Sides, Store};
use sqlx::{
    AssertSqlSafe, ConnectOptions, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub(crate) const DAEMON: &str = "orderwatch_daemon";
pub(crate) const MIGRATOR: &str = "orderwatch_migrator";
pub(crate) const READER: &str = "orderwatch_reader";

const ROLES: &str = include_str!("../../../config/roles.sql");

/// Applies the file, as the server's administrator does.
pub(crate) async fn grant(pool: &PgPool) {
    // The roles are the server's, and tests of other databases make them at the same time.
    let granted = sqlx::raw_sql(AssertSqlSafe(ROLES)).execute(pool).await;
    granted.unwrap();
}

/// The same database, asked as a member of a role.
pub(crate) fn pool_as(pool: &PgPool, role: &str) -> PgPool {
    let options = pool.connect_options().as_ref().clone();
    PgPoolOptions::new()
        .max_connections(5)
        .connect_lazy_with(options.options([("role", role)]))
}

/// Its address as the configuration takes it, for a member of a role.
pub(crate) fn url_as(options: &PgConnectOptions, role: &str) -> String {
    let mut url = options.to_url_lossy();
    url.query_pairs_mut().append_pair("options[role]", role);
    url.to_string()
}

/// As whom a command is run: what makes, drops or forgets is the owner's.
pub(crate) fn of_command(args: &[&str]) -> &'static str {
    match args {
        ["migrate", ..] | ["trendyol", "forget-account", ..] => MIGRATOR,
        _ => DAEMON,
    }
}

/// Migrates a database as its migrator; the pool is the daemon's.
pub(crate) async fn migrate(pool: &PgPool, sides: Sides) -> PgPool {
    // First for the right to make the schema, then for what stands in it.
    grant(pool).await;
    let migrator = pool_as(pool, MIGRATOR);
    let store = Store::from_pool(migrator.clone()).having(sides);
    store.migrate().await.unwrap();
    migrator.close().await;
    grant(pool).await;

    pool_as(pool, DAEMON)
}
