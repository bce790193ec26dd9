//! What a daemon holds at a moment: memory, tasks, files, connections, and what its tables weigh.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use reqwest::Url;
use sandbox::http::Call;
use sqlx::{PgConnection, Row};

use crate::{
    support::{
        daemon::Daemon, database::Database, figures::count, process::memory, targets::Targets,
    },
    trend::rise,
};

/// The longest that the last orders may take to end.
const PATIENCE: Duration = Duration::from_mins(3);

/// Of all tables; the server counts what it has heard of.
const TABLES: &str = "
    SELECT coalesce(sum(n_dead_tup), 0)::float8 AS dead, greatest(sum(n_live_tup), 1)::float8 AS live,
           sum(pg_total_relation_size(relid))::float8 AS bytes
    FROM pg_stat_user_tables";
const CONNECTIONS: &str = "SELECT count(*)::float8 FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'orderwatch'";
const OPEN: &str = "SELECT count(*) FROM public.product_orders o
    LEFT JOIN orderwatch.orders t ON t.order_id = o.id WHERE t.stage IS DISTINCT FROM 'completed'";

/// One column: its name, what one line rises at most where it is flat, and its unit.
const COLUMNS: [(&str, f64, &str); 9] = [
    // Of its own. Resident are also pages of the program that were ever needed, which the system takes back.
    ("memory", 1.5, "MiB"),
    ("of the program", 4.0, "MiB"),
    ("tasks", 5.0, ""),
    ("threads", 1.0, ""),
    ("files", 4.0, ""),
    ("connections", 4.0, ""),
    ("dead rows each live one", 0.1, ""),
    ("bytes each live row", 60.0, "B"),
    ("open orders", 15.0, ""),
];

pub(crate) struct Sampler {
    pid: u32,
    page: Url,
    connection: PgConnection,
    began: Instant,
    samples: Vec<(f64, [f64; COLUMNS.len()])>,
}

impl Sampler {
    pub(crate) async fn new(database: &Database, daemon: &Daemon) -> anyhow::Result<Self> {
        Ok(Self {
            pid: daemon.pid(),
            page: format!("http://{}", daemon.address()?).parse()?,
            connection: database.connect().await?,
            began: Instant::now(),
            samples: Vec::new(),
        })
    }

    /// Samples and prints without end.
    pub(crate) async fn run(&mut self, every: Duration) -> anyhow::Result<()> {
        let names = COLUMNS.map(|(name, ..)| format!("{name:>24}"));
        println!("{:>8}{}", "seconds", names.concat());
        let mut ticks = tokio::time::interval(every);
        loop {
            ticks.tick().await;
            let (at, sample) = (self.began.elapsed().as_secs_f64(), self.sample().await?);
            let values = sample.map(|value| format!("{value:>24.2}"));
            println!("{at:>8.0}{}", values.concat());
            self.samples.push((at, sample));
        }
    }

    async fn sample(&mut self) -> anyhow::Result<[f64; COLUMNS.len()]> {
        // Somebody looks at the page, too.
        self.get("/").await?;
        let metrics = self.get("/metrics").await?;
        let tasks = metrics
            .lines()
            .find_map(|line| line.strip_prefix("orderwatch_tasks "))
            .context("no orderwatch_tasks")?;
        let connections: f64 = sqlx::query_scalar(CONNECTIONS)
            .fetch_one(&mut self.connection)
            .await?;
        let tables = sqlx::query(TABLES).fetch_one(&mut self.connection).await?;
        let (dead, live): (f64, f64) = (tables.try_get("dead")?, tables.try_get("live")?);
        let bytes: f64 = tables.try_get("bytes")?;
        Ok([
            memory(self.pid, "RssAnon")?,
            memory(self.pid, "RssFile")?,
            tasks.trim().parse()?,
            threads(self.pid)?,
            count(fs::read_dir(format!("/proc/{}/fd", self.pid))?.count()),
            connections,
            dead / live,
            bytes / live,
            count(usize::try_from(self.open().await?)?),
        ])
    }

    async fn get(&self, path: &str) -> anyhow::Result<String> {
        let call = Call {
            method: "GET",
            url: &self.page.join(path)?,
            header: None,
            body: "",
        };
        let answered = call.send().await?;
        ensure!(answered.status == 200, "{path}: {}", answered.status);
        Ok(String::from_utf8(answered.body)?)
    }

    async fn open(&mut self) -> anyhow::Result<i64> {
        let open = sqlx::query_scalar(OPEN);
        Ok(open.fetch_one(&mut self.connection).await?)
    }

    /// Waits for the last orders; returns how many have not ended.
    pub(crate) async fn drained(&mut self) -> anyhow::Result<i64> {
        let began = Instant::now();
        loop {
            let open = self.open().await?;
            if open == 0 || began.elapsed() > PATIENCE {
                return Ok(open);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Holds the second half of the samples against what counts as flat. Returns what is said of it.
    pub(crate) fn judge(&self, targets: &mut Targets) -> anyhow::Result<String> {
        ensure!(self.samples.len() >= 4, "too few samples for a line");
        let half = &self.samples[self.samples.len() / 2..];
        println!("\nrise over the second half:");
        let mut flat = 0;
        for (place, (name, limit, unit)) in COLUMNS.into_iter().enumerate() {
            let points: Vec<(f64, f64)> = half.iter().map(|(at, all)| (*at, all[place])).collect();
            let rises = rise(&points);
            targets.at_most(&format!("soak: {name}"), rises, limit, unit);
            flat += u32::from(rises <= limit);
        }
        let (first, last) = (half[0].1[0], half[half.len() - 1].1[0]);
        Ok(format!(
            "{flat} of {} flat in the second half, memory {first:.1} → {last:.1} MiB",
            COLUMNS.len()
        ))
    }
}

fn threads(pid: u32) -> anyhow::Result<f64> {
    Ok(count(fs::read_dir(format!("/proc/{pid}/task"))?.count()))
}
