//! Orders that are all due at once, checked by the daemon.

use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::{
    CELERY_PER_SECOND,
    bare::{self, Bare},
    support::{
        daemon::{Daemon, Log, UNLIMITED},
        database::{Database, Shop, Watched},
        figures::{median, micros_each, real},
        panel::{Answers, Panels},
        process::{cpu, machine_cpu, memory},
        targets::Targets,
    },
};

/// How many times as fast as Celery it is to be.
const CELERY_TIMES: f64 = 60.0;
/// Orders that are checked before anything is measured, so that connections are open.
const WARM_UP: u64 = 2000;
/// From the first due time to the last: only so that they are not all the same.
const SPREAD: Duration = Duration::from_millis(5);

/// One drain.
#[derive(Clone, Copy, Debug)]
struct Drained {
    orders: u64,
    took: Duration,
    daemon: Duration,
    server: Option<Duration>,
    panel: Duration,
    machine: Duration,
    commits: u64,
    peak_mib: f64,
    log_lines: u64,
}

/// Drains in turns with the bare client, and prints each round and the middle of all.
pub(crate) async fn rounds(
    targets: &mut Targets,
    panels: &mut Panels,
    orders: u64,
    rounds: u32,
) -> anyhow::Result<()> {
    for answers in [Answers::Waiting, Answers::Done] {
        println!("\ndrain: {orders} checks that the panel answers with {answers:?}");
        let (mut rates, mut costs, mut shares) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let bare = bare::ask(panels.address(answers), orders).await?;
            let drained =
                Database::with(async |db| drain(panels, db, answers, orders, 0).await).await?;
            drained.print();
            print_bare(bare, orders, &drained);
            rates.push(drained.rate());
            costs.push(micros_each(drained.daemon, orders));
            shares.push(drained.rate() / rate(orders, bare.took));
        }
        println!("  median of {rounds} rounds:");
        let name = match answers {
            Answers::Done => "drain, done",
            _ => "drain, waiting",
        };
        targets.at_least(
            &format!("{name}: rate"),
            median(&mut rates),
            CELERY_TIMES * CELERY_PER_SECOND,
            "checks/s",
        );
        targets.at_most(
            &format!("{name}: the daemon's processor time per check"),
            median(&mut costs),
            40.0,
            "us",
        );
        targets.at_least(
            &format!("{name}: share of the bare client's rate"),
            100.0 * median(&mut shares),
            35.0,
            "%",
        );
    }
    Ok(())
}

/// Drains once while so many other orders are waiting, and shows the memory.
pub(crate) async fn with_others(
    targets: &mut Targets,
    panels: &mut Panels,
    orders: u64,
    others: u64,
) -> anyhow::Result<()> {
    println!("\nmillion: {orders} checks while {others} other orders are waiting");
    let drained =
        Database::with(async |db| drain(panels, db, Answers::Waiting, orders, others).await)
            .await?;
    drained.print();
    targets.at_most("million: memory at its peak", drained.peak_mib, 64.0, "MiB");
    Ok(())
}

async fn drain(
    panels: &mut Panels,
    database: &Database,
    answers: Answers,
    orders: u64,
    others: u64,
) -> anyhow::Result<Drained> {
    let shop = database.shop(panels.address(answers)).await?;
    if others > 0 {
        let waiting = Watched {
            orders: others,
            due: Duration::from_hours(2),
            spread: Duration::from_hours(10),
        };
        database.put_watched(shop, waiting).await?;
    }
    let daemon = Daemon::start(database, &UNLIMITED).await?;
    let asked = panels.questions(answers).await?;
    put_and_wait(database, panels, shop, answers, WARM_UP, asked).await?;

    let commits = database.commits().await?;
    let due = put(database, shop, orders).await?;
    tokio::time::sleep_until((early(due)).into()).await;
    let before = Costs::now(&daemon, panels, database).await?;
    let took = wait(database, panels, answers, due, asked + WARM_UP + orders).await?;
    let after = Costs::now(&daemon, panels, database).await?;
    let peak_mib = memory(daemon.pid(), "VmHWM")?;
    let log = daemon.stop().await?;
    check(database, answers, WARM_UP + orders).await?;
    Ok(Drained {
        orders,
        took,
        daemon: after.daemon.saturating_sub(before.daemon),
        server: after
            .server
            .zip(before.server)
            .map(|(a, b)| a.saturating_sub(b)),
        panel: after.panel.saturating_sub(before.panel),
        machine: after.machine.saturating_sub(before.machine),
        commits: database.commits().await? - commits,
        peak_mib,
        log_lines: lines(&log),
    })
}

fn lines(log: &Log) -> u64 {
    log.lines_with("the order is completed")
}

/// Shortly before, when what is used so far can still be read in peace.
fn early(due: Instant) -> Instant {
    due.checked_sub(Duration::from_millis(50)).unwrap_or(due)
}

async fn put(database: &Database, shop: Shop, orders: u64) -> anyhow::Result<Instant> {
    // The daemon hears of them at its next scan, every 5 s; putting them in takes its time, too.
    let due = Duration::from_secs(7) + Duration::from_millis(orders / 5);
    let orders = Watched {
        orders,
        due,
        spread: SPREAD,
    };
    let due = database.put_watched(shop, orders).await?;
    database.settle().await?;
    let early = due.saturating_duration_since(Instant::now());
    ensure!(
        early > Duration::from_secs(5),
        "putting the orders in took too long"
    );
    Ok(due)
}

async fn put_and_wait(
    database: &Database,
    panels: &mut Panels,
    shop: Shop,
    answers: Answers,
    orders: u64,
    asked: u64,
) -> anyhow::Result<()> {
    let due = put(database, shop, orders).await?;
    tokio::time::sleep_until(due.into()).await;
    wait(database, panels, answers, due, asked + orders).await?;
    Ok(())
}

/// Waits until the panel was asked so often and all results are written; returns how long it took
/// since they were due.
async fn wait(
    database: &Database,
    panels: &mut Panels,
    answers: Answers,
    due: Instant,
    asked: u64,
) -> anyhow::Result<Duration> {
    let deadline = due + Duration::from_mins(5);
    while panels.questions(answers).await? < asked {
        ensure!(Instant::now() < deadline, "the orders are not drained");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let mut connection = database.connect().await?;
    let unwritten = "SELECT count(*) FROM orderwatch.orders WHERE lease_token IS NOT NULL";
    while sqlx::query_scalar::<_, i64>(unwritten)
        .fetch_one(&mut connection)
        .await?
        > 0
    {
        ensure!(Instant::now() < deadline, "the results are not written");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(due.elapsed())
}

/// That the daemon has done what its speed is measured by: every order exactly once.
async fn check(database: &Database, answers: Answers, orders: u64) -> anyhow::Result<()> {
    let mut connection = database.connect().await?;
    let (sql, kind) = match answers {
        Answers::Done => (
            r#"SELECT count(*) FROM orderwatch.orders t JOIN public.product_orders o ON o.id = t.order_id
               WHERE t.stage = 'completed' AND t.pin = o."pinCode" AND o.status = 'pending'
                 AND o."externalStatus" = 'done' AND o."notesCount" = 3"#,
            "completed",
        ),
        _ => (
            "SELECT count(*) FROM orderwatch.orders t
             WHERE t.stage = 'submitted' AND t.attempts = 6 AND t.due_at > now()",
            "checked",
        ),
    };
    let done: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await?;
    let events: i64 = sqlx::query_scalar("SELECT count(*) FROM orderwatch.events WHERE kind = $1")
        .bind(kind)
        .fetch_one(&mut connection)
        .await?;
    let orders = i64::try_from(orders)?;
    ensure!(
        done == orders && events == orders,
        "of {orders} orders {done} are {kind}, with {events} events"
    );
    Ok(())
}

/// What everything has used so far.
struct Costs {
    daemon: Duration,
    server: Option<Duration>,
    panel: Duration,
    machine: Duration,
}

impl Costs {
    async fn now(daemon: &Daemon, panels: &Panels, database: &Database) -> anyhow::Result<Self> {
        Ok(Self {
            daemon: daemon.cpu()?,
            server: database.server_cpu().await?,
            panel: cpu(panels.pid()?)?,
            machine: machine_cpu()?,
        })
    }
}

impl Drained {
    fn rate(&self) -> f64 {
        rate(self.orders, self.took)
    }

    fn print(&self) {
        let each = |time| micros_each(time, self.orders);
        let others = self
            .machine
            .saturating_sub(self.daemon + self.panel + self.server.unwrap_or_default());
        println!(
            "  daemon: {:.0}/s ({:.1} x Celery), {:.1} us CPU per check (server {:.1}, panel {:.1}, \
             all else {:.1}), {:.3} transactions per check, peak {:.1} MiB, {} lines of settlements",
            self.rate(),
            self.rate() / CELERY_PER_SECOND,
            each(self.daemon),
            self.server.map_or(f64::NAN, each),
            each(self.panel),
            each(others),
            real(self.commits) / real(self.orders),
            self.peak_mib,
            self.log_lines,
        );
    }
}

fn print_bare(bare: Bare, orders: u64, drained: &Drained) {
    println!(
        "  bare client: {:.0}/s, {:.1} us CPU per request; the daemon reaches {:.0} % of its rate",
        rate(orders, bare.took),
        micros_each(bare.cpu, orders),
        100.0 * drained.rate() / rate(orders, bare.took),
    );
}

fn rate(things: u64, time: Duration) -> f64 {
    real(things) / time.as_secs_f64()
}
