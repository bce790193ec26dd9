//! The pass without the network.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::ensure;
use orderwatch::{
    clock::ManualClock,
    meter::Meter,
    stock::{listing::ShelfRule, second_pusher::OnSecondPusher},
    worker::trendyol::{Pull, PushRules, PushStock, Seller},
};

use crate::{
    instant::{Instant, NoRest},
    support::{
        database::Database,
        figures::{median, millis},
        targets::Targets,
    },
    warehouse::{Size, change, fill},
};

/// The target, without the network.
const TARGET: Duration = Duration::from_secs(2);
/// From one pass to the next.
const BETWEEN: Duration = Duration::from_mins(20);

/// Measures and prints some passes.
pub(crate) async fn measure(targets: &mut Targets, size: Size, rounds: u32) -> anyhow::Result<()> {
    println!(
        "\npass: {} products, {} open packages, {} changed; without the network",
        size.products,
        size.packages,
        size.changed()
    );
    Database::with(async |database| {
        fill(database, size).await?;
        database.settle().await?;
        let mut times = Vec::new();
        let on_sale = (0..size.products).map(|n| {
            let units = i32::try_from(size.on_sale(n)).unwrap_or(0);
            ((8_683_772_000_000 + u64::from(n)).to_string(), units)
        });
        let market = Arc::new(Instant::new(on_sale.collect::<HashMap<_, _>>()));
        let store = database.store(4)?;
        let clock = Arc::new(ManualClock::new(store.now().await?.0));
        let seller = Seller {
            store: store.clone(),
            market,
            clock: Arc::clone(&clock) as _,
            rest: Arc::new(NoRest(Arc::clone(&clock))),
            meter: Meter::new(),
        };
        let pull = Arc::new(Pull::new(seller, Duration::from_mins(15)));
        for round in 1..=rounds {
            change(database, round).await?;
            clock.advance(BETWEEN);
            let push = PushStock::new(Arc::clone(&pull), rules());
            let began = std::time::Instant::now();
            let pushed = push.run().await?;
            let took = began.elapsed();
            ensure!(
                pushed.items == usize::try_from(size.changed())?,
                "{} items were sent",
                pushed.items
            );
            println!(
                "  round {round}: {:.0} ms, {} items in {} requests, {} looked at",
                millis(took),
                pushed.items,
                pushed.batches,
                pushed.read_back
            );
            times.push(millis(took));
        }
        store.close().await;
        println!("  {} transactions in all", database.commits().await?);
        let middle = median(&mut times);
        targets.at_most(
            "stock pass: without the network",
            middle,
            millis(TARGET),
            "ms",
        );
        Ok(())
    })
    .await
}

/// Those of the shipped settings.
fn rules() -> PushRules {
    PushRules {
        batch_size: 1000,
        safety_stock: 0,
        shelves: ShelfRule::Auto,
        on_second_pusher: OnSecondPusher::Pause,
        max_order_age: Duration::from_mins(5),
        look_again_after: Duration::from_mins(1),
        force: false,
    }
}
