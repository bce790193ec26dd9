use std::{collections::BTreeSet, fmt::Write as _};

use chrono::TimeZone;
use uuid::Uuid;

use super::*;
use crate::{
    breaker::Reason,
    order::{IntegrationId, Naming, Watched},
    text::Lang,
};

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap()
}

fn from_now(seconds: i64) -> DateTime<Utc> {
    now() + chrono::TimeDelta::seconds(seconds)
}

fn panel(name: &str) -> PanelFacts {
    PanelFacts {
        id: IntegrationId(Uuid::from_u128(7)),
        name: name.to_owned(),
        naming: Some(Naming::Digits),
        kind: "znet".to_owned(),
        enabled: true,
        own: true,
        breaker: None,
    }
}

fn pause(everywhere: bool) -> Pause {
    Pause {
        everywhere,
        who: "ayşe".to_owned(),
        why: "prices look wrong".to_owned(),
        at: from_now(-600),
    }
}

fn open_breaker(reason: Reason) -> OpenBreaker {
    let until = from_now(20);
    OpenBreaker { until, reason }
}

fn ending(kind: &str, who: Option<&str>, why: Option<&str>) -> Ending {
    Ending {
        kind: kind.to_owned(),
        who: who.map(ToOwned::to_owned),
        why: why.map(ToOwned::to_owned),
        refusal: None,
    }
}

/// An order that was placed a second ago and that nothing keeps from being sent.
fn placed() -> Facts {
    Facts {
        now: now(),
        settings: Settings {
            buying: Buying::On,
            max_order_age: Duration::from_hours(1),
            give_up_after: Duration::from_hours(24),
            sweep: Some(Duration::from_mins(5)),
            learned: true,
        },
        shop: Some(ShopFacts {
            status: "pending".to_owned(),
            external_status: "not_sent".to_owned(),
            provider_id: None,
            external_order_id: None,
            names_other: false,
            pending: true,
            standing: Standing::Unsent,
            sent_at: None,
            created_at: from_now(-1),
            route: Some(Route {
                fallback: None,
                mode: "auto".to_owned(),
                provider_type: "external".to_owned(),
                panel: Some(panel("Epin")),
            }),
            provider: None,
        }),
        tracked: None,
        pause: None,
    }
}

/// A tracked order of a stage, looked at next in 25 s.
fn tracked(stage: Stage) -> Facts {
    let ends = stage.is_final();
    let waits = !ends && stage != Stage::Held;
    Facts {
        tracked: Some(TrackedFacts {
            claimed_at: None,
            watched: Watched {
                stage,
                dispatched_at: Some(from_now(-90)),
                sent_at: None,
                give_up_at: Some(from_now(86_000)),
                processing: false,
                attempts: 0,
                errors: 0,
                unknowns: 0,
                may_resend: true,
            },
            held: None,
            loss: None,
            reference: None,
            panel: Some(panel("Epin")),
            due_at: waits.then(|| from_now(25)),
            claimed: false,
            fell_back: false,
            half_delivered_after: None,
            finished_at: ends.then(|| from_now(-3600)),
            ending: None,
        }),
        ..placed()
    }
}

#[derive(Default)]
struct Cases {
    text: String,
    stages: BTreeSet<&'static str>,
    reasons: BTreeSet<&'static str>,
}

impl Cases {
    fn say(&mut self, name: &str, facts: &Facts) {
        let explanation = explain(facts);
        if let Some(known) = &facts.tracked {
            self.stages.insert(known.watched.stage.as_str());
            self.reasons.extend(known.held.map(HoldReason::as_str));
        }
        writeln!(
            self.text,
            "# {name}\n[{}] {explanation}",
            explanation.why.as_str()
        )
        .unwrap();
        if let Some(fix) = explanation.why.fix(Lang::En) {
            writeln!(self.text, "What to do: {fix}").unwrap();
        }
        self.text.push('\n');
    }

    fn placed(&mut self, name: &str, change: impl FnOnce(&mut Facts)) {
        let mut facts = placed();
        change(&mut facts);
        self.say(name, &facts);
    }

    fn shop(&mut self, name: &str, change: impl FnOnce(&mut ShopFacts)) {
        self.placed(name, |facts| change(facts.shop.as_mut().unwrap()));
    }

    fn route(&mut self, name: &str, change: impl FnOnce(&mut Route)) {
        self.shop(name, |shop| change(shop.route.as_mut().unwrap()));
    }

    fn routed_panel(&mut self, name: &str, change: impl FnOnce(&mut PanelFacts)) {
        self.route(name, |route| change(route.panel.as_mut().unwrap()));
    }

    fn tracked(&mut self, name: &str, stage: Stage, change: impl FnOnce(&mut TrackedFacts)) {
        let mut facts = tracked(stage);
        change(facts.tracked.as_mut().unwrap());
        self.say(name, &facts);
    }
}

#[test]
fn an_order_that_is_not_tracked_is_explained_for_every_cause() {
    let mut cases = Cases::default();
    cases.placed("nothing is wrong", |_| {});
    cases.shop("nothing is wrong, for too long", |shop| {
        shop.created_at = from_now(-300);
    });
    cases.placed("no row", |facts| facts.shop = None);
    cases.shop("decided by staff", |shop| {
        (shop.status, shop.standing) = ("approved".to_owned(), Standing::Decided);
    });
    cases.shop("forwarded", |shop| shop.standing = Standing::Forwarded);
    cases.shop("too old", |shop| shop.created_at = from_now(-7200));
    cases.shop("no route", |shop| shop.route = None);
    cases.route("manual routing", |route| route.mode = "manual".to_owned());
    cases.route("provider type", |route| {
        route.provider_type = "internal_codes".to_owned();
    });
    cases.route("routed to nowhere", |route| route.panel = None);
    cases.routed_panel("panel of another shop", |panel| panel.own = false);
    cases.routed_panel("another kind of provider", |panel| {
        (panel.naming, panel.kind) = (None, "internal".to_owned());
    });
    cases.routed_panel("disabled", |panel| panel.enabled = false);
    cases.placed("paused", |facts| facts.pause = Some(pause(true)));
    cases.placed("paused at the panel", |facts| {
        facts.pause = Some(pause(false));
    });
    cases.routed_panel("breaker, failures", |panel| {
        panel.breaker = Some(open_breaker(Reason::Failures));
    });
    cases.routed_panel("breaker, blocked", |panel| {
        panel.breaker = Some(open_breaker(Reason::Blocked));
    });
    cases.placed("buying off", |facts| facts.settings.buying = Buying::Off);
    cases.placed("shadow mode", |facts| {
        facts.settings.buying = Buying::Shadow;
    });
    insta::assert_snapshot!(cases.text);
}

#[test]
fn an_order_that_the_shop_sent_is_taken_over_or_left_alone() {
    let mut cases = Cases::default();
    let sent = |shop: &mut ShopFacts| {
        shop.provider_id = Some("7".to_owned());
        shop.provider = Some(panel("Epin"));
        shop.standing = Standing::InFlight { numbered: true };
        shop.sent_at = Some(from_now(-120));
    };
    cases.shop("taken over", sent);
    cases.placed("taken over, no sweep", |facts| {
        sent(facts.shop.as_mut().unwrap());
        facts.settings.sweep = None;
    });
    cases.placed("shadow mode", |facts| {
        sent(facts.shop.as_mut().unwrap());
        facts.settings.buying = Buying::Shadow;
    });
    cases.shop("another provider", |shop| {
        sent(shop);
        shop.provider = None;
    });
    cases.shop("not waiting", |shop| {
        sent(shop);
        shop.standing = Standing::Elsewhere;
    });
    cases.shop("no panel named, and a number", |shop| {
        sent(shop);
        shop.provider_id = None;
    });
    cases.shop("no panel named, and no number", |shop| {
        sent(shop);
        (shop.provider_id, shop.standing) =
            (Some(" ".to_owned()), Standing::InFlight { numbered: false });
    });
    cases.shop("no time", |shop| {
        sent(shop);
        shop.sent_at = None;
    });
    cases.shop("long ago", |shop| {
        sent(shop);
        shop.sent_at = Some(from_now(-90_000));
    });
    insta::assert_snapshot!(cases.text);
}

fn waiting(cases: &mut Cases) {
    cases.tracked("queued", Stage::Queued, |_| {});
    cases.tracked("queued, panel unreachable", Stage::Queued, |known| {
        known.watched.errors = 3;
    });
    cases.tracked("queued again, panel unreachable", Stage::Queued, |known| {
        (known.watched.errors, known.watched.may_resend) = (1, false);
    });
    cases.tracked("queued for the fallback panel", Stage::Queued, |known| {
        known.fell_back = true;
    });
    cases.tracked("queued again", Stage::Queued, |known| {
        known.watched.may_resend = false;
    });
    cases.tracked("queued, past its time limit", Stage::Queued, |known| {
        known.watched.give_up_at = Some(from_now(-1));
    });
    cases.tracked("queued, nobody comes", Stage::Queued, |known| {
        known.due_at = Some(from_now(-125));
    });
    cases.tracked("queued, panel gone", Stage::Queued, |known| {
        known.panel = None;
    });
    let mut facts = tracked(Stage::Queued);
    facts.pause = Some(pause(true));
    cases.say("queued, paused", &facts);
    facts.shop = None;
    cases.say("queued, row gone", &facts);
    let mut facts = tracked(Stage::Queued);
    let shop = facts.shop.as_mut().unwrap();
    (shop.status, shop.pending) = ("rejected".to_owned(), false);
    cases.say("queued, decided by staff", &facts);
    cases.tracked("dispatching", Stage::Dispatching, |_| {});
    cases.tracked("dispatching, cut off", Stage::Dispatching, |known| {
        known.due_at = Some(from_now(-5));
    });
}

fn at_the_panel(cases: &mut Cases) {
    cases.tracked("accepted", Stage::Submitted, |_| {});
    cases.tracked("accepted, asking fails", Stage::Submitted, |known| {
        known.watched.errors = 1;
    });
    cases.tracked("processing", Stage::Submitted, |known| {
        (known.watched.processing, known.watched.attempts) = (true, 3);
    });
    cases.tracked("being asked", Stage::Submitted, |known| {
        known.claimed = true;
    });
    cases.tracked("asked too late", Stage::Submitted, |known| {
        known.due_at = Some(from_now(-7300));
    });
    cases.tracked("breaker open", Stage::Submitted, |known| {
        known.due_at = Some(from_now(-7));
        known.panel.as_mut().unwrap().breaker = Some(open_breaker(Reason::Blocked));
    });
    cases.tracked("checks ran out", Stage::Submitted, |known| {
        (known.watched.attempts, known.due_at) = (20, None);
    });
    cases.tracked("last check", Stage::Submitted, |known| {
        known.watched.give_up_at = known.due_at;
    });
    cases.tracked("panel gone", Stage::Submitted, |known| known.panel = None);
    cases.tracked("unconfirmed", Stage::Unconfirmed, |_| {});
    cases.tracked("unconfirmed, not known", Stage::Unconfirmed, |known| {
        (known.watched.unknowns, known.watched.errors) = (2, 1);
    });
}

fn ended(cases: &mut Cases) {
    let resolved = || ending("resolved", Some("ayşe"), Some("seen at the panel"));
    cases.tracked("completed", Stage::Completed, |_| {});
    cases.tracked("settled as bought", Stage::Completed, |known| {
        known.ending = Some(resolved());
    });
    cases.tracked("refused", Stage::Failed, |known| {
        known.ending = Some(ending("refused", None, None));
    });
    cases.tracked("cancelled", Stage::Failed, |known| {
        known.ending = Some(ending("cancelled", None, None));
    });
    cases.tracked("settled as not bought", Stage::Failed, |known| {
        known.ending = Some(resolved());
    });
    cases.tracked("failed, its events are gone", Stage::Failed, |_| {});
    cases.tracked("timed out", Stage::TimedOut, |known| {
        known.watched.sent_at = Some(from_now(-90_000));
    });
    cases.tracked("never sent", Stage::TimedOut, |_| {});
    cases.tracked("withdrawn", Stage::Withdrawn, |known| {
        known.ending = Some(ending("withdrawn", None, Some("decided_by_hand")));
    });
    cases.tracked("withdrawn, row gone", Stage::Withdrawn, |known| {
        known.ending = Some(ending("withdrawn", None, Some("row_gone")));
    });
}

#[test]
fn every_stage_and_every_hold_reason_is_explained() {
    let mut cases = Cases::default();
    waiting(&mut cases);
    at_the_panel(&mut cases);
    for reason in HoldReason::ALL {
        cases.tracked(&format!("held, {reason}"), Stage::Held, |known| {
            known.held = Some(reason);
        });
    }
    ended(&mut cases);
    assert_eq!(cases.stages.len(), Stage::ALL.len());
    assert_eq!(cases.reasons.len(), HoldReason::ALL.len());
    insta::assert_snapshot!(cases.text);
}

#[test]
fn late_is_due_for_more_than_a_minute_or_past_the_limit_and_still_open() {
    let late = |stage, due, end| is_late(stage, Some(from_now(due)), Some(from_now(end)), now());
    assert!(late(Stage::Submitted, -61, 100));
    assert!(!late(Stage::Submitted, -60, 100));
    assert!(late(Stage::Submitted, 25, -1));
    assert!(!late(Stage::Completed, -61, -1));
    assert!(!late(Stage::Held, -61, -1));
    assert!(!is_late(Stage::Queued, None, None, now()));
}
