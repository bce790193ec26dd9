//! Orders that go from tenant to tenant: the shop sends and follows them.

use chrono::{DateTime, TimeDelta, Utc};

use super::finding::{Findings, named};
use crate::store::{Store, StoreError};

/// How far back orders are checked.
const SINCE: TimeDelta = TimeDelta::days(7);
/// The shop forwards and sends within one request; after this long it does not.
const LATE: TimeDelta = TimeDelta::minutes(10);

pub(super) async fn check(
    store: &Store,
    now: DateTime<Utc>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let since = now - SINCE;
    let forwarded = store.forwarded(since, now - LATE).await?;
    // A shop without chains of tenants hears nothing of them.
    if forwarded.orders == 0 {
        return Ok(());
    }

    findings.ok(
        "forwarding",
        format!(
            "{} orders of the last 7 days are part of a chain of tenants; the shop follows them.",
            forwarded.orders
        ),
    );

    if forwarded.unsent > 0 {
        findings.warn(
            "forwarding",
            format!(
                "{} orders came along a chain of tenants and nobody has sent them: orderwatch leaves them to the shop.",
                forwarded.unsent
            ),
            "If the shop's own sending is switched off, set dispatch.buy_chained = true; otherwise decide them by hand.",
        );
    }

    // The shop forwards the orders of some tenants whatever the route says, so both would buy.
    let both = store.forwarded_and_bought(since).await?;
    if !both.is_empty() {
        findings
            .fail(
                "forwarding",
                format!(
                    "{} forwarded to another tenant by the shop and routed to a panel here: an order may be bought by both.",
                    named(&both)
                ),
                "Set the package's routing to manual in this tenant, if the shop forwards its orders whatever the route says.",
            )
            .about(both.join(", "));
    }

    Ok(())
}
