//! Whether the tables take what is read and written: every column is checked, and everything that would
//! be written is tried in a transaction that is rolled back.

use chrono::{DateTime, Utc};

use super::finding::Findings;
use crate::{
    stock::mirror::sample_rows,
    store::{Store, StoreError, TableFault},
};

/// Everything that the tables of the sides that are on lack or refuse.
pub(crate) async fn table_faults(
    store: &Store,
    now: DateTime<Utc>,
) -> Result<Vec<TableFault>, StoreError> {
    let mut faults = store.missing_columns().await?;
    // Where a column is missing, each statement would fail by it.
    if faults.iter().all(|fault| fault.optional) {
        faults.extend(store.try_writes(&sample_rows(now), now).await?);
    }
    Ok(faults)
}

pub(super) async fn check(
    store: &Store,
    now: DateTime<Utc>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    report(table_faults(store, now).await?, findings);
    Ok(())
}

pub(super) fn report(faults: Vec<TableFault>, findings: &mut Findings) {
    // The optional ones keep no work from being done.
    if faults.iter().all(|fault| fault.optional) {
        findings.ok("columns", "The tables take what is written into them.");
    }

    let (optional, needed): (Vec<_>, Vec<_>) = faults.into_iter().partition(|fault| fault.optional);
    for fault in needed {
        findings.fail("columns", fault.sentence, fault.fix);
    }
    for fault in optional {
        findings.ok(
            "columns",
            format!("{} To have it: {}", fault.sentence, fault.fix),
        );
    }
}
