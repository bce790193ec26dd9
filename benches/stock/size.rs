//! Passes over a large catalogue, without the network.

use std::{collections::HashMap, fs, sync::Arc, time::Duration};

use anyhow::ensure;
use orderwatch::{
    clock::ManualClock,
    config::{Config, Sources, TrendyolStock},
    stock::pace::Settle,
    worker::trendyol::{Pull, Reconciler, Seller},
};

use crate::{
    instant::{Instant, NoRest},
    seller::barcode,
    support::{database::Database, process, targets::Targets},
    warehouse::{Size, change, fill},
};

const SIZE: Size = Size {
    products: 100_000,
    packages: 10_000,
};
/// The targets: seconds of processor time, and MiB more than before the pass.
const CPU: f64 = 2.0;
const MEMORY: f64 = 64.0;
/// From one pass to the next.
const BETWEEN: Duration = Duration::from_mins(20);

/// Measures and prints full passes: one that looks at everything for the first time, one that finds nothing
/// to do, and one that sends one product in a hundred.
pub(crate) async fn measure(targets: &mut Targets) -> anyhow::Result<()> {
    let Size { products, packages } = SIZE;
    println!("\nsize: {products} products, {packages} open packages; without the network");
    Database::with(async |database| {
        fill(database, SIZE).await?;
        database.settle().await?;
        let store = database.store(4)?;
        let clock = Arc::new(ManualClock::new(store.now().await?.0));
        let seller = Seller {
            store: store.clone(),
            market: Arc::new(Instant::new(on_sale())),
            clock: Arc::clone(&clock) as _,
            rest: Arc::new(NoRest(Arc::clone(&clock))),
        };
        let pull = Arc::new(Pull::new(seller, Duration::from_mins(15)));
        let reconciler = Reconciler::new(pull, rules()?, false);
        one(&reconciler, targets, ("first", 0)).await?;
        clock.advance(BETWEEN);
        one(&reconciler, targets, ("nothing changed", 0)).await?;
        clock.advance(BETWEEN);
        change(database).await?;
        one(
            &reconciler,
            targets,
            ("one in a hundred changed", products / 100),
        )
        .await?;
        store.close().await;
        println!("  {} transactions in all", database.commits().await?);
        Ok(())
    })
    .await
}

async fn one(
    reconciler: &Reconciler,
    targets: &mut Targets,
    (name, sends): (&str, u32),
) -> anyhow::Result<()> {
    let pid = std::process::id();
    // The peak is counted from now on.
    fs::write("/proc/self/clear_refs", "5")?;
    let resident = process::memory(pid, "VmHWM")?;
    let (cpu, began) = (process::cpu(pid)?, std::time::Instant::now());
    let pushed = reconciler.pass(true).await?;
    let took = began.elapsed();
    let cpu = process::cpu(pid)?.saturating_sub(cpu);
    let grown = process::memory(pid, "VmHWM")? - resident;

    ensure!(
        pushed.items == usize::try_from(sends)?,
        "{} items were sent, not {sends}",
        pushed.items
    );
    println!(
        "  {name}: {:.1} s, {} looked at, {} items in {} requests",
        took.as_secs_f64(),
        pushed.checks,
        pushed.items,
        pushed.batches
    );
    let of = |what: &str| format!("size: {name}, {what}");
    targets.at_most(&of("processor time"), cpu.as_secs_f64(), CPU, "s");
    targets.at_most(&of("memory at its peak"), grown, MEMORY, "MiB");
    Ok(())
}

fn on_sale() -> HashMap<String, i32> {
    let of = |n| (barcode(n), i32::try_from(SIZE.on_sale(n)).unwrap_or(0));
    (0..SIZE.products).map(of).collect()
}

/// Those of the shipped settings, but for what would make the figures hard to foretell: nothing is kept
/// back, and deficits are raised whole.
fn rules() -> anyhow::Result<TrendyolStock> {
    let database = ("DATABASE_URL", "postgres://localhost/not-used");
    let shipped = Config::load(&Sources::new(None, [database], []))?;
    Ok(TrendyolStock {
        safety_stock: 0,
        settle: Settle::Fixed(Duration::ZERO),
        ..shipped.config.trendyol.stock
    })
}
