//! `apalis-postgres`: jobs are fetched in batches, their ends are written in batches.

use std::{io, process, time::Duration};

use apalis::prelude::*;
use apalis_postgres::{Config, PostgresStorage};
use sqlx::PgPool;
use uuid::Uuid;

use crate::check::{AGAIN_AFTER, CheckOrder, Next, Tools};

pub(super) const SETTINGS: &str =
    "batches of 500, jobs not locked once more when they start, notified, polled each 100 ms";
pub(super) const JOBS: &str = "SELECT count(*) FILTER (WHERE run_at <= now() AND status <> 'Done'),
    count(*) FILTER (WHERE run_at > now()) FROM apalis.jobs";
const POLL: Duration = Duration::from_millis(100);
const BATCH: usize = 500;

type Storage = PostgresStorage<CheckOrder>;

fn storage(pool: &PgPool) -> Storage {
    let config = Config::default()
        .queue("check_order")
        .batch_size(BATCH)
        // A fetched job is out of reach of other workers already.
        .lock_tasks(false);
    Storage::new(pool).with_config(config)
}

pub(super) async fn set_up(pool: &PgPool) -> anyhow::Result<()> {
    Ok(PostgresStorage::<()>::setup(pool).await?)
}

pub(super) async fn fill(pool: &PgPool, orders: &[Uuid]) -> anyhow::Result<()> {
    for orders in orders.chunks(1000) {
        let jobs = orders.iter().map(|&order| CheckOrder { order });
        let mut storage = storage(pool);
        storage.push_bulk(jobs.collect()).await?;
    }
    Ok(())
}

async fn check(job: CheckOrder, tools: Data<Tools>) -> Result<(), BoxDynError> {
    if tools.check(job.order).await? == Next::Again {
        // A failed job would come back at once; a new one says when.
        let later = TaskBuilder::new(job).run_after(AGAIN_AFTER).build();
        storage(&tools.pool).push_task(later).await?;
    }
    Ok(())
}

pub(super) async fn work(
    tools: Tools,
    concurrency: usize,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let backend = storage(&tools.pool)
        .with_pubsub()
        .poll_with_strategy(Strategy::new().interval(POLL));
    let worker = WorkerBuilder::new(format!("{}-{}", process::id(), Uuid::new_v4()))
        .backend(backend)
        .concurrency(concurrency)
        .parallelize(tokio::spawn)
        .data(tools)
        .build(check);
    let stop = async move {
        stop.await;
        io::Result::Ok(())
    };
    Ok(worker.run_until(stop).await?)
}
