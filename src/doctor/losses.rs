//! Whether `dispatch.max_loss` can hold what it is meant to.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Patient, finding::Findings};
use crate::store::StoreError;

const CHECK: &str = "losses";

pub(super) async fn check(
    patient: &Patient<'_>,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    if patient.config.dispatch.max_loss.is_none() {
        return Ok(findings);
    }

    let day = patient.store.priced(now - TimeDelta::hours(24)).await?;
    if day.unknown == 0 {
        findings.ok(
            CHECK,
            "What the customer paid is known in TRY for every purchase of the last 24 hours.",
        );
    } else {
        // What is not known is bought, so without this nobody would hear that nothing is held.
        findings.warn(
            CHECK,
            format!(
                "For {} of {} purchases of the last 24 hours it is not known what the customer paid in TRY: \
                 dispatch.max_loss held none of them.",
                day.unknown, day.purchases
            ),
            "Check \"sellPriceAmount\" and \"sellPriceCurrency\" of the orders, and the table currencies: one active \
             rate of TRY and of each other currency for each tenant. The role may read it once config/roles.sql was \
             run again. See docs/money.md.",
        );
    }
    Ok(findings)
}
