//! `orderwatch stock push --wait`: stays until what was sent is on sale.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    cli::{out, progress::Progress},
    clock::Clock,
    config::Config,
    daemon::trendyol::seller,
    stock::rule::{Verdict, Wait},
    store::Store,
    worker::{jobs::reconciler, trendyol::Forecast},
};

/// Between two checks of what is left.
const EVERY: Duration = Duration::from_secs(2);

/// Takes turns until nothing is under way and no deficit is left that is raised by itself.
pub(super) async fn until_settled(
    config: &Config,
    store: &Store,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<()> {
    let seller = seller(config, store, Arc::clone(&clock))?;
    let reconciler = reconciler(config, &seller, false);

    let progress = Progress::begin("waiting until all of it is on sale");
    let stays = loop {
        // A daemon that takes turns, too, is no hindrance: only one of them sends at a time.
        reconciler.follow_results().await?;
        reconciler.turn().await?;
        let now = clock.now();
        let forecast = Forecast::read(store, config.trendyol.stock, now).await?;
        let (left, stays) = left(&forecast);
        if left.is_empty() {
            break stays;
        }

        progress.say(listed(&left));
        tokio::time::sleep(EVERY).await;
    };

    progress.end();
    if stays.is_empty() {
        out::line("Everything is on sale as it should be.")?;
    } else {
        out::line(format_args!(
            "All that can be is on sale; the rest: {}. `orderwatch stock plan` names them.",
            listed(&stays)
        ))?;
    }
    Ok(())
}

type Counts = BTreeMap<&'static str, usize>;

/// What is left to be done, and what stays as it is.
fn left(forecast: &Forecast) -> (Counts, Counts) {
    let (mut left, mut stays) = (Counts::new(), Counts::new());
    for entry in forecast.entries().values() {
        let (counts, what) = match entry.verdict {
            Verdict::InSync => continue,

            Verdict::Send { .. } => (&mut left, "to be sent"),
            Verdict::Wait(Wait::UnderWay { .. }) => (&mut left, "under way"),
            Verdict::Wait(Wait::Settling { .. }) => (&mut left, "settling"),
            Verdict::Wait(Wait::OrdersToRead) => (&mut left, "waiting for the orders"),
            Verdict::Wait(Wait::Repeated { .. }) => (&mut left, "sent within 15 minutes"),

            // From here on only a pull, a person or Trendyol can change it; waiting might never end.
            Verdict::Wait(Wait::StaleOrders) => (&mut stays, "orders not read lately"),
            Verdict::Wait(Wait::Unseen) => (&mut stays, "never checked"),
            Verdict::Wait(Wait::NotListed) => (&mut stays, "not listed"),
            Verdict::Wait(Wait::Contradictory) => (&mut stays, "contradictory answers"),
            Verdict::Wait(Wait::Quarantined { .. }) => (&mut stays, "refused by Trendyol"),
        };

        *counts.entry(what).or_default() += 1;
    }
    (left, stays)
}

fn listed(counts: &Counts) -> String {
    let counts: Vec<String> = counts
        .iter()
        .map(|(what, n)| format!("{n} {what}"))
        .collect();
    counts.join(", ")
}
