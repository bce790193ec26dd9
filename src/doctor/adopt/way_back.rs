//! The steps by which the work is given back to the shop.

use chrono::{DateTime, Utc};

use super::{
    Scene, Step, StepState, not_migrated,
    shop_steps::{PATCH, SETTLE, Seen},
    step::{UNREAD, orders},
};
use crate::{
    config::Config,
    order::Stage,
    store::{LeftUnsent, UnderWay},
    worker::before,
};

/// Orders that nobody has sent are counted up to here.
pub(super) const MANY_UNSENT: i64 = 2000;

/// From when on orders wait that a paused orderwatch leaves: what is older than it buys is held.
pub(super) fn waits_since(
    config: &Config,
    paused: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    before(paused.unwrap_or(now), config.dispatch.max_order_age)
}

pub(super) fn way_back(scene: Scene<'_>, seen: &Seen) -> Vec<Step> {
    if !scene.migrated {
        return not_migrated(scene.installed);
    }

    let mut steps = vec![Step::known(
        "`orderwatch pause --reason TEXT`: nothing more is bought, and what was bought is watched to its end.",
        seen.paused,
    )];
    steps.extend(ended(seen));
    steps.push(
        Step::new(
            "Start the shop's poller, take the patch out again, and restart all workers: what is still at a panel it finds by provider_referans.",
            StepState::Unseen,
        )
        .see(PATCH),
    );
    steps.push(sent_by_hand(seen.paused, seen.left_unsent));
    steps.push(Step::new("Stop the daemon.", StepState::Unseen));
    steps.push(reverted(seen));
    steps
}

/// What has to come to its end first.
fn ended(seen: &Seen) -> [Step; 3] {
    let (mut moving, mut held) = (None, None);
    if let Some(under_way) = &seen.under_way {
        let parts = under_way
            .iter()
            .partition::<Vec<_>, _>(|orders| orders.stage == Stage::Held);
        // Those that came too late are for the shop to send.
        let late = seen.left_unsent.map_or(0, |left| left.too_late);
        held = Some((total(&parts.0) - late).max(0));
        moving = Some((total(&parts.1), stages(&parts.1)));
    }

    let none = |open: Option<i64>| open.map(|open| open == 0);
    let moves = moving.as_ref().map(|(orders, _)| *orders);
    [
        Step::known("Wait until nothing is under way.", none(moves))
            .seen(moving.map_or_else(|| UNREAD.to_owned(), |(_, stages)| stages))
            .first(),
        Step::known(
            "Resolve what is held (`orderwatch order list --held`).",
            none(held),
        )
        .seen(held.map_or_else(
            || UNREAD.to_owned(),
            |held| format!("{} held.", orders(held)),
        ))
        .first()
        .see(SETTLE),
        Step::known(
            "Wait until the shop has heard of every order that ended.",
            none(seen.notices),
        )
        .seen(seen.notices.map_or_else(
            || UNREAD.to_owned(),
            |notices| format!("{notices} notifications wait."),
        ))
        .first(),
    ]
}

/// The shop sends an order only within the request that places it, so what came meanwhile stays with both.
fn sent_by_hand(paused: Option<bool>, left: Option<LeftUnsent>) -> Step {
    let what = "Send in the shop, by hand, what came meanwhile: orders that were placed while buying was paused are sent by nobody else.";
    let open = left.map(|left| left.untracked + left.too_late);
    let done = open.zip(paused).map(|(open, paused)| paused && open == 0);
    let evidence = left.map_or_else(
        || UNREAD.to_owned(),
        |left| unsent(left, paused == Some(true)),
    );
    Step::known(what, done).seen(evidence).first().see(PATCH)
}

fn unsent(left: LeftUnsent, paused: bool) -> String {
    let all = left.untracked + left.too_late;
    let more = if left.untracked.max(left.too_late) >= MANY_UNSENT {
        " or more"
    } else {
        ""
    };
    let held = match left.too_late {
        0 => String::new(),
        held => format!(", {held} of them held as waited_too_long"),
    };
    let then = if paused {
        "Look again after the patch is out."
    } else {
        "Those that come from the pause on have to be counted."
    };
    format!("{}{more} not sent by anybody{held}. {then}", orders(all))
}

fn reverted(seen: &Seen) -> Step {
    let what = "`orderwatch migrate revert`, where orderwatch is to go for good. It refuses as long as orders are open.";
    let open = seen.under_way.as_deref();
    let open = open.map(|all| format!("{} open.", orders(total(&all.iter().collect::<Vec<_>>()))));
    Step::new(what, StepState::Unseen).seen(open.unwrap_or_else(|| UNREAD.to_owned()))
}

fn total(under_way: &[&UnderWay]) -> i64 {
    under_way.iter().map(|orders| orders.orders).sum()
}

/// How many there are of each stage at each panel.
fn stages(under_way: &[&UnderWay]) -> String {
    if under_way.is_empty() {
        return "Nothing is under way.".to_owned();
    }
    let each = under_way.iter().map(|orders| {
        let panel = orders.panel.as_deref().unwrap_or("no panel");
        format!("{} {} at {panel}", orders.orders, orders.stage.as_str())
    });
    format!("{}.", each.collect::<Vec<_>>().join(", "))
}
