//! What the daemon costs with nothing to do.

use std::time::Duration;

use reqwest::Url;

use crate::support::{
    daemon::Daemon,
    database::{Database, Watched},
    figures::real,
    panel::{Answers, Panels},
    process::{memory, precise_cpu},
    targets::Targets,
    wire::Wire,
};

/// Before it is watched: what a start costs is something else.
const SETTLE: Duration = Duration::from_secs(10);
/// Orders that wait for hours: an idle daemon has some.
const WAITING: u64 = 1000;

/// Watches for so long, and prints.
pub(crate) async fn measure(targets: &mut Targets, time: Duration) -> anyhow::Result<()> {
    println!("\nidle: {} s with nothing to do", time.as_secs());
    let panels = Panels::start().await?;
    Database::with(async |database| {
        let shop = database.shop(panels.address(Answers::Sells)).await?;
        let orders = Watched {
            orders: WAITING,
            due: Duration::from_hours(2),
            spread: Duration::from_hours(2),
        };
        database.put_watched(shop, orders).await?;
        let address = Url::parse(database.url())?;
        let wire = Wire::open(&address)?;
        let daemon = Daemon::start_at(wire.url(&address)?.as_str(), &[]).await?;
        tokio::time::sleep(SETTLE).await;
        let before = (precise_cpu(daemon.pid())?, wire.asked());
        tokio::time::sleep(time).await;
        let after = (precise_cpu(daemon.pid())?, wire.asked());
        let resident = memory(daemon.pid(), "VmRSS")?;
        println!("  peak {:.1} MiB", memory(daemon.pid(), "VmHWM")?);
        daemon.stop().await?;
        let cpu = after.0.saturating_sub(before.0).as_secs_f64() / time.as_secs_f64();
        let asked = real(after.1 - before.1) / time.as_secs_f64();
        targets.at_most("idle: resident memory", resident, 20.0, "MiB");
        targets.at_most("idle: share of a core", 100.0 * cpu, 0.2, "%");
        targets.at_most("idle: queries", asked, 2.0, "a second");
        Ok(())
    })
    .await
}
