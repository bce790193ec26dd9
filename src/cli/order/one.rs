//! From what a person types to the order that is meant, and what is known about it.

use chrono::{DateTime, Utc};

use crate::{
    config::Config,
    order::{OrderId, explain::Facts, person::Plan},
    store::{Acted, Person, Store},
};

/// All orders that are meant by a text; at least one.
pub(super) async fn found(store: &Store, text: &str) -> anyhow::Result<Vec<OrderId>> {
    let found = store.find_orders(text.trim()).await?;
    anyhow::ensure!(
        !found.is_empty(),
        "no order has the id, number or reference {text:?}"
    );
    Ok(found)
}

/// The one order that is meant; a step is never taken on a guess.
pub(super) async fn one(store: &Store, text: &str) -> anyhow::Result<OrderId> {
    let found = found(store, text).await?;
    let [order] = found[..] else {
        let ids: Vec<String> = found.iter().map(ToString::to_string).collect();
        anyhow::bail!(
            "{} orders are called {text:?}; name one by its id: {}",
            found.len(),
            ids.join(", ")
        );
    };

    Ok(order)
}

/// What is known about an order, now.
pub(super) async fn facts(
    config: &Config,
    store: &Store,
    order: OrderId,
) -> anyhow::Result<(Facts, DateTime<Utc>)> {
    let (now, _) = store.now().await?;
    let facts = store.facts(order, config.explaining(), now).await?;
    Ok((facts, now))
}

/// Carries a plan out; fails unless it was done.
pub(super) async fn carry_out(
    config: &Config,
    store: &Store,
    order: OrderId,
    plan: &Plan,
    person: &Person,
    now: DateTime<Utc>,
) -> anyhow::Result<Acted> {
    // The time limit starts anew with the step.
    let give_up_at = config.give_up_at(now);
    let acted = store
        .carry_out(order, plan, person, now, give_up_at)
        .await?;

    match acted {
        // Our part stands where the shop's database refuses its own; the caller says so.
        Acted::Done | Acted::ShopRowRefused => Ok(acted),
        Acted::Changed => {
            anyhow::bail!("the order has changed meanwhile; check it again, nothing was done")
        }
        Acted::Busy => anyhow::bail!(
            "another process holds the shop's row of this order right now; nothing was done, try again"
        ),
    }
}
