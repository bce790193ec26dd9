//! A database for one test, on the server of `$DATABASE_URL`.

use fastrand::Rng;
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
        let sessions = self.sessions().await;
        self.end(sessions).await
    }

    /// Ends a share of them, 0 to 1, which the dice choose.
    pub(crate) async fn end_some_sessions(&self, share: f64, dice: &mut Rng) -> usize {
        // Dice of their own: how many sessions there are at the moment may not change what is thrown later.
        let mut dice = dice.fork();
        let mut sessions = self.sessions().await;
        sessions.retain(|_| dice.f64() < share);
        self.end(sessions).await
    }

    /// The program's sessions, by their age.
    async fn sessions(&self) -> Vec<i32> {
        let sessions = sqlx::query_scalar(
            "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name = 'orderwatch'
             ORDER BY backend_start, pid",
        )
        .bind(&self.name);
        sessions.fetch_all(&self.pool).await.unwrap()
    }

    /// Returns how many there still were.
    async fn end(&self, sessions: Vec<i32>) -> usize {
        let ended =
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM unnest($1) AS pid";
        let ended: i64 = sqlx::query_scalar(ended)
            .bind(sessions)
            .fetch_one(&self.pool)
            .await
            .unwrap();
        usize::try_from(ended).unwrap()
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
