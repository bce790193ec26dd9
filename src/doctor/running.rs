//! Whether a daemon is running and serving, whether orders are bought, and who else sends them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use tokio::net::TcpStream;

use super::{Patient, finding::Findings, tenants};
use crate::{
    config::Config,
    order::explain::Buying,
    store::{MANY_OLD, Store, StoreError, shown_since},
    text::format::Format,
};

/// An order that the shop itself sent within this time shows that it still dispatches.
const LATELY: Duration = Duration::from_hours(1);
/// How its dispatcher is switched off: stopping Celery is not enough, it runs inside the web request.
const SWITCH_OFF: &str = "Patch the shop at its three places: docs/switching-over.md. Until then set dispatch.mode = \"shadow\". An order that staff sent by hand is fine.";
/// The longest wait for a connection on this machine.
const CONNECT: Duration = Duration::from_secs(3);

pub(super) async fn check(
    patient: &Patient<'_>,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    let Patient { store, config, .. } = *patient;
    let mut findings = Findings::default();
    let runs = daemons(store, now, &mut findings).await?;
    if config.shop.enabled {
        shop_orders(patient, now, &mut findings).await?;
    }

    if let Some(pause) = store.stock_pause().await? {
        let what = if pause.lets_lower() {
            "Stock is only lowered"
        } else {
            "No stock is sent"
        };
        findings.fail(
            "stock paused",
            format!("{what}, paused by {}: {}", pause.who, pause.why),
            "`orderwatch stock resume` once the cause is gone.",
        );
    }

    http(config, runs, &mut findings).await;
    Ok(findings)
}

/// Whether orders are bought, and what keeps some of them from it.
async fn shop_orders(
    patient: &Patient<'_>,
    now: DateTime<Utc>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let Patient { store, config, .. } = *patient;
    buying(patient, findings);

    for brake in store.brakes().await? {
        // The pause of one panel is a finding of that panel.
        if brake.panel.is_none() {
            findings.warn(
                "paused",
                format!(
                    "Buying is paused everywhere by {}: {}",
                    brake.who, brake.why
                ),
                "`orderwatch resume` once the cause is gone.",
            );
        }
    }

    old_orders(store, config, now, findings).await?;
    Box::pin(others(patient, now, findings)).await?;
    tenants::check(store, now, findings).await
}

/// Reports the daemons; whether one is at work.
async fn daemons(
    store: &Store,
    now: DateTime<Utc>,
    findings: &mut Findings,
) -> Result<bool, StoreError> {
    let daemons = store.daemons(now).await?;
    // Ended daemons are kept for a while, and say nothing about now.
    let alive: Vec<_> = daemons.iter().filter(|daemon| daemon.alive).collect();

    if alive.is_empty() {
        findings.warn(
            "daemon",
            "No daemon is running on this database.",
            "`systemctl start orderwatch`, or `orderwatch run`.",
        );
    }

    for daemon in &alive {
        // A heartbeat is no proof of work: a stalled worker does not stop it.
        let stuck = daemon.stuck.join(", ");
        if !stuck.is_empty() {
            findings.fail(
                "daemon",
                format!("Worker stalled: {stuck}."),
                "Check its log; `systemctl restart orderwatch` loses nothing.",
            );
        } else if daemon.version == env!("CARGO_PKG_VERSION") {
            let since = (now - daemon.started_at).to_std();
            let since = Format::PLAIN.span(since.unwrap_or_default());
            findings.ok("daemon", format!("One has been running for {since}."));
        } else {
            findings.warn(
                "daemon",
                format!(
                    "One runs as version {}, and this is {}.",
                    daemon.version,
                    env!("CARGO_PKG_VERSION")
                ),
                "Restart it after an upgrade.",
            );
        }
    }

    Ok(!alive.is_empty())
}

fn buying(patient: &Patient<'_>, findings: &mut Findings) {
    match patient.means.buying {
        Buying::On => findings.ok("dispatch", "Orders are bought (dispatch.mode = \"live\")."),
        Buying::Off => findings.warn(
            "dispatch",
            "Buying is switched off (dispatch.enabled = false).",
            "Set dispatch.enabled = true and reload.",
        ),
        Buying::Shadow => findings.warn(
            "dispatch",
            "Shadow mode: what would be bought is only written down.",
            "Compare with `orderwatch shadow`, then set dispatch.mode = \"live\".",
        ),
    };

    if !patient.config.poll.enabled {
        findings.warn(
            "poll",
            "Bought orders are not watched (poll.enabled = false).",
            "Set poll.enabled = true and reload.",
        );
    }
}

async fn old_orders(
    store: &Store,
    config: &Config,
    now: DateTime<Utc>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let age = config.dispatch.max_order_age;
    let old = store.too_old(now - age).await?;
    if old > 0 {
        // Counting ends there, so the real number may be larger.
        let more = if old == MANY_OLD { " or more" } else { "" };
        findings.warn(
            "old orders",
            format!(
                "{old}{more} orders wait that are older than dispatch.max_order_age ({}) and are not bought.",
                Format::PLAIN.span(age)
            ),
            "Decide them in the shop, one by one; those that came while orderwatch was running are held by the next scan.",
        );
    } else {
        findings.ok("old orders", "None waits that is too old to be bought.");
    }

    Ok(())
}

/// Somebody else who sends orders: known by what the shop's rows and the accounts say.
pub(super) async fn others(
    patient: &Patient<'_>,
    now: DateTime<Utc>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    const CHECK: &str = "second dispatcher";
    let store = patient.store;
    let evidence = store.second_dispatchers(shown_since(now)).await?;
    let fresh: i64 = evidence.values().map(|found| found.orders).sum();
    let known: i64 = evidence.values().map(|found| found.known).sum();
    let found = evidence.values().map(|found| found.unexplained);
    let money = found.fold(Decimal::ZERO, Decimal::saturating_add);
    let (sent, beside) = sent_by_shop(patient, now).await?;

    // Once a person has resumed buying, what was found before is history and no longer a failure.
    if fresh > 0 {
        findings.fail(
            CHECK,
            format!(
                "{} in the last 24 hours: the shop's row names another purchase, so it may have been bought twice.",
                orders(fresh, "of ours was written over", "of ours were written over")
            ),
            SWITCH_OFF,
        );
    } else if known > 0 {
        findings.warn(
            CHECK,
            format!(
                "{} in the last 24 hours, before buying was resumed; none since.",
                orders(
                    known,
                    "of ours was written over",
                    "of ours were written over"
                )
            ),
            "Check at the panel whether they were bought twice.",
        );
    }

    if beside > 0 {
        findings.fail(
            CHECK,
            format!(
                "The shop's own sender is on beside a live orderwatch: {} as it was placed, in the last hour. What both send is bought twice.",
                orders(beside, "was sent", "were sent")
            ),
            SWITCH_OFF,
        );
    } else if sent > 0 {
        findings.warn(
            CHECK,
            format!(
                "The shop still dispatches: {} by itself in the last hour.",
                orders(sent, "was sent", "were sent")
            ),
            if fresh > 0 {
                "The same as above."
            } else {
                SWITCH_OFF
            },
        );
    }

    // Never a failure: staff may buy by hand with the same account.
    if money > Decimal::ZERO {
        findings.warn(
            CHECK,
            format!(
                "{} left the accounts in the last 24 hours that orderwatch did not spend.",
                Format::PLAIN.money(money, "TRY")
            ),
            "Check at the panels who buys there: staff by hand, or a second dispatcher.",
        );
    }

    if fresh + known + sent == 0 && money <= Decimal::ZERO {
        findings.ok(CHECK, "Nobody else sends orders.");
    }
    Ok(())
}

/// How many orders the shop sent in the last hour, and how many of them as a live orderwatch did or could have.
async fn sent_by_shop(patient: &Patient<'_>, now: DateTime<Utc>) -> Result<(i64, i64), StoreError> {
    let store = patient.store;
    let brakes = store.brakes().await?;
    let paused: Vec<_> = brakes.iter().filter_map(|brake| brake.panel).collect();
    let activity = store.shop_activity(now - LATELY, now, true, &paused);
    let activity = activity.await?;

    // While buying is paused the shop may send: so the work is given back, and a patch may wait.
    let live = patient.means.buying == Buying::On;
    let buys = live && !brakes.iter().any(|brake| brake.panel.is_none());
    Ok((activity.sent, if buys { activity.sent_beside } else { 0 }))
}

/// A number of orders, and what was done with them.
fn orders(number: i64, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 order {one}")
    } else {
        format!("{number} orders {many}")
    }
}

async fn http(config: &Config, runs: bool, findings: &mut Findings) {
    if !config.http.enabled {
        findings.skip(
            "http",
            "Page, API and metrics are switched off (http.enabled).",
        );
        return;
    }

    let listen = config.http.listen;
    let who = if config.http.token.is_some() {
        "whoever has the token may act"
    } else {
        "without a token, only this machine may act"
    };

    // Without a daemon nobody would listen, and port 0 is another one each time.
    if !runs || listen.port() == 0 {
        findings.skip(
            "http",
            format!("It is not known who listens at {listen}; {who}."),
        );
        return;
    }

    // Whoever listens at every address is reached at this machine's own.
    let mut address = listen;
    if address.ip().is_unspecified() {
        address.set_ip(if listen.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }

    match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
        Ok(Ok(_)) => {
            findings.ok("http", format!("It listens at {listen}; {who}."));
        }
        // A warning only: the daemon may run on another machine.
        Ok(Err(_)) | Err(_) => {
            findings.warn(
                "http",
                format!("Nobody listens at {listen} on this machine."),
                "Fine if the daemon runs elsewhere; otherwise check its log.",
            );
        }
    }
}
