//! The steps of the shop's switch-over.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Scene, Step, StepState,
    step::{UNREAD, orders, span},
};
use crate::{
    config::{Config, DispatchMode},
    order::Settle,
    store::{BeatTask, LeftUnsent, ShopActivity, UnderWay},
};

/// Its poller asks every few minutes.
const ASKS_WITHIN: TimeDelta = TimeDelta::minutes(15);

/// Fewer that were bought without being written over may have been luck.
const SEVERAL: i64 = 3;

pub(super) const PATCH: &str = "docs/switching-over.md";
pub(super) const SETTLE: &str = "docs/orders.md";

/// What the steps rest on; `None` is what could not be read.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) activity: Option<ShopActivity>,
    /// Orders of orderwatch that somebody wrote over within a day.
    pub(super) overwritten: Option<i64>,
    /// Also `None` where the database has no such tasks.
    pub(super) tasks: Option<Vec<BeatTask>>,
    /// Orders of chains of tenants in a week; not known before migrating.
    pub(super) chained: Option<i64>,
    /// Whether somebody settles what ends.
    pub(super) settles: Option<bool>,
    /// What nobody has confirmed of player fields.
    pub(super) unconfirmed: Option<Vec<String>>,
    /// Whether buying is paused everywhere.
    pub(super) paused: Option<bool>,
    pub(super) notices: Option<i64>,
    /// What orderwatch has not ended.
    pub(super) under_way: Option<Vec<UnderWay>>,
    pub(super) left_unsent: Option<LeftUnsent>,
}

pub(super) fn switch_off(scene: Scene<'_>, seen: &Seen) -> Vec<Step> {
    let config = scene.patient.config;
    let settle = "Settle through the shop: orders.settle = \"shop\", where customers have wallets.";

    let mut steps = vec![
        Step::done_if("Run `orderwatch migrate`.", scene.migrated).first(),
        Step::known(settle, seen.settles).first().see(SETTLE),
        notified(config),
        players(seen.unconfirmed.as_deref()),
    ];

    let patched = patched(seen, scene.now);
    let sender = patched.state;
    steps.push(patched);
    steps.extend(chains(scene, seen.chained));
    steps.extend(swept(config));
    steps.push(mode(config, sender));
    steps.push(poller(seen, scene.now));
    steps
}

fn notified(config: &Config) -> Step {
    let what = "Notify the shop of every order that ends.";
    let step = if config.notify.webhooks.is_empty() {
        let evidence = "No [[notify.webhook]] is configured; whether the shop LISTENs to orderwatch_settled is not to be seen.";
        Step::new(what, StepState::Unseen)
            .seen(evidence)
            .see(SETTLE)
    } else {
        Step::new(what, StepState::Done).see(SETTLE)
    };

    // Nobody refunds what a panel cancels as long as the shop does not hear of it.
    match config.orders.settle {
        Settle::Shop => step.first(),
        Settle::Status => step,
    }
}

fn players(unconfirmed: Option<&[String]>) -> Step {
    let what = "Choose the player fields, and confirm them by a real order of each product.";
    let confirmed = unconfirmed.map(<[String]>::is_empty);
    let step = Step::known(what, confirmed).see(PATCH);
    match unconfirmed {
        Some([]) => step,
        Some(open) => step.seen(open.join(" ")),
        // A wrong field delivers to the wrong account.
        None => step.first(),
    }
}

/// The patch is not to be seen, but what it ends is.
fn patched(seen: &Seen, now: DateTime<Utc>) -> Step {
    let what = "Patch the shop's dispatcher at its three places, and restart all of its workers.";
    let (state, evidence) = seen.activity.as_ref().map_or_else(
        || (StepState::Unseen, UNREAD.to_owned()),
        |activity| sender(activity, seen.overwritten, now),
    );
    Step::new(what, state).seen(evidence).first().see(PATCH)
}

/// What shows whether the shop's own sender is off.
fn sender(
    activity: &ShopActivity,
    overwritten: Option<i64>,
    now: DateTime<Utc>,
) -> (StepState, String) {
    let last = activity.last_sent.map_or_else(
        || "It has sent none within a day.".to_owned(),
        |at| format!("It sent the last one {} ago.", span(now, at)),
    );
    let (sent, unsent) = (orders(activity.sent), orders(activity.unsent));
    let bought = orders(activity.bought);

    // One that was sent says more than any that were not.
    match (activity.sent, overwritten.unwrap_or_default()) {
        (1.., _) => (
            StepState::Open,
            format!("The shop sent {sent} within the last hour. {last}"),
        ),
        (_, found @ 1..) => (
            StepState::Open,
            format!(
                "{} that orderwatch had sent {} written over within a day. {last}",
                orders(found),
                if found == 1 { "was" } else { "were" }
            ),
        ),
        _ if activity.bought >= SEVERAL && overwritten.is_some() => (
            StepState::Done,
            format!(
                "orderwatch has sent {bought} of a day, and the shop none of that time. {last}"
            ),
        ),
        _ if activity.unsent > 0 => (
            StepState::Unseen,
            format!(
                "It has left {unsent} of the last hour unsent: so it does where it is patched, and where its panel cannot be reached. {last}"
            ),
        ),
        _ => (
            StepState::Unseen,
            format!("No order came within the last hour by which it could be seen. {last}"),
        ),
    }
}

fn chains(scene: Scene<'_>, chained: Option<i64>) -> Option<Step> {
    let what = "Set dispatch.buy_chained = true: nobody else sends what comes along a chain of tenants then.";
    let set = scene.patient.config.dispatch.buy_chained;
    let step = match chained {
        Some(0) => return None,
        Some(chained) => Step::done_if(what, set).seen(format!(
            "{} of the last 7 days came along such chains.",
            orders(chained)
        )),
        None if scene.migrated && !set => Step::known(what, None),
        None => return None,
    };
    Some(step.first().see(PATCH))
}

fn swept(config: &Config) -> Option<Step> {
    let what = "Set sweep.enabled = true, and reload: only the sweep adopts what the shop has sent, and ends what nobody can be asked about.";
    let off = config.shop.enabled && !config.sweep.enabled;
    off.then(|| Step::new(what, StepState::Open).first())
}

/// `sender` says whether the shop's own one is seen to be off.
fn mode(config: &Config, sender: StepState) -> Step {
    let live = config.dispatch.enabled && config.dispatch.mode == DispatchMode::Live;
    let step = match sender {
        StepState::Open if live => {
            let what = "Set dispatch.mode = \"shadow\", and reload, until the shop's own sender is off: it is \"live\" now, and what both send is bought twice.";
            Step::new(what, StepState::Open).first()
        }
        // Only what orderwatch has bought shows it, which it does in this mode alone.
        StepState::Unseen if live => {
            let what = "Make sure by hand that the shop is patched, or set dispatch.mode = \"shadow\" and reload: it is \"live\" now, and what both send is bought twice.";
            Step::new(what, StepState::Unseen).first()
        }
        _ => Step::done_if("Set dispatch.mode = \"live\", and reload.", live),
    };
    step.see(PATCH)
}

fn poller(seen: &Seen, now: DateTime<Utc>) -> Step {
    let what = "Stop the shop's poller (Celery), once something settles what orderwatch finishes.";
    let asked = seen.activity.and_then(|activity| activity.last_asked);
    let asked = asked.map(|at| {
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
        Some(_) if seen.activity.is_some() => StepState::Done,
        _ => StepState::Unseen,
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
