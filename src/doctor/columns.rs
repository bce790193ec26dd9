//! Whether the tables take what is read and written: found out by looking for every column, and by
//! writing what would be written in a transaction that is taken back.

use chrono::{DateTime, Utc};

use super::finding::Findings;
use crate::{
    stock::mirror::sample_rows,
    store::{Store, StoreError},
};

/// Whose table it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The shop's.
    Shop,
    /// The warehouse's.
    Warehouse,
}

/// A table does not take what is to be written, or lacks what is to be read.
#[derive(Clone, Debug)]
pub struct ColumnFault {
    /// Whose table it is.
    pub side: Side,
    /// What was found.
    pub sentence: String,
    /// The statement that mends it.
    pub fix: String,
    /// Whether the work is done without it.
    pub optional: bool,
}

/// Everything that the tables of the sides that are on do not take.
///
/// # Errors
/// [`StoreError`] when the database cannot be asked.
pub async fn column_faults(
    store: &Store,
    now: DateTime<Utc>,
) -> Result<Vec<ColumnFault>, StoreError> {
    let missing = store.missing_columns().await?;
    let mut faults: Vec<ColumnFault> = missing
        .iter()
        .map(|column| ColumnFault {
            side: column.side,
            sentence: format!(
                "public.{} has no column \"{}\"{}.",
                column.table,
                column.name,
                if column.optional {
                    "; the work is done without it"
                } else {
                    ""
                }
            ),
            fix: format!(
                "ALTER TABLE public.{} ADD COLUMN \"{}\" {};",
                column.table, column.name, column.kind
            ),
            optional: column.optional,
        })
        .collect();
    if faults.iter().any(|fault| !fault.optional) {
        // Each statement would fail by the columns that are named already.
        return Ok(faults);
    }
    for refused in store.try_writes(&sample_rows(now), now).await? {
        faults.push(ColumnFault {
            side: refused.side,
            sentence: format!("{} is refused: {}.", refused.what, refused.words),
            fix: refused.fix,
            optional: false,
        });
    }
    Ok(faults)
}

pub(super) async fn look(
    store: &Store,
    now: DateTime<Utc>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let faults = column_faults(store, now).await?;
    let (without, faults): (Vec<_>, Vec<_>) = faults.into_iter().partition(|fault| fault.optional);
    if faults.is_empty() {
        findings.ok("columns", "The tables take what is written into them.");
    }
    for fault in faults {
        findings.fail("columns", fault.sentence, fault.fix);
    }
    for fault in without {
        findings.ok(
            "columns",
            format!("{} To have it: {}", fault.sentence, fault.fix),
        );
    }
    Ok(())
}
