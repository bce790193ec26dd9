//! The steps of the shop's switch-over and of its way back.

use chrono::{DateTime, TimeDelta, Utc};

use super::{ForeseenOrders, Scene, Step, StepState, step::span};
use crate::{
    config::{Config, DispatchMode},
    order::Stage,
    store::{BeatTask, ShopActivity, UnderWay},
};

/// Its poller asks every few minutes.
const ASKS_WITHIN: TimeDelta = TimeDelta::minutes(15);

const PATCH: &str = "docs/switching-over.md";
const SETTLE: &str = "docs/orders.md";

/// What the steps rest on.
pub(super) struct Seen {
    pub(super) activity: ShopActivity,
    pub(super) tasks: Option<Vec<BeatTask>>,
    /// Orders of chains of tenants in a week; not known before migrating.
    pub(super) chained: Option<i64>,
    /// Whether somebody settles what ends.
    pub(super) settles: bool,
    /// What nobody has confirmed of player fields.
    pub(super) unconfirmed: Vec<String>,
    /// Whether buying is paused everywhere.
    pub(super) paused: bool,
    pub(super) notices: i64,
}

pub(super) fn switch_off(scene: Scene<'_>, seen: &Seen) -> Vec<Step> {
    let config = scene.patient.config;
    let live = config.dispatch.enabled && config.dispatch.mode == DispatchMode::Live;
    let settle = "Settle through the shop: orders.settle = \"shop\", where customers have wallets.";

    let mut steps = vec![
        Step::done_if("Run `orderwatch migrate`.", scene.migrated).first(),
        Step::done_if(settle, seen.settles).first().see(SETTLE),
        notified(config),
        players(&seen.unconfirmed),
        patched(&seen.activity, scene.now),
    ];
    steps.extend(chains(config, seen.chained));
    steps.push(Step::done_if("Set dispatch.mode = \"live\", and reload.", live).see(PATCH));
    steps.push(poller(seen, scene.now));
    steps
}

fn notified(config: &Config) -> Step {
    let what = "Notify the shop of every order that ends.";
    if config.notify.webhooks.is_empty() {
        let evidence = "No [[notify.webhook]] is configured; whether the shop LISTENs to orderwatch_settled is not to be seen.";
        Step::new(what, StepState::Unseen)
            .seen(evidence)
            .see(SETTLE)
    } else {
        Step::new(what, StepState::Done).see(SETTLE)
    }
}

fn players(unconfirmed: &[String]) -> Step {
    let what = "Choose the player fields, and confirm them by a real order of each product.";
    let step = Step::done_if(what, unconfirmed.is_empty()).see(PATCH);
    if unconfirmed.is_empty() {
        step
    } else {
        step.seen(unconfirmed.join(" "))
    }
}

/// The patch is not to be seen, but what it ends is.
fn patched(activity: &ShopActivity, now: DateTime<Utc>) -> Step {
    let what = "Patch the shop's dispatcher at its three places, and restart all of its workers.";
    let last = activity.last_sent.map_or_else(
        || "It has sent none within a day.".to_owned(),
        |at| format!("It sent the last one {} ago.", span(now, at)),
    );

    // One that was sent says more than any that were not.
    let (state, evidence) = match (activity.sent, activity.unsent) {
        (1.., _) => (
            StepState::Open,
            format!(
                "The shop sent {} within the last hour. {last}",
                orders(activity.sent)
            ),
        ),
        (_, 1..) => (
            StepState::Done,
            format!(
                "It has left {} of the last hour unsent. {last}",
                orders(activity.unsent)
            ),
        ),
        _ => (
            StepState::Unseen,
            format!("No order came within the last hour by which it could be seen. {last}"),
        ),
    };

    Step::new(what, state).seen(evidence).first().see(PATCH)
}

fn chains(config: &Config, chained: Option<i64>) -> Option<Step> {
    let chained = chained.filter(|orders| *orders > 0)?;
    let what = "Set dispatch.buy_chained = true: nobody else sends what comes along a chain of tenants then.";
    let evidence = format!(
        "{} of the last 7 days came along such chains.",
        orders(chained)
    );
    let step = Step::done_if(what, config.dispatch.buy_chained);
    Some(step.seen(evidence).first().see(PATCH))
}

fn poller(seen: &Seen, now: DateTime<Utc>) -> Step {
    let what = "Stop the shop's poller (Celery), once something settles what orderwatch finishes.";
    let asked = seen.activity.last_asked.map(|at| {
        let text = format!("It last wrote down an answer {} ago.", span(now, at));
        (text, now - at < ASKS_WITHIN)
    });
    let enabled = seen.tasks.as_ref().map(|tasks| {
        let enabled = tasks.iter().filter(|task| task.enabled);
        enabled.map(|task| beat(task, now)).collect::<Vec<_>>()
    });

    let runs = asked.as_ref().is_some_and(|(_, lately)| *lately);
    let state = match &enabled {
        Some(tasks) if !tasks.is_empty() => StepState::Open,
        _ if runs => StepState::Open,
        Some(_) => StepState::Done,
        None => StepState::Unseen,
    };
    let beat = match enabled {
        Some(tasks) if !tasks.is_empty() => format!("Celery beat runs {}.", tasks.join(", ")),
        Some(_) => "No task of Celery beat about orders is enabled.".to_owned(),
        None => "The database does not say what Celery beat runs.".to_owned(),
    };
    let asked = asked.map_or_else(String::new, |(text, _)| format!(" {text}"));
    Step::new(what, state)
        .seen(format!("{beat}{asked}"))
        .see(PATCH)
}

fn beat(task: &BeatTask, now: DateTime<Utc>) -> String {
    let last = task.last_run.map_or_else(
        || "never ran".to_owned(),
        |at| format!("ran {} ago", span(now, at)),
    );
    format!("{:?} ({last})", task.name)
}

pub(super) fn way_back(scene: Scene<'_>, seen: &Seen, found: Option<&ForeseenOrders>) -> Vec<Step> {
    let Some(found) = found.filter(|_| scene.migrated) else {
        let nothing = "Nothing: orderwatch has made nothing in this database yet.";
        return vec![Step::new(nothing, StepState::Done)];
    };

    let (held, moving): (Vec<_>, Vec<_>) = found
        .under_way
        .iter()
        .partition(|orders| orders.stage == Stage::Held);
    let (held, moving) = (total(&held), (total(&moving), stages(&moving)));
    let open = held + moving.0;

    vec![
        Step::done_if(
            "`orderwatch pause --reason TEXT`: nothing more is bought, and what was bought is watched to its end.",
            seen.paused,
        ),
        Step::done_if("Wait until nothing is under way.", moving.0 == 0).seen(moving.1),
        Step::done_if("Resolve what is held (`orderwatch order list --held`).", held == 0)
            .seen(format!("{} held.", orders(held)))
            .see(SETTLE),
        Step::done_if("Wait until the shop has heard of every order that ended.", seen.notices == 0)
            .seen(format!("{} notifications wait.", seen.notices)),
        Step::new(
            "Start the shop's poller, take the patch out again, and restart all workers: what is still at a panel it finds by provider_referans.",
            StepState::Unseen,
        )
        .see(PATCH),
        Step::new("Stop the daemon.", StepState::Unseen),
        Step::new(
            "`orderwatch migrate revert`, where orderwatch is to go for good. It refuses as long as orders are open.",
            StepState::Unseen,
        )
        .seen(format!("{} open.", orders(open))),
    ]
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

fn orders(number: i64) -> String {
    match number {
        1 => "1 order".to_owned(),
        number => format!("{number} orders"),
    }
}
