//! Orders that are all due at once, checked by the workers of a job queue: the counterpart of
//! `cargo bench --bench drain`.
//!
//! Orders are put into the shop's table and one job for each into the queue, whose workers rest. From the moment when
//! they are told to work until the panel was asked about each order and each row and each job is written, time and
//! processor time are measured. A drain that did not check every order exactly once is an error.

use std::{
    env,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use sqlx::PgPool;
use tokio::time::sleep;

use crate::{
    Load,
    panel::{Answers, Panel},
    processes,
    queue::Queue,
    shop::{self, Database, WORKER},
    worker::{self, Workers},
};

/// Orders that are checked before anything is measured, so that connections are open.
const WARM_UP: u32 = 200;
const PATIENCE: Duration = Duration::from_mins(5);

/// One number of jobs at once in one queue, at one panel.
struct Series<'a> {
    load: &'a Load,
    answers: Answers,
    worker: worker::Options,
    database: &'a Database,
    pool: PgPool,
}

/// One drain; processor time in ms for each check.
#[derive(Clone, Copy)]
struct Drained {
    rate: f64,
    workers: f64,
    postgres: f64,
    panel: f64,
    memory: f64,
}

pub(crate) async fn measure(load: &Load, queues: &[Queue]) -> anyhow::Result<()> {
    describe(&server()?).await?;
    for &queue in queues {
        for answers in Answers::ALL {
            for &concurrency in &load.concurrency {
                let worker = worker::Options {
                    queue,
                    concurrency,
                    connections: load.connections,
                };
                series(load, answers, worker).await?;
            }
        }
    }
    Ok(())
}

pub(crate) fn server() -> anyhow::Result<String> {
    env::var("DATABASE_URL").context("DATABASE_URL names no server")
}

/// The first line of the output: what it was measured on.
pub(crate) async fn describe(server: &str) -> anyhow::Result<()> {
    let pool = shop::pool(server, 1, "peer bench")?;
    let sql =
        "SELECT split_part(current_setting('server_version'), ' ', 1), current_setting('fsync')";
    let (version, fsync): (String, String) = sqlx::query_as(sql).fetch_one(&pool).await?;
    let (cores, load) = processes::machine();
    println!("Postgres {version}, fsync {fsync}; {cores} cores, load {load}");
    Ok(())
}

async fn series(load: &Load, answers: Answers, worker: worker::Options) -> anyhow::Result<()> {
    let word = worker.queue.word();
    let name = format!("{word}, {}, {} at once", answers.word(), worker.concurrency);
    println!(
        "\n{name}: {} checks ({})",
        load.orders,
        worker.queue.settings()
    );
    let mut rounds = Vec::new();
    for _ in 0..load.rounds {
        let database = Database::create(&server()?).await?;
        let series = Series {
            load,
            answers,
            worker,
            pool: database.pool(5, "peer bench")?,
            database: &database,
        };
        let drained = series.drain().await;
        series.pool.close().await;
        database.drop().await?;

        let drained = drained?;
        println!("  {}", drained.line());
        rounds.push(drained);
    }
    println!(
        "  median of {} rounds: {name}: {}",
        load.rounds,
        median(&rounds).line()
    );
    Ok(())
}

impl Series<'_> {
    async fn drain(&self) -> anyhow::Result<Drained> {
        let orders = self.load.orders;
        let mut panel = Panel::start(&self.load.panel, self.answers).await?;
        self.worker.queue.set_up(&self.pool).await?;
        let mut workers = Workers::start(&self.database.url(), self.worker)?;

        self.put(&panel, 0, WARM_UP).await?;
        workers.work().await?;
        self.wait(&mut workers, &mut panel, WARM_UP).await?;
        workers.rest().await?;

        self.put(&panel, WARM_UP, orders).await?;
        shop::settle(&self.pool).await;
        let (before, began) = (self.used(&workers, &panel).await?, Instant::now());
        workers.work().await?;
        self.wait(&mut workers, &mut panel, WARM_UP + orders)
            .await?;
        let (took, after) = (began.elapsed(), self.used(&workers, &panel).await?);

        self.verify(&mut panel).await?;
        let each = |who: usize| 1000.0 * (after[who] - before[who]) / f64::from(orders);
        Ok(Drained {
            rate: f64::from(orders) / took.as_secs_f64(),
            workers: each(0),
            postgres: each(1),
            panel: each(2),
            memory: processes::memory(workers.pid()?)?,
        })
    }

    async fn put(&self, panel: &Panel, first: u32, orders: u32) -> anyhow::Result<()> {
        let put = shop::put(&self.pool, &panel.url, first, orders).await?;
        self.worker.queue.fill(&self.pool, &put).await
    }

    /// Until the panel was asked so often, and nothing is left to write.
    async fn wait(
        &self,
        workers: &mut Workers,
        panel: &mut Panel,
        asked: u32,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while panel.questions().await? < u64::from(asked) || self.is_unwritten().await? {
            workers.ensure_running()?;
            ensure!(Instant::now() < deadline, "the orders are not drained");
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    async fn is_unwritten(&self) -> anyhow::Result<bool> {
        let (due, _) = self.worker.queue.jobs(&self.pool).await?;
        Ok(due > 0)
    }

    /// Seconds of processor time: of the workers, of the server's processes for them, of the panel.
    async fn used(&self, workers: &Workers, panel: &Panel) -> anyhow::Result<[f64; 3]> {
        let sql = "SELECT pid FROM pg_stat_activity WHERE application_name = $1";
        let backends: Vec<i32> = sqlx::query_scalar(sql)
            .bind(WORKER)
            .fetch_all(&self.pool)
            .await?;
        let backends: Result<Vec<u32>, _> = backends.into_iter().map(u32::try_from).collect();
        Ok([
            processes::cpu(&[workers.pid()?]),
            processes::cpu(&backends?),
            processes::cpu(&[panel.pid()?]),
        ])
    }

    async fn verify(&self, panel: &mut Panel) -> anyhow::Result<()> {
        let orders = i64::from(WARM_UP + self.load.orders);
        let written = shop::checked_once(&self.pool, self.answers).await?;
        let questions = panel.questions().await?;
        let later = if self.answers == Answers::Waiting {
            orders
        } else {
            0
        };
        let jobs = self.worker.queue.jobs(&self.pool).await?;
        ensure!(
            written == orders && i64::try_from(questions)? == orders && jobs == (0, later),
            "of {orders} orders {written} are written, with {questions} questions; {} jobs are left and {} for later",
            jobs.0,
            jobs.1
        );
        Ok(())
    }
}

impl Drained {
    fn line(&self) -> String {
        // What a machine that does other things as well cannot hide: no design is faster than its cores.
        let (cores, _) = processes::machine();
        let ceiling = 1000.0 * cores as f64 / (self.workers + self.postgres + self.panel);
        format!(
            "{:.0} checks/s, {:.2} ms CPU per check (Postgres {:.2}, panel {:.2}), \
             at most {ceiling:.0} checks/s with all cores, {:.1} MiB per process",
            self.rate, self.workers, self.postgres, self.panel, self.memory
        )
    }
}

fn median(rounds: &[Drained]) -> Drained {
    let of = |figure: fn(&Drained) -> f64| middle(rounds.iter().map(figure).collect());
    Drained {
        rate: of(|drained| drained.rate),
        workers: of(|drained| drained.workers),
        postgres: of(|drained| drained.postgres),
        panel: of(|drained| drained.panel),
        memory: of(|drained| drained.memory),
    }
}

/// The middle one.
pub(crate) fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
