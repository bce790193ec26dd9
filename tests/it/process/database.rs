//! A database for one test, on the server of `$DATABASE_URL`.

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use super::roles::{self, DAEMON};

/// An empty database; it is dropped with this.
pub(crate) struct Database {
    server: PgConnectOptions,
    name: String,
    pub(crate) pool: PgPool,
}

impl Database {
    /// Creates it.
    pub(crate) async fn create() -> Self {
        let url = std::env::var("DATABASE_URL").expect("DATABASE_URL names the tests' server");
        let server: PgConnectOptions = url.parse().unwrap();
        let name = format!("orderwatch_test_{}", Uuid::new_v4().simple());
        execute(&server, &format!("CREATE DATABASE {name}")).await;
        let pool = PgPoolOptions::new()
            .max_connections(3)
            .connect_lazy_with(server.clone().database(&name));
        Self { server, name, pool }
    }

    /// Where it is.
    pub(crate) fn options(&self) -> PgConnectOptions {
        self.server.clone().database(&self.name)
    }

    /// Ends all sessions of the program, in the middle of whatever they do; returns how many.
    pub(crate) async fn end_sessions(&self) -> usize {
        self.end_some_sessions(1.0).await
    }

    /// Ends a share of them, 0 to 1.
    pub(crate) async fn end_some_sessions(&self, share: f64) -> usize {
        let ended = sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = $1 AND application_name = 'orderwatch' AND random() < $2",
        )
        .bind(&self.name)
        .bind(share);
        ended.fetch_all(&self.pool).await.unwrap().len()
    }

    /// Sets what new sessions begin with, such as `default_transaction_read_only = on`.
    pub(crate) async fn set(&self, setting: &str) {
        // Also while the default is that nothing may be written.
        let mut writing = self.pool.begin_with("BEGIN READ WRITE").await.unwrap();
        let sql = format!("ALTER DATABASE {} SET {setting}", self.name);
        writing.execute(AssertSqlSafe(sql)).await.unwrap();
        writing.commit().await.unwrap();
    }

    /// Through the pooler beside which the tests run (`scripts/with-pgbouncer`), if they do.
    pub(crate) fn pooled(&self) -> Option<PgConnectOptions> {
        let folder = std::env::var_os("ORDERWATCH_TEST_POOLER")?;
        let options = self.options().socket(folder).port(6432);
        Some(options.extra_float_digits(None))
    }

    /// Its address, as the configuration of the daemon takes it.
    pub(crate) fn url(&self) -> String {
        // The pooler takes no role along; behind it the daemon works as the owner.
        self.pooled().map_or_else(
            || self.url_as(DAEMON),
            |pooled| pooled.to_url_lossy().to_string(),
        )
    }

    /// The same for another role.
    pub(crate) fn url_as(&self, role: &str) -> String {
        roles::url_as(&self.options(), role)
    }

    /// The same for its owner.
    pub(crate) fn owners_url(&self) -> String {
        self.options().to_url_lossy().to_string()
    }
}

async fn execute(server: &PgConnectOptions, sql: &str) {
    let mut connection = PgConnection::connect_with(server).await.unwrap();
    connection
        .execute(AssertSqlSafe(sql.to_owned()))
        .await
        .unwrap();
    connection.close().await.unwrap();
}

impl Drop for Database {
    fn drop(&mut self) {
        let server = self.server.clone();
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A thread of its own: this one may belong to a runtime, and must wait for the end.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(execute(&server, &sql));
        });
        // Its thread has said why when it fails; a panic in here would hide the test's own.
        drop(dropping.join());
    }
}
