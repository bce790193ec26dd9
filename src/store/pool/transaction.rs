//! Transactions, and statements over a connection at hand.
//!
//! sqlx gives each statement a name, under which the session keeps it. Behind a pooler the session is handed on
//! with it, and the next connection's statement of that name is refused or, worse, is another one. There a
//! statement has no name: it lasts until the next one, which the transaction around both makes ours.

use futures::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture, stream, stream::BoxStream};
use sqlx::{
    Connection, Database, Describe, Either, Error, Execute, Executor, PgConnection, Postgres,
    SqlStr,
    error::BoxDynError,
    postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};

use super::{Reach, in_time};

/// A transaction, each of whose answers comes in time or not at all; rolled back when it is dropped.
#[derive(Debug)]
pub(in crate::store) struct Transaction<'c> {
    inner: sqlx::Transaction<'c, Postgres>,
    reach: Reach,
    wait: Wait,
}

/// How long an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Longer than the server lets a statement run.
    InTime,
    /// As long as it takes: the server's limits are off.
    ForEver,
}

impl Wait {
    async fn of<T>(self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        match self {
            Self::InTime => in_time(answer).await.flatten(),
            Self::ForEver => answer.await,
        }
    }
}

impl<'c> Transaction<'c> {
    pub(super) const fn new(
        inner: sqlx::Transaction<'c, Postgres>,
        reach: Reach,
        wait: Wait,
    ) -> Self {
        Self { inner, reach, wait }
    }

    /// A part that can be taken back alone (`SAVEPOINT`).
    pub(in crate::store) async fn begin(&mut self) -> Result<Transaction<'_>, Error> {
        let inner = self.inner.begin().await?;
        Ok(Transaction::new(inner, self.reach, self.wait))
    }

    pub(in crate::store) async fn commit(self) -> Result<(), Error> {
        self.wait.of(self.inner.commit()).await
    }

    pub(in crate::store) async fn rollback(self) -> Result<(), Error> {
        self.wait.of(self.inner.rollback()).await
    }

    fn statements(&mut self) -> Statements<'_> {
        Statements::new(&mut self.inner, self.reach)
    }
}

/// Statements over one connection, named or not.
#[derive(Debug)]
pub(in crate::store) struct Statements<'c> {
    connection: &'c mut PgConnection,
    reach: Reach,
}

impl<'c> Statements<'c> {
    pub(in crate::store) const fn new(connection: &'c mut PgConnection, reach: Reach) -> Self {
        Self { connection, reach }
    }

    const fn of<E>(&self, query: E) -> Prepared<E> {
        Prepared {
            query,
            named: matches!(self.reach, Reach::Direct),
        }
    }
}

/// A statement that is kept by its session, or not.
struct Prepared<E> {
    query: E,
    named: bool,
}

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for Prepared<E> {
    fn sql(self) -> SqlStr {
        self.query.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.query.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<<Postgres as Database>::Arguments>, BoxDynError> {
        self.query.take_arguments()
    }

    fn persistent(&self) -> bool {
        self.named && self.query.persistent()
    }
}

impl<'c> Executor<'c> for Statements<'c> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let query = self.of(query);
        self.connection.fetch_many(query)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let query = self.of(query);
        self.connection.fetch_optional(query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        self.connection.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        self.connection.describe(sql)
    }
}

impl<'t> Executor<'t> for &'t mut Transaction<'_> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        't: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let wait = self.wait;
        let steps = self.statements().fetch_many(query);
        // Read to the end under one deadline, as single statements are.
        let all = async move {
            let steps = wait.of(steps.try_collect::<Vec<_>>()).await?;
            Ok::<_, Error>(stream::iter(steps.into_iter().map(Ok)))
        };
        stream::once(all).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        't: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let wait = self.wait;
        let row = self.statements().fetch_optional(query);
        wait.of(row).boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        't: 'e,
    {
        self.statements().prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        't: 'e,
    {
        self.statements().describe(sql)
    }
}
