//! The pool of connections, with a deadline for every answer, and plans that fit the tables.
//!
//! The server's own limits (`statement_timeout`) hold as long as its answers arrive. Behind a
//! firewall or an address that moved to a standby a connection may stop answering without ever ending;
//! whoever asked over it would wait until the system gives the connection up, a quarter of an hour.
//!
//! The server would keep the plan of a statement for as long as the session lasts. One that was made
//! while a table was empty reads all of it when it is full, so each statement is planned anew
//! ([`SESSION`]). What is done for single orders in large tables is kept to the indexes besides
//! ([`Pool::by_index`]): until the server has gathered its statistics it does not know better.

use std::{
    fmt, io,
    time::{Duration, Instant},
};

use futures::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture, stream, stream::BoxStream};
use sqlx::{
    Describe, Either, Error, Execute, Executor, PgPool, Postgres, SqlStr, Transaction,
    pool::PoolConnection,
    postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use tokio::time::timeout;

use super::StoreError;
use crate::metrics::METRICS;

/// Limits on every session: no statement may wait for ever, and none may leave a transaction open.
/// No statement is worth compiling: it takes longer than the longest of them; and no plan is kept.
/// Set after connecting, since a pooler refuses them as start-up parameters.
pub(super) const SESSION: &str = "SET statement_timeout = '30s'; SET lock_timeout = '5s'; \
                                  SET idle_in_transaction_session_timeout = '60s'; SET jit = off; \
                                  SET plan_cache_mode = force_custom_plan";
/// Row by row through an index is all that is left, planned for the tables as they are now. The costs of what
/// is switched off would make the server compile every statement, for a second each. In the transaction
/// alone, so it also holds behind a pooler that gives each one another session.
pub(super) const BY_INDEX: &str = "BEGIN; SET LOCAL enable_seqscan = off; \
                                   SET LOCAL enable_hashjoin = off; \
                                   SET LOCAL enable_mergejoin = off; SET LOCAL jit = off; \
                                   SET LOCAL plan_cache_mode = force_custom_plan";
/// Longer than the server lets any statement run.
const ANSWER: Duration = Duration::from_secs(35);
/// How long connections may take to close.
const CLOSE: Duration = Duration::from_secs(5);

/// A pool whose answers come in time or not at all.
#[derive(Clone)]
pub(super) struct Pool(PgPool);

impl Pool {
    pub(super) fn new(pool: PgPool) -> Self {
        Self(pool)
    }

    /// The pool itself, without deadlines.
    pub(super) const fn inner(&self) -> &PgPool {
        &self.0
    }

    /// A connection; what is asked over it has to come [`in_time`].
    pub(super) async fn acquire(&self) -> Result<PoolConnection<Postgres>, Error> {
        // Measured, since a pool that is too small shows here and nowhere else.
        let asked = Instant::now();
        let connection = self.0.acquire().await;
        METRICS
            .connection_wait
            .observe(asked.elapsed().as_secs_f64());
        connection
    }

    /// Runs single statements by way of the indexes, each in a transaction of its own.
    pub(super) const fn by_index(&self) -> ByIndex<'_> {
        ByIndex(self)
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'static, Postgres>, Error> {
        self.begin_with("BEGIN").await
    }

    /// A transaction that `words` start: `BEGIN`, and what is set for it alone.
    pub(super) async fn begin_with(
        &self,
        words: &'static str,
    ) -> Result<Transaction<'static, Postgres>, Error> {
        let pool = self.0.clone();
        // By a task of its own: were it dropped between `BEGIN` and its answer, sqlx would give the connection
        // to the next one with the transaction open, and what that one writes would never be committed.
        let started = tokio::spawn(async move { pool.begin_with(words).await });
        started.await.map_err(|_| Error::WorkerCrashed)?
    }

    /// Closes all connections; one that does not answer is not waited for.
    pub(super) async fn close(&self) {
        if timeout(CLOSE, self.0.close()).await.is_err() {
            tracing::warn!("a connection to the database does not close; it is left behind");
        }
    }
}

/// The answer of the database, or [`Error::Io`] when it did not come in time.
pub(super) async fn in_time<T>(answer: impl Future<Output = T>) -> Result<T, Error> {
    timeout(ANSWER, answer).await.map_err(|_| {
        Error::Io(io::Error::new(
            io::ErrorKind::TimedOut,
            "the connection timed out",
        ))
    })
}

/// The work of a whole transaction, under one deadline. Dropped by it, the transaction is rolled back, if
/// the server still answers.
pub(super) async fn whole<T>(
    work: impl Future<Output = Result<T, StoreError>>,
    doing: &'static str,
) -> Result<T, StoreError> {
    in_time(work).await.map_err(StoreError::doing(doing))?
}

/// An answer. Where none came in time, the connection is not used again: it may come later, and would be
/// taken for that of the next statement.
fn or_discard<T>(
    answer: Result<Result<T, Error>, Error>,
    connection: &mut PoolConnection<Postgres>,
) -> Result<T, Error> {
    if answer.is_err() {
        connection.close_on_drop();
    }
    answer.flatten()
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").finish_non_exhaustive()
    }
}

impl<'p> Executor<'p> for &'p Pool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let all = async move {
            let mut connection = self.acquire().await?;
            // Read to the end under one deadline: a stream could stall between two rows.
            let steps = in_time(connection.fetch_many(query).try_collect::<Vec<_>>()).await;
            let steps = or_discard(steps, &mut connection)?;
            Ok::<_, Error>(stream::iter(steps.into_iter().map(Ok)))
        };
        stream::once(all).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        async move {
            let mut connection = self.acquire().await?;
            let row = in_time(connection.fetch_optional(query)).await;
            or_discard(row, &mut connection)
        }
        .boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'p: 'e,
    {
        async move {
            let mut connection = self.acquire().await?;
            let statement = in_time(connection.prepare_with(sql, parameters)).await;
            or_discard(statement, &mut connection)
        }
        .boxed()
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'p: 'e,
    {
        async move {
            let mut connection = self.acquire().await?;
            let description = in_time(connection.describe(sql)).await;
            or_discard(description, &mut connection)
        }
        .boxed()
    }
}

/// See [`Pool::by_index`].
#[derive(Clone, Copy, Debug)]
pub(super) struct ByIndex<'p>(&'p Pool);

/// A connection with a transaction open. Unless that was ended for sure, it is not used again.
struct Opened {
    connection: PoolConnection<Postgres>,
    ended: bool,
}

impl ByIndex<'_> {
    async fn open(self) -> Result<Opened, Error> {
        let mut opened = Opened {
            connection: self.0.acquire().await?,
            ended: false,
        };
        opened.run(BY_INDEX).await?;
        Ok(opened)
    }
}

impl Opened {
    async fn run(&mut self, words: &'static str) -> Result<(), Error> {
        let done = in_time(self.connection.execute(words)).await.flatten();
        done.map(drop)
    }

    /// Commits what was done, or takes it back.
    async fn end<T>(mut self, done: Result<Result<T, Error>, Error>) -> Result<T, Error> {
        let done = match done {
            // The server does not answer, so it would not hear a ROLLBACK either.
            Err(timed_out) => return Err(timed_out),
            Ok(done) => done,
        };
        let words = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = self.run(words).await;
        self.ended = ended.is_ok();
        // Not done until it is committed.
        done.and_then(|answer| ended.map(|()| answer))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // Its transaction may still be open, and the next user would write into it.
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}

impl<'p> Executor<'p> for ByIndex<'p> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let all = async move {
            let mut opened = self.open().await?;
            let answer = opened.connection.fetch_many(query).try_collect::<Vec<_>>();
            let steps = in_time(answer).await;
            let steps = opened.end(steps).await?;
            Ok::<_, Error>(stream::iter(steps.into_iter().map(Ok)))
        };
        stream::once(all).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        async move {
            let mut opened = self.open().await?;
            let row = in_time(opened.connection.fetch_optional(query)).await;
            opened.end(row).await
        }
        .boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'p: 'e,
    {
        // Nothing is planned or run yet, so the settings of a transaction would change nothing.
        self.0.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'p: 'e,
    {
        self.0.describe(sql)
    }
}
