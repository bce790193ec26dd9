//! Every condition has a situation that raises it, and nothing else does.

mod alarms;

use std::{fmt::Write as _, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use super::{Condition, Kind, Limits, Severity, Warning, assess};
use crate::{
    breaker::Reason,
    marketplace::MarketError,
    order::{HoldReason, IntegrationId, TenantId, explain::Buying},
    overview::{
        Bought, BreakerView, DaemonView, HeldGroup, JobView, LossGroup, Market, NoticeQueue,
        Orders, PanelOrders, PanelView, PauseView, RunView, SecondView, Situation, StockPause,
    },
    text::{Lang, format::Format},
};

fn now() -> DateTime<Utc> {
    "2030-03-17T12:00:00Z".parse().unwrap()
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "most of what it fills is optional"
)]
fn ago(minutes: i64) -> Option<DateTime<Utc>> {
    Some(now() - TimeDelta::minutes(minutes))
}

pub(crate) fn limits() -> Limits {
    Limits {
        warn_below: Some(Decimal::from(500)),
        stale_after: Duration::from_mins(9),
        push_critical_after: Duration::from_mins(30),
    }
}

/// A shop in which all is well.
pub(crate) fn well() -> Situation {
    Situation {
        shop: true,
        at: now(),
        today_since: now(),
        orders: Orders {
            submitted: 12,
            due: 3,
            due_since: ago(0),
            ..Orders::default()
        },
        panels: vec![PanelView {
            id: IntegrationId(Uuid::from_u128(1)),
            name: "Panel A".to_owned(),
            tenant: TenantId(Uuid::from_u128(2)),
            enabled: true,
            paused: false,
            plain_http: false,
            breaker: None,
            balance: Some(Decimal::from(1000)),
            balance_at: ago(5),
            bought_today: Bought::default(),
            bought_24h: Bought {
                orders: 3,
                money: Decimal::from(105),
            },
            limit: Some(Decimal::from(1000)),
            second: SecondView::default(),
            orders: PanelOrders {
                submitted: 12,
                eligible: 1,
                eligible_since: ago(0),
                ..PanelOrders::default()
            },
        }],
        jobs: vec![job("sweep", "done"), job("push-stock", "done")],
        pauses: Vec::new(),
        daemons: vec![DaemonView {
            id: Uuid::from_u128(3),
            version: "1.0.0".to_owned(),
            started_at: now(),
            seen_at: now(),
            stopped_at: None,
            alive: true,
            buying: Buying::On,
            watching: true,
            stuck: Vec::new(),
        }],
        reload_refused: false,
        notices: vec![NoticeQueue {
            endpoint: "shop".to_owned(),
            configured: true,
            waiting: 2,
            failing: 0,
            since: ago(0),
            given_up_24h: 0,
        }],
        market: Some(Market {
            webhook_silent_since: None,
            orders_read_at: ago(4),
            push_ok: Some(true),
            pushed_at: ago(3),
            push_good_at: ago(3),
            ..Market::default()
        }),
    }
}

fn job(name: &'static str, outcome: &str) -> JobView {
    JobView {
        name,
        enabled: true,
        schedule: None,
        runs: vec![RunView {
            tick: now(),
            started_at: now(),
            finished_at: ago(1),
            outcome: Some(outcome.to_owned()),
            report: Some(json!({ "error": "no route to host" })),
        }],
        done_at: None,
        next_at: None,
        missing_since: None,
    }
}

/// What a call says after minutes of 556.
fn block() -> MarketError {
    MarketError::Blocked {
        status: 556,
        text: "orders has answered with it alone for 7 minutes".to_owned(),
    }
}

fn blocked(name: &'static str) -> JobView {
    let mut job = job(name, "failed");
    job.runs[0].report = Some(json!({ "error": block().to_string() }));
    job
}

fn raised(change: impl FnOnce(&mut Situation)) -> Vec<Warning> {
    let mut situation = well();
    change(&mut situation);
    assess(&situation, &limits(), now())
}

/// What changes, and what it raises.
type Case = (fn(&mut Situation), Kind, Severity);

#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<Case> {
    vec![
        (|s| s.daemons.clear(), Kind::NoDaemon, Severity::Critical),
        (
            |s| s.daemons[0].alive = false,
            Kind::NoDaemon,
            Severity::Critical,
        ),
        (
            |s| s.daemons[0].stuck = vec!["dispatch".to_owned()],
            Kind::WorkerStalled,
            Severity::Critical,
        ),
        (
            |s| s.reload_refused = true,
            Kind::ReloadRefused,
            Severity::Warning,
        ),
        (
            |s| s.panels[0].orders.eligible_since = ago(2),
            Kind::NotClaimed,
            Severity::Warning,
        ),
        (
            |s| s.panels[0].orders.eligible_since = ago(11),
            Kind::NotClaimed,
            Severity::Critical,
        ),
        (|s| s.orders.late = 1, Kind::Late, Severity::Critical),
        (
            |s| s.orders.unconfirmed = 1,
            Kind::Unconfirmed,
            Severity::Warning,
        ),
        (
            |s| {
                s.orders.held = vec![HeldGroup {
                    reason: HoldReason::NoMapping,
                    orders: 2,
                    since: now(),
                }];
            },
            Kind::Held,
            Severity::Warning,
        ),
        (
            |s| s.daemons[0].watching = false,
            Kind::NotWatched,
            Severity::Critical,
        ),
        (
            |s| {
                s.panels[0].breaker = Some(BreakerView {
                    reason: Reason::Blocked,
                    since: now(),
                    until: now(),
                });
                // Their orders are late because of it, which is not said a second time.
                s.panels[0].orders.late = 4;
                s.orders.late = 4;
            },
            Kind::BreakerOpen,
            Severity::Critical,
        ),
        (
            |s| s.panels[0].balance = Some(Decimal::from(499)),
            Kind::BalanceLow,
            Severity::Warning,
        ),
        (
            |s| s.panels[0].balance = Some(Decimal::ZERO),
            Kind::BalanceLow,
            Severity::Critical,
        ),
        (
            |s| s.panels[0].bought_24h.money = Decimal::from(800),
            Kind::SpendingNear,
            Severity::Warning,
        ),
        (
            |s| s.panels[0].bought_24h.money = Decimal::from(1000),
            Kind::SpendingReached,
            Severity::Critical,
        ),
        (
            |s| {
                s.panels[0].second = SecondView {
                    overwritten: 2,
                    since: ago(1),
                    ..SecondView::default()
                };
            },
            Kind::SecondDispatcher,
            Severity::Critical,
        ),
        (
            |s| {
                s.orders.losses = vec![LossGroup {
                    package: Some("PUBG 325 UC".to_owned()),
                    orders: 2,
                    loss: Decimal::from(5),
                }];
            },
            Kind::SoldAtALoss,
            Severity::Warning,
        ),
        (
            |s| s.orders.unproven_products = 1,
            Kind::PlayerFields,
            Severity::Notice,
        ),
        (
            |s| s.panels[0].second.unexplained = Decimal::from(40),
            Kind::BalanceUnexplained,
            Severity::Warning,
        ),
        (
            |s| {
                s.pauses = vec![PauseView {
                    panel: None,
                    name: None,
                    who: "ali".to_owned(),
                    why: "prices".to_owned(),
                    at: now(),
                }];
                s.panels[0].paused = true;
                s.panels[0].orders.eligible_since = ago(60);
                s.panels[0].orders.queued = 3;
                s.panels[0].orders.late = 3;
                s.orders.late = 3;
            },
            Kind::Paused,
            Severity::Warning,
        ),
        (
            |s| s.panels[0].plain_http = true,
            Kind::PlainHttp,
            Severity::Notice,
        ),
        (
            |s| {
                s.daemons[0].buying = Buying::Shadow;
                s.panels[0].orders.eligible_since = ago(60);
            },
            Kind::NotBuying,
            Severity::Notice,
        ),
        (
            |s| s.daemons[0].buying = Buying::Off,
            Kind::NotBuying,
            Severity::Notice,
        ),
        (
            |s| s.jobs[0].missing_since = ago(10),
            Kind::JobOverdue,
            Severity::Warning,
        ),
        (
            |s| s.jobs[0] = job("sweep", "failed"),
            Kind::JobFailing,
            Severity::Warning,
        ),
        (
            |s| s.jobs[0] = blocked("pull-returns"),
            Kind::AddressBlocked,
            Severity::Warning,
        ),
        (
            |s| s.jobs[0] = blocked("pull-orders"),
            Kind::AddressBlocked,
            Severity::Critical,
        ),
        (
            // Every job is hit by it, which is one warning.
            |s| {
                s.jobs = vec![
                    blocked("pull-returns"),
                    blocked("pull-orders"),
                    blocked("push-stock"),
                ];
                let market = s.market.as_mut().unwrap();
                market.push_ok = Some(false);
                market.push_error = s.jobs[2].runs[0].error().map(str::to_owned);
            },
            Kind::AddressBlocked,
            Severity::Critical,
        ),
        (
            |s| {
                let market = s.market.as_mut().unwrap();
                market.push_ok = Some(false);
                market.push_error = Some(format!("what is on sale could not be read: {}", block()));
            },
            Kind::AddressBlocked,
            Severity::Critical,
        ),
        (
            |s| {
                s.jobs[1] = job("push-stock", "failed");
                s.market.as_mut().unwrap().push_ok = Some(false);
            },
            Kind::PushFailing,
            Severity::Warning,
        ),
        (
            |s| {
                let market = s.market.as_mut().unwrap();
                market.push_ok = Some(false);
                market.push_good_at = ago(31);
            },
            Kind::PushFailing,
            Severity::Critical,
        ),
        (
            |s| {
                let market = s.market.as_mut().unwrap();
                market.push_ok = Some(false);
                market.paused = Some(StockPause {
                    who: "orderwatch".to_owned(),
                    why: "somebody else sends stock".to_owned(),
                    at: now(),
                });
            },
            Kind::StockPaused,
            Severity::Critical,
        ),
        (
            |s| s.market.as_mut().unwrap().webhook_silent_since = ago(10),
            Kind::WebhookSilent,
            Severity::Warning,
        ),
        (
            |s| s.market.as_mut().unwrap().orders_read_at = ago(10),
            Kind::OrdersStale,
            Severity::Warning,
        ),
        (
            |s| s.market.as_mut().unwrap().orders_read_at = None,
            Kind::OrdersStale,
            Severity::Critical,
        ),
        (
            |s| s.market.as_mut().unwrap().shipped_untaken = 2,
            Kind::ShippedUntaken,
            Severity::Warning,
        ),
        (
            |s| {
                let market = s.market.as_mut().unwrap();
                market.unknown_order_tables = vec!["orders_lost".to_owned()];
            },
            Kind::UnknownOrderTables,
            Severity::Warning,
        ),
        (
            |s| s.market.as_mut().unwrap().items_resting = 1,
            Kind::Quarantine,
            Severity::Warning,
        ),
        (
            |s| {
                s.orders.unsettled = 3;
                s.orders.unsettled_since = ago(60);
            },
            Kind::Unsettled,
            Severity::Warning,
        ),
        (
            |s| {
                s.orders.unsettled = 1;
                s.notices.clear();
            },
            Kind::Unsettled,
            Severity::Warning,
        ),
        (
            |s| s.notices[0].failing = 1,
            Kind::NoticesFailing,
            Severity::Warning,
        ),
        (
            |s| s.notices[0].given_up_24h = 1,
            Kind::NoticesGivenUp,
            Severity::Warning,
        ),
        (
            |s| s.notices[0].configured = false,
            Kind::NoticesStranded,
            Severity::Warning,
        ),
    ]
}

#[test]
fn what_is_well_raises_nothing() {
    assert_eq!(raised(|_| {}), []);
    // A panel that is switched off needs no money, and what is paused waits on purpose.
    let off = raised(|s| {
        s.panels[0].enabled = false;
        s.panels[0].balance = Some(Decimal::ZERO);
        s.panels[0].orders.eligible_since = ago(60);
    });
    assert_eq!(off, []);
}

#[test]
fn every_condition_is_raised_by_its_situation_alone() {
    let mut seen = Vec::new();
    for (number, (change, kind, severity)) in cases().into_iter().enumerate() {
        let warnings = raised(change);
        assert_eq!(warnings.len(), 1, "{number}: {warnings:?}");
        assert_eq!(warnings[0].condition.kind(), kind, "{number}");
        assert_eq!(warnings[0].severity, severity, "{number} {kind:?}");
        seen.push(kind);
    }
    for kind in Kind::ALL {
        assert!(seen.contains(kind), "no situation for {kind:?}");
    }
}

#[test]
fn every_condition_has_words() {
    let mut words = String::new();
    for (change, _, _) in cases() {
        for warning in raised(change) {
            let condition = &warning.condition;
            let kind = condition.kind().as_str();
            writeln!(
                words,
                "{} {kind} {:?}\n  {}\n  {}",
                warning.severity,
                condition.subject(),
                condition.sentence(&Format::PLAIN),
                condition.fix(Lang::En)
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!(words);
}

#[test]
fn the_most_important_comes_first() {
    let warnings = raised(|s| {
        s.orders.unconfirmed = 1;
        s.daemons[0].buying = Buying::Off;
        s.panels[0].balance = Some(Decimal::ZERO);
    });
    let kinds: Vec<Kind> = warnings.iter().map(|w| w.condition.kind()).collect();
    assert_eq!(
        kinds,
        [Kind::BalanceLow, Kind::Unconfirmed, Kind::NotBuying]
    );
    assert!(matches!(
        warnings[0].condition,
        Condition::BalanceLow { .. }
    ));
}

#[test]
fn json_names_kind_numbers_and_words() {
    let warnings = raised(|s| s.panels[0].balance = Some(Decimal::from(499)));
    assert_eq!(
        serde_json::to_value(&warnings[0]).unwrap(),
        json!({
            "kind": "balance_low",
            "severity": "warning",
            "subject": "Panel A",
            "since": "2030-03-17T11:55:00Z",
            "sentence": "The balance at Panel A is 499.00 TRY, below 500.00 TRY.",
            "fix": "Top up the account at the panel.",
            "detail": {
                "panel": { "id": "00000000-0000-0000-0000-000000000001", "name": "Panel A" },
                "balance": "499",
                "limit": "500",
            },
        })
    );
}
