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
//!
//! Behind a pooler in transaction mode (PgBouncer) a session is only ours for one transaction, and the
//! shop's before and after it. So there every statement runs in a transaction, with the same limits for
//! that transaction alone, and without a name that the session would keep. Which of both it is,
//! [`reach`] finds out.

mod reach;
mod single;
mod transaction;

use std::{
    fmt, io,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use sqlx::{
    Describe, Either, Error, Execute, Executor, PgConnection, PgPool, Postgres, SqlStr,
    pool::PoolConnection,
    postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use tokio::{sync::OnceCell, time::timeout};

use super::StoreError;
use crate::metrics::METRICS;
pub(super) use reach::Reach;
pub(super) use single::Single;
use transaction::Wait;
pub(super) use transaction::{Statements, Transaction};

/// Limits on every session: no statement may wait for ever, and none may leave a transaction open.
/// No statement is worth compiling: it takes longer than the longest of them; and no plan is kept.
pub(super) const SESSION: &str = "SET statement_timeout = '30s'; SET lock_timeout = '5s'; \
                                  SET idle_in_transaction_session_timeout = '60s'; SET jit = off; \
                                  SET plan_cache_mode = force_custom_plan";

/// The same limits, for one transaction of a session that others use as well.
macro_rules! begin_limited {
    () => {
        "BEGIN; SET LOCAL statement_timeout = '30s'; SET LOCAL lock_timeout = '5s'; \
         SET LOCAL idle_in_transaction_session_timeout = '60s'; SET LOCAL jit = off; \
         SET LOCAL plan_cache_mode = force_custom_plan"
    };
}

/// Row by row through an index is all that is left, planned for the tables as they are now. The costs of what
/// is switched off would make the server compile every statement, for a second each.
macro_rules! by_index {
    () => {
        "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; \
         SET LOCAL enable_mergejoin = off; SET LOCAL jit = off; \
         SET LOCAL plan_cache_mode = force_custom_plan"
    };
}

/// Of the transaction alone: a session may be somebody else's next.
const READ_ONLY: &str = "SET TRANSACTION READ ONLY";
/// Longer than the server lets any statement run.
const ANSWER: Duration = Duration::from_secs(35);
/// How long connections may take to close.
const CLOSE: Duration = Duration::from_secs(5);

/// How the statements of a transaction find their rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plans {
    /// As the server thinks best.
    Any,
    /// By the indexes.
    ByIndex,
}

impl Plans {
    /// The words that begin a transaction.
    const fn begin(self, reach: Reach) -> &'static str {
        match (self, reach) {
            (Self::Any, Reach::Direct) => "BEGIN",
            (Self::Any, Reach::Pooler) => begin_limited!(),
            (Self::ByIndex, Reach::Direct) => concat!("BEGIN; ", by_index!()),
            (Self::ByIndex, Reach::Pooler) => concat!(begin_limited!(), "; ", by_index!()),
        }
    }
}

/// A pool whose answers come in time or not at all.
#[derive(Clone)]
pub(super) struct Pool {
    inner: PgPool,
    /// Found out with the first question, where it is not configured.
    reach: Arc<OnceCell<Reach>>,
    /// Whether the server is to refuse every statement that writes.
    reads_only: bool,
}

impl Pool {
    /// `reach` is shared with what is done to each new connection of the pool.
    pub(super) const fn new(pool: PgPool, reach: Arc<OnceCell<Reach>>) -> Self {
        Self {
            inner: pool,
            reach,
            reads_only: false,
        }
    }

    /// The same pool, of which every statement runs in a transaction that may not write.
    pub(super) fn reading_only(mut self) -> Self {
        self.reads_only = true;
        self
    }

    /// The pool itself, without deadlines.
    pub(super) const fn inner(&self) -> &PgPool {
        &self.inner
    }

    /// How the server is reached.
    pub(super) async fn reach(&self) -> Result<Reach, Error> {
        let found = self.reach.get_or_try_init(|| async {
            let options = self.inner.connect_options();
            let patience = self.inner.options().get_acquire_timeout();
            timeout(patience, Box::pin(reach::find(&options)))
                .await
                .map_err(|_| Error::PoolTimedOut)?
        });
        found.await.copied()
    }

    /// A connection; what is asked over it has to come [`in_time`].
    async fn acquire(&self) -> Result<PoolConnection<Postgres>, Error> {
        // Measured, since a pool that is too small shows here and nowhere else.
        let asked = Instant::now();
        let connection = self.inner.acquire().await;
        METRICS
            .connection_wait
            .observe(asked.elapsed().as_secs_f64());
        connection
    }

    /// A connection that is none of the pool's, with the server's own limits: for what takes long.
    pub(super) async fn own_connection(&self) -> Result<PgConnection, Error> {
        self.reach().await?;
        let options = self.inner.connect_options();
        sqlx::ConnectOptions::connect(options.as_ref()).await
    }

    /// Runs single statements by way of the indexes, each in a transaction of its own.
    pub(super) const fn by_index(&self) -> Single<'_> {
        Single::new(self, Plans::ByIndex)
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'static>, Error> {
        let reach = self.reach().await?;
        self.open(Plans::Any.begin(reach), Wait::InTime).await
    }

    /// A transaction whose statements go by the indexes.
    pub(super) async fn begin_by_index(&self) -> Result<Transaction<'static>, Error> {
        let reach = self.reach().await?;
        self.open(Plans::ByIndex.begin(reach), Wait::InTime).await
    }

    /// A transaction for what takes long, that `words` start: `BEGIN`, and the limits for it alone.
    pub(super) async fn begin_long(
        &self,
        words: &'static str,
    ) -> Result<Transaction<'static>, Error> {
        self.open(words, Wait::ForEver).await
    }

    async fn open(&self, words: &'static str, wait: Wait) -> Result<Transaction<'static>, Error> {
        let reach = self.reach().await?;
        let pool = self.inner.clone();
        // By a task of its own: were it dropped between `BEGIN` and its answer, sqlx would give the connection
        // to the next one with the transaction open, and what that one writes would never be committed.
        let started = tokio::spawn(async move { pool.begin_with(words).await });
        let inner = in_time(started)
            .await?
            .map_err(|_| Error::WorkerCrashed)??;

        let mut transaction = Transaction::new(inner, reach, wait);
        if self.reads_only {
            (&mut transaction).execute(READ_ONLY).await?;
        }
        Ok(transaction)
    }

    /// Closes all connections; one that does not answer is not waited for.
    pub(super) async fn close(&self) {
        if timeout(CLOSE, self.inner.close()).await.is_err() {
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
        Single::new(self, Plans::Any).fetch_many(query)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Single::new(self, Plans::Any).fetch_optional(query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'p: 'e,
    {
        Single::new(self, Plans::Any).prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'p: 'e,
    {
        Single::new(self, Plans::Any).describe(sql)
    }
}
