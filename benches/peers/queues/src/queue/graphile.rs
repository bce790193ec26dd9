//! `graphile_worker`: jobs are fetched in batches into a local queue, and completed in batches.

use std::time::Duration;

use chrono::Utc;
use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, JobSpecBuilder, LocalQueueConfig, TaskHandler, WorkerContext,
    WorkerContextExt as _, WorkerOptions,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::check::{AGAIN_AFTER, CheckOrder, Next, Tools};

pub(super) const SETTINGS: &str =
    "local queue of 500, completions in batches of 5 ms, notified, polled each 100 ms";
/// Done jobs are deleted.
pub(super) const JOBS: &str = "SELECT count(*) FILTER (WHERE run_at <= now()),
    count(*) FILTER (WHERE run_at > now()) FROM graphile_worker._private_jobs";
const BATCH: Duration = Duration::from_millis(5);
const POLL: Duration = Duration::from_millis(100);
const LOCAL: usize = 500;

impl TaskHandler for CheckOrder {
    const IDENTIFIER: &'static str = "check_order";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        check(self, context)
            .await
            .map_err(|error| format!("{error:#}"))
    }
}

async fn check(job: CheckOrder, context: WorkerContext) -> anyhow::Result<()> {
    let tools: &Tools = context
        .get_ext()
        .ok_or_else(|| anyhow::anyhow!("the worker was started without its tools"))?;
    if tools.check(job.order).await? == Next::Again {
        // A failed job would come back after 3 s; a new one says when.
        let later = JobSpecBuilder::new()
            .run_at(Utc::now() + AGAIN_AFTER)
            .build();
        context.add_job(job, later).await?;
    }
    Ok(())
}

fn options(pool: &PgPool) -> WorkerOptions {
    WorkerOptions::default()
        .pg_pool(pool.clone())
        .define_job::<CheckOrder>()
        .poll_interval(POLL)
        .complete_job_batch_delay(BATCH)
        .local_queue(LocalQueueConfig::default().with_size(LOCAL))
}

pub(super) async fn set_up(pool: &PgPool) -> anyhow::Result<()> {
    options(pool).init().await?;
    Ok(())
}

pub(super) async fn fill(pool: &PgPool, orders: &[Uuid]) -> anyhow::Result<()> {
    let utils = options(pool).init().await?.create_utils();
    let spec = JobSpec::default();
    for orders in orders.chunks(1000) {
        let jobs: Vec<_> = orders
            .iter()
            .map(|&order| (CheckOrder { order }, &spec))
            .collect();
        utils.add_jobs(&jobs).await?;
    }
    Ok(())
}

pub(super) async fn work(
    tools: Tools,
    concurrency: usize,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let worker = options(&tools.pool)
        .concurrency(concurrency)
        .add_extension(tools)
        .shutdown_signal(stop)
        .init()
        .await?;
    Ok(worker.run().await?)
}
