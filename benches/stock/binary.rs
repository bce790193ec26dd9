//! The pass of the release binary, for its memory.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use orderwatch::sandbox::trendyol::{Endpoint, Limits, Product, StorePlan, TrendyolStore};
use tokio::process::Command;

use crate::{
    support::{database::Database, process, targets::Targets},
    warehouse::{Size, change, fill},
};

/// The target, in MiB.
const TARGET: f64 = 100.0;

/// Measures and prints one pass.
pub(crate) async fn measure(targets: &mut Targets, size: Size) -> anyhow::Result<()> {
    println!("\nbinary: `once push-stock` against the practice store");
    Database::with(async |database| {
        fill(database, size).await?;
        change(database, 1).await?;
        database.settle().await?;
        let before = database.commits().await?;
        let mut plan = StorePlan::new(1);
        plan.limits = Limits::none();
        plan.keeps_requests = false;
        plan.products = (0..size.products)
            .map(|n| Product::sample(n, size.on_sale(n)))
            .collect();
        let seller = plan.seller_id.to_string();
        let (key, secret) = (plan.api_key.clone(), plan.api_secret.clone());
        let store = TrendyolStore::start(plan).await?;
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_orderwatch"))
            .args(["once", "push-stock"])
            .env_clear()
            .env("DATABASE_URL", database.url())
            .env("ORDERWATCH__TRENDYOL__ENABLED", "true")
            .env("ORDERWATCH__TRENDYOL__SELLER_ID", seller)
            .env("ORDERWATCH__TRENDYOL__API_KEY", key)
            .env("ORDERWATCH__TRENDYOL__API_SECRET", secret)
            .env("ORDERWATCH__TRENDYOL__BASE_URL", store.base_url())
            .env("ORDERWATCH__TRENDYOL__ORDERS__PAGE_INTERVAL", "0s")
            .env("ORDERWATCH__TRENDYOL__STOCK__LOOK_AGAIN_AFTER", "0s")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().context("it has ended")?;
        let (mut most, mut cpu) = (0.0, Duration::ZERO);
        let status = loop {
            tokio::select! {
                status = child.wait() => break status?,
                () = tokio::time::sleep(Duration::from_millis(10)) => {
                    // It may be gone by now.
                    most = process::memory(pid, "VmHWM").unwrap_or(most);
                    cpu = process::cpu(pid).unwrap_or(cpu);
                }
            }
        };
        let took = began.elapsed();
        ensure!(status.success(), "the pass failed ({status})");
        ensure!(most > 0.0, "its memory was not read");
        println!(
            "  {:.2} s of processor time, {:.1} s in all",
            cpu.as_secs_f64(),
            took.as_secs_f64()
        );
        targets.at_most("stock pass: memory at its peak", most, TARGET, "MiB");
        let ledger = store.ledger();
        println!(
            "  {} pushes, {} read-backs, {} results; {} transactions",
            ledger.count(Endpoint::PushStock),
            ledger.count(Endpoint::ReadBack),
            ledger.count(Endpoint::BatchResult),
            database.commits().await? - before
        );
        store.stop().await?;
        Ok(())
    })
    .await
}
