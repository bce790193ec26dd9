//! What the database's server says of itself, the indexes and the trigger, and whether notices come.

use std::time::Duration;

use super::finding::Findings;
use crate::{
    config::Config,
    store::{SchemaFault, ServerFacts, Store},
};

/// The oldest server that the statements work on, as `server_version_num` has it: 14.0.
const OLDEST_SERVER: i32 = 140_000;
/// The longest wait for a notice.
const NOTICE: Duration = Duration::from_secs(5);
/// The share of the server's queue of notices from which somebody has to look who holds it.
const NOTICES_WAITING: f64 = 0.25;

pub(super) fn facts(facts: &ServerFacts, findings: &mut Findings) {
    if facts.standby || facts.read_only {
        findings.fail(
            "server",
            "Nothing can be written here: it is a standby, or read-only.",
            "Let database.url lead to the primary.",
        );
    } else if facts.version < OLDEST_SERVER {
        findings.fail(
            "server",
            format!("Postgres {} is too old.", facts.version / 10_000),
            "Use Postgres 14 or newer.",
        );
    } else {
        let version = facts.version / 10_000;
        findings.ok(
            "server",
            format!("Postgres {version}, which can be written."),
        );
    }

    // The pool sets limits with each session; a pooler may hand on sessions without them.
    if facts.has_statement_timeout {
        findings.ok("statement timeout", "No statement can hang for ever.");
    } else {
        findings.warn(
            "statement timeout",
            "The session's limits do not hold: a pooler seems to drop them.",
            format!("ALTER ROLE {} SET statement_timeout = '30s';", facts.role),
        );
    }
    queue(facts.notices_waiting, findings);
}

/// A session of anybody's that listens and stays in a transaction keeps every notice since. Ours are left out from the
/// half on, so that the shop's commits never fail of them.
fn queue(taken: f64, findings: &mut Findings) {
    if taken < NOTICES_WAITING {
        return;
    }

    findings.warn(
        "notices",
        format!("The server's queue of notices is full to {:.0} %: a session that listens stays in a transaction.", taken * 100.0),
        "SELECT pid, application_name, xact_start FROM pg_stat_activity WHERE xact_start IS NOT NULL ORDER BY xact_start; end the oldest (pg_terminate_backend).",
    );
}

pub(super) fn schema(faults: Vec<SchemaFault>, findings: &mut Findings) {
    if faults.is_empty() {
        findings.ok("indexes", "All are there and valid, and so is the trigger.");
    }

    for fault in faults {
        match fault {
            SchemaFault::IndexMissing(name) => findings
                .warn(
                    "indexes",
                    format!("The index {name} is gone: the larger the shop, the slower the work."),
                    "Create it anew as its file in migrations/ says (CREATE INDEX CONCURRENTLY).",
                )
                .about(name),
            SchemaFault::IndexInvalid(name) => findings
                .warn(
                    "indexes",
                    format!("The building of the index {name} was interrupted; it is not used."),
                    format!("REINDEX INDEX CONCURRENTLY {name};"),
                )
                .about(name),
            // A warning like the others: the scan finds the orders all the same, only later.
            SchemaFault::NoTrigger => {
                findings.warn(
                    "trigger",
                    "The trigger on product_orders that tells of new orders is gone or off: they are found by the scan only.",
                    "ALTER TABLE public.product_orders ENABLE TRIGGER orderwatch_new_order; or run the migration anew.",
                );
            }
        }
    }
}

pub(super) async fn notices(store: &Store, config: &Config, findings: &mut Findings) {
    // An error means the same as no notice: the scan has to find the orders.
    let arrive = store.notices_arrive(NOTICE).await.unwrap_or(false);
    listen(arrive, config.dispatch.scan_interval, findings);
}

fn listen(arrive: bool, scan_interval: Duration, findings: &mut Findings) {
    if arrive {
        findings.ok("notices", "LISTEN works: new orders are bought at once.");
        return;
    }

    let scan = humantime::format_duration(scan_interval);
    findings.warn(
        "notices",
        format!("LISTEN does not work: new orders are found by the scan, every {scan}."),
        "A pooler in transaction mode passes no notices on, and where max_prepared_transactions is above 0, or the queue of notices half full, none are sent; let database.url lead to the server itself, if the scan is not quick enough.",
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Outcome;

    const SOUND: ServerFacts = ServerFacts {
        version: 160_004,
        standby: false,
        read_only: false,
        has_statement_timeout: true,
        role: String::new(),
        notices_waiting: 0.0,
    };

    fn bad(look: impl FnOnce(&mut Findings)) -> Vec<(Outcome, String)> {
        let mut findings = Findings::default();
        look(&mut findings);
        let bad = findings.as_slice().iter();
        bad.filter(|finding| finding.outcome != Outcome::Ok)
            .inspect(|finding| assert!(finding.fix.is_some(), "{finding:?}"))
            .map(|finding| (finding.outcome, finding.sentence.clone()))
            .collect()
    }

    #[test]
    fn a_server_that_cannot_be_worked_on_fails() {
        assert_eq!(bad(|found| facts(&SOUND, found)), []);
        for (server, words) in [
            (
                ServerFacts {
                    standby: true,
                    read_only: true,
                    ..SOUND
                },
                "standby",
            ),
            (
                ServerFacts {
                    read_only: true,
                    ..SOUND
                },
                "read-only",
            ),
            (
                ServerFacts {
                    version: 130_014,
                    ..SOUND
                },
                "Postgres 13 is too old",
            ),
        ] {
            let found = bad(|found| facts(&server, found));
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].0, Outcome::Fail, "{found:?}");
            assert!(found[0].1.contains(words), "{found:?}");
        }
    }

    #[test]
    fn limits_that_a_pooler_drops_are_told() {
        let unlimited = ServerFacts {
            has_statement_timeout: false,
            ..SOUND
        };
        let found = bad(|found| facts(&unlimited, found));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, Outcome::Warn, "{found:?}");
        assert!(found[0].1.contains("drop them"), "{found:?}");
    }

    #[test]
    fn a_queue_of_notices_that_fills_up_is_told_before_it_is_full() {
        let holding = |notices_waiting| ServerFacts {
            notices_waiting,
            ..SOUND
        };
        assert_eq!(bad(|found| facts(&holding(0.24), found)), []);
        let found = bad(|found| facts(&holding(0.31), found));
        assert_eq!(found[0].0, Outcome::Warn);
        assert!(found[0].1.contains("full to 31 %"), "{found:?}");
    }

    #[test]
    fn where_no_notice_comes_the_scan_is_named() {
        let scan = Duration::from_secs(5);
        assert_eq!(bad(|found| listen(true, scan, found)), []);
        let found = bad(|found| listen(false, scan, found));
        assert_eq!(found[0].0, Outcome::Warn);
        assert!(found[0].1.ends_with("every 5s."), "{found:?}");
    }
}
