//! Single statements: as they are, or each in a transaction of its own.
//!
//! What must stay true: a connection whose statement did not answer in time, or whose transaction was not
//! ended for sure, is never used again. The answer may come later and would be taken for that of the next
//! statement, and the next user would write into the open transaction.

use futures::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture, stream, stream::BoxStream};
use sqlx::{
    Describe, Either, Error, Execute, Executor, Postgres, SqlStr,
    pool::PoolConnection,
    postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};

use super::{Plans, Pool, READ_ONLY, Reach, Statements, in_time};

/// Runs single statements.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Single<'p> {
    pool: &'p Pool,
    plans: Plans,
}

/// A connection with a statement under way.
struct Opened {
    connection: PoolConnection<Postgres>,
    reach: Reach,
    /// Whether the statement has a transaction around it.
    open: bool,
    /// Whether that was ended for sure.
    ended: bool,
}

impl<'p> Single<'p> {
    pub(super) const fn new(pool: &'p Pool, plans: Plans) -> Self {
        Self { pool, plans }
    }

    async fn open(self) -> Result<Opened, Error> {
        let reach = self.pool.reach().await?;
        let reads_only = self.pool.reads_only;
        let open = self.plans == Plans::ByIndex || reach == Reach::Pooler || reads_only;
        let mut opened = Opened {
            connection: self.pool.acquire().await?,
            reach,
            open,
            ended: false,
        };

        if open {
            opened.run(self.plans.begin(reach)).await?;
        }
        if reads_only {
            opened.run(READ_ONLY).await?;
        }

        Ok(opened)
    }
}

impl Opened {
    fn statements(&mut self) -> Statements<'_> {
        Statements::new(&mut self.connection, self.reach)
    }

    async fn run(&mut self, words: &'static str) -> Result<(), Error> {
        let done = in_time(self.connection.execute(words)).await.flatten();
        done.map(drop)
    }

    /// Commits what was done, or takes it back.
    async fn end<T>(mut self, done: Result<Result<T, Error>, Error>) -> Result<T, Error> {
        let done = match done {
            Err(timed_out) => {
                // The server does not answer, so it would not hear a ROLLBACK either.
                self.connection.close_on_drop();
                return Err(timed_out);
            }
            Ok(done) => done,
        };
        if !self.open {
            return done;
        }

        let words = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = self.run(words).await;
        self.ended = ended.is_ok();

        // Not done until it is committed.
        done.and_then(|answer| ended.map(|()| answer))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // Its transaction may still be open. Without one, sqlx reads what is left of the answer before the next statement.
        if self.open && !self.ended {
            self.connection.close_on_drop();
        }
    }
}

impl<'p> Executor<'p> for Single<'p> {
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
            // Read to the end under one deadline: a stream could stall between two rows.
            let answer = opened.statements().fetch_many(query);
            let steps = in_time(answer.try_collect::<Vec<_>>()).await;
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
            let row = in_time(opened.statements().fetch_optional(query)).await;
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
        async move {
            let mut opened = self.open().await?;
            let statement = in_time(opened.statements().prepare_with(sql, parameters)).await;
            opened.end(statement).await
        }
        .boxed()
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'p: 'e,
    {
        async move {
            let mut opened = self.open().await?;
            let description = in_time(opened.statements().describe(sql)).await;
            opened.end(description).await
        }
        .boxed()
    }
}
