//! What no design can pass: a client that only asks the panel, and a server that only updates one row at a time.

use std::{
    io::Write,
    path::Path,
    process::id,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use anyhow::{Context, ensure};
use reqwest::Client;
use tokio::{process::Command, task::JoinSet};

use crate::{
    Load,
    drain::{describe, middle, server},
    panel::{self, Answers, Panel},
    processes,
    shop::{self, Database, Integration},
};

/// One order by its primary key, as `shop.rs` names them.
const UPDATE: &str = r#"\set n random(0, :orders - 1)
UPDATE product_orders SET attempts = attempts + 1, "lastSyncAt" = now()
WHERE id = md5('order ' || :n)::uuid;
"#;

pub(crate) async fn measure(load: &Load, pgbench: &Path) -> anyhow::Result<()> {
    describe(&server()?).await?;
    println!();
    for answers in Answers::ALL {
        for &concurrency in &load.concurrency {
            bare(load, answers, concurrency).await?;
        }
    }
    updates(load, pgbench).await
}

async fn bare(load: &Load, answers: Answers, concurrency: usize) -> anyhow::Result<()> {
    let panel = Panel::start(&load.panel, answers).await?;
    let account = Arc::new(Integration {
        base_url: panel.url.clone(),
        kod: "bayi".to_owned(),
        sifre: "gizli".to_owned(),
    });
    let client = panel::client()?;
    // Connections are opened before.
    ask(
        &client,
        &account,
        u32::try_from(4 * concurrency)?,
        concurrency,
    )
    .await?;

    let name = format!("bare client, {}, {concurrency} at once", answers.word());
    let (mut rates, mut costs) = (Vec::new(), Vec::new());
    for _ in 0..load.rounds {
        let (used, began) = (processes::cpu(&[id()]), Instant::now());
        ask(&client, &account, load.orders, concurrency).await?;
        rates.push(f64::from(load.orders) / began.elapsed().as_secs_f64());
        costs.push(1000.0 * (processes::cpu(&[id()]) - used) / f64::from(load.orders));
    }
    println!(
        "  median of {} rounds: {name}: {:.0} checks/s, {:.2} ms CPU per check",
        load.rounds,
        middle(rates),
        middle(costs)
    );
    Ok(())
}

async fn ask(
    client: &Client,
    account: &Arc<Integration>,
    questions: u32,
    concurrency: usize,
) -> anyhow::Result<()> {
    let next = Arc::new(AtomicU32::new(0));
    let mut askers = JoinSet::new();
    for _ in 0..concurrency {
        let (client, account, next) = (client.clone(), Arc::clone(account), Arc::clone(&next));
        askers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= questions {
                    return anyhow::Ok(());
                }
                let reference = 3_000_000_000_000_000 + u64::from(number);
                panel::ask(&client, &account, &reference.to_string()).await?;
            }
        });
    }
    while let Some(asker) = askers.join_next().await {
        asker??;
    }
    Ok(())
}

/// One UPDATE by primary key in each transaction, over as many connections as the queues have.
async fn updates(load: &Load, pgbench: &Path) -> anyhow::Result<()> {
    let database = Database::create(&server()?).await?;
    let pool = database.pool(1, "peer bench")?;
    shop::put(&pool, "http://nowhere", 0, load.orders).await?;
    shop::settle(&pool).await;
    pool.close().await;
    let mut rates = Vec::new();
    for _ in 0..load.rounds {
        rates.push(pgbench_once(load, pgbench, &database).await?);
    }
    database.drop().await?;
    println!(
        "  median of {} rounds: pgbench, {} connections: {:.0} updates/s",
        load.rounds,
        load.connections,
        middle(rates)
    );
    Ok(())
}

async fn pgbench_once(load: &Load, pgbench: &Path, database: &Database) -> anyhow::Result<f64> {
    let mut script = tempfile::NamedTempFile::new()?;
    script.write_all(UPDATE.as_bytes())?;
    let each = load.orders.div_ceil(load.connections);
    let run = Command::new(pgbench)
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .arg(format!("--client={}", load.connections))
        .arg(format!("--transactions={each}"))
        .arg(format!("--define=orders={}", load.orders))
        .arg("--file")
        .arg(script.path())
        .arg(database.url())
        .output()
        .await
        .with_context(|| format!("{} could not be started", pgbench.display()))?;
    let output = String::from_utf8_lossy(&run.stdout);
    let said = String::from_utf8_lossy(&run.stderr);
    ensure!(run.status.success(), "pgbench: {said}");
    let rate = output.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|line| line.split_whitespace().next());
    Ok(rate
        .with_context(|| format!("pgbench told no rate: {output}"))?
        .parse()?)
}
