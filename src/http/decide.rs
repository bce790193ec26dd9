//! What the pages and the API share when a person decides about an order.

use super::{
    World,
    problem::{Code, Problem},
};
use crate::{
    order::{OrderId, explain::Facts},
    store::{Acted, Person},
    worker::decision::Plan,
};

/// What is known about an order, now.
pub(super) async fn facts(world: &World, order: OrderId) -> Result<Facts, Problem> {
    let now = world.clock.now();
    let explaining = world.config.explaining();
    let facts = world.store.facts(order, explaining, now).await?;
    if facts.shop.is_none() && facts.tracked.is_none() {
        return Err(no_such_order());
    }
    Ok(facts)
}

pub(super) fn no_such_order() -> Problem {
    Problem::new(
        Code::NotFound,
        "neither the shop nor orderwatch knows an order of this id",
    )
}

/// Takes the step, and wakes who carries it on.
pub(super) async fn carry_out(
    world: &World,
    order: OrderId,
    plan: &Plan,
    person: &Person,
) -> Result<Acted, Problem> {
    let now = world.clock.now();
    let times = (now, world.config.give_up_at(now));
    let acted = plan.carry_out(&world.store, order, person, times).await?;
    if matches!(acted, Acted::Done | Acted::ShopRowRefused) {
        world.sends.wake();
        world.checks.wake();
    }
    Ok(acted)
}
