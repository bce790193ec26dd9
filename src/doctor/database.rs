//! The database: reached, in step with this machine's clock, up to date.

use chrono::{DateTime, Utc};
use tokio::time::timeout;

use super::{
    Pace, Patient, account, columns, finding::Findings, keeping, rights, role, server, warehouse,
};
use crate::{
    clock::DatabaseClock,
    store::{Store, StoreError},
    telemetry::chain,
};

/// More than this between this machine's clock and the database's confuses people who read logs.
const SKEW_MS: i64 = 2000;

/// Whether it can be asked anything at all; then its time.
pub(super) async fn basics(
    store: &Store,
    pace: Pace,
    findings: &mut Findings,
) -> Option<DateTime<Utc>> {
    let now = reached(store, pace, findings).await?;
    migrated(store, pace, findings).await.then_some(now)
}

/// Whether all migrations are applied; false as well where that is not known.
pub(super) async fn migrated(store: &Store, pace: Pace, findings: &mut Findings) -> bool {
    let Ok(missing) = timeout(pace.part, store.missing_migrations()).await else {
        silent(pace, findings);
        return false;
    };

    let (sentence, fix) = match missing {
        Ok(0) => {
            findings.ok("migrations", "All are applied.");
            return true;
        }
        Ok(missing) => (
            format!("Not all are applied; {missing} to go."),
            "Run `orderwatch migrate`; it is safe on a live database.",
        ),
        Err(error) => (
            chain(&error),
            "Run `orderwatch migrate` first, and config/roles.sql after it: the role needs USAGE on schema orderwatch.",
        ),
    };
    findings.fail("migrations", sentence, fix);
    false
}

/// Its time, if it answers.
pub(super) async fn reached(
    store: &Store,
    pace: Pace,
    findings: &mut Findings,
) -> Option<DateTime<Utc>> {
    match timeout(pace.part, store.now()).await {
        Ok(Ok((now, round_trip))) => {
            let text = format!("It answers in {} ms.", round_trip.as_millis());
            findings.ok("database", text);

            // What a clock that knew this machine's time alone has to be moved by.
            let skew = DatabaseClock::new().set(now, round_trip).num_milliseconds();
            clock(skew, findings);
            Some(now)
        }
        Ok(Err(error)) => {
            // The pool only says that no connection came in time; a connection of its own says why.
            let cause = store.why_unreachable(pace.part).await;
            findings.fail(
                "database",
                chain(&cause.unwrap_or(error)),
                "Check database.url (`orderwatch config check`), and whether the server runs and lets this machine in.",
            );
            None
        }
        Err(_) => {
            silent(pace, findings);
            None
        }
    }
}

fn silent(pace: Pace, findings: &mut Findings) {
    findings.fail(
        "database",
        format!(
            "The database did not answer in {} seconds.",
            pace.part.as_secs()
        ),
        "Check database.url (`orderwatch config check`), and for a firewall on the way.",
    );
}

/// `skew_ms` is how far the database's clock is before this machine's.
fn clock(skew_ms: i64, findings: &mut Findings) {
    if skew_ms.abs() <= SKEW_MS {
        findings.ok("clock", "This machine's clock and the database's agree.");
        return;
    }

    // A warning at most: whatever this machine's clock says, the daemon follows the database's.
    let (side, seconds) = (
        if skew_ms > 0 { "behind" } else { "ahead of" },
        seconds(skew_ms.abs()),
    );
    findings.warn(
        "clock",
        format!("This machine's clock is {seconds:.1} seconds {side} the database's, which the daemon follows."),
        "Let both follow a time server (`timedatectl`).",
    );
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// Everything about it that may keep the work from being done.
pub(super) async fn details(
    patient: &Patient<'_>,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    let Patient { store, config, .. } = *patient;
    let mut findings = Findings::default();

    server::facts(&store.server_facts().await?, &mut findings);
    role::check(store, &mut findings).await?;
    rights::check(store, config, &mut findings).await?;
    account::check(config, store, &mut findings).await?;
    keeping::check(config, store, &mut findings).await?;
    columns::check(store, now, &mut findings).await?;
    warehouse::check(store, config, &mut findings).await?;

    server::schema(store.schema_faults().await?, &mut findings);
    server::notices(store, config, &mut findings).await;

    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::{Findings, clock};
    use crate::doctor::Outcome;

    #[test]
    fn clocks_that_differ_are_told_with_the_side_on_which_this_machine_errs() {
        let found = |skew_ms| {
            let mut findings = Findings::default();
            clock(skew_ms, &mut findings);
            let found = &findings.as_slice()[0];
            (found.outcome, found.sentence.clone())
        };
        for skew in [0, 2000, -2000] {
            assert_eq!(found(skew).0, Outcome::Ok, "{skew}");
        }
        let (behind, ahead) = (found(2001), found(-90_500));
        assert_eq!((behind.0, ahead.0), (Outcome::Warn, Outcome::Warn));
        assert!(behind.1.contains("2.0 seconds behind"), "{behind:?}");
        assert!(ahead.1.contains("90.5 seconds ahead of"), "{ahead:?}");
    }
}
