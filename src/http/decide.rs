//! What the pages and the API share when an order is reviewed, so that a decision means the same by
//! either way.

use super::{
    World,
    problem::{Code, Problem},
};
use crate::{
    order::{FieldRule, OrderId, explain::Facts, person::Plan},
    store::{Acted, Confirmed, OrderDetail, Person},
};

/// What is known about an order, now.
pub(super) async fn facts(world: &World, order: OrderId) -> Result<Facts, Problem> {
    let now = world.clock.now();
    let explaining = world.config.explaining();
    let facts = world.store.facts(order, explaining, now).await?;
    // One of the two is enough: the shop may have deleted its row while ours goes on.
    if facts.shop.is_none() && facts.tracked.is_none() {
        return Err(no_such_order());
    }
    Ok(facts)
}

/// All that is known about an order but its code.
pub(super) async fn detail(world: &World, order: OrderId) -> Result<OrderDetail, Problem> {
    let rules = &world.config.player;
    let detail = world.store.order_detail(order, rules).await?;
    if !detail.is_known() {
        return Err(no_such_order());
    }
    Ok(detail)
}

fn no_such_order() -> Problem {
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
    let give_up_at = world.config.give_up_at(now);
    let acted = world
        .store
        .carry_out(order, plan, person, now, give_up_at)
        .await?;

    // The order may be due by it, and should not wait for the next scan.
    if matches!(acted, Acted::Done | Acted::ShopRowRefused) {
        world.sends.wake();
        world.checks.wake();
    }

    Ok(acted)
}

/// Confirms the player fields of an order's product; whether that is new.
pub(super) async fn confirm(
    world: &World,
    order: OrderId,
    person: &Person,
) -> Result<(FieldRule, bool), Problem> {
    let now = world.clock.now();
    let refused = |text: String| Err(Problem::new(Code::Refused, text));

    match world
        .store
        .confirm_player_fields(order, person, now)
        .await?
    {
        Confirmed::Done(fields) => {
            tracing::info!(
                %order,
                who = person.who,
                why = person.why,
                %fields,
                "a person confirmed player fields"
            );
            Ok((fields, true))
        }
        Confirmed::Before(fields) => Ok((fields, false)),
        Confirmed::NotDelivered(stage) => refused(format!(
            "the order is {stage}: only one that was delivered tells whether its player fields are right"
        )),
        Confirmed::NotOurs => refused(
            "orderwatch did not send this order, so it says nothing about the player fields"
                .to_owned(),
        ),
    }
}
