//! A job queue: how jobs get into it, how its workers run, and what is left in it.

mod apalis;
mod graphile;

use clap::ValueEnum;
use sqlx::PgPool;
use uuid::Uuid;

use crate::check::Tools;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Queue {
    Graphile,
    Apalis,
}

impl Queue {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Graphile => "graphile",
            Self::Apalis => "apalis",
        }
    }

    /// What it is run with, besides its defaults.
    pub(crate) const fn settings(self) -> &'static str {
        match self {
            Self::Graphile => graphile::SETTINGS,
            Self::Apalis => apalis::SETTINGS,
        }
    }

    /// Makes its tables.
    pub(crate) async fn set_up(self, pool: &PgPool) -> anyhow::Result<()> {
        match self {
            Self::Graphile => graphile::set_up(pool).await,
            Self::Apalis => apalis::set_up(pool).await,
        }
    }

    /// One job for each order, due now.
    pub(crate) async fn fill(self, pool: &PgPool, orders: &[Uuid]) -> anyhow::Result<()> {
        match self {
            Self::Graphile => graphile::fill(pool, orders).await,
            Self::Apalis => apalis::fill(pool, orders).await,
        }
    }

    /// Works until `stop` is done.
    pub(crate) async fn work(
        self,
        tools: Tools,
        concurrency: usize,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        match self {
            Self::Graphile => graphile::work(tools, concurrency, stop).await,
            Self::Apalis => apalis::work(tools, concurrency, stop).await,
        }
    }

    /// Jobs that are due and not done, and jobs for later.
    pub(crate) async fn jobs(self, pool: &PgPool) -> anyhow::Result<(i64, i64)> {
        let sql = match self {
            Self::Graphile => graphile::JOBS,
            Self::Apalis => apalis::JOBS,
        };
        Ok(sqlx::query_as(sql).fetch_one(pool).await?)
    }
}
