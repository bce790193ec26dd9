//! Before anything runs: whether the tables of each side that is on take what has to be written, and who
//! keeps the warehouse's rows.

use chrono::{DateTime, Utc};

use super::DaemonError;
use crate::{
    config::Config,
    doctor::{Side, column_faults, keeping_fault},
    store::Store,
};

/// Refuses to start where a purchase could not be written down, or where it is not settled who keeps the
/// warehouse's rows. What else the warehouse's tables do not take is said, and the rest is done.
///
/// # Errors
/// [`DaemonError::Columns`], [`DaemonError::Keeping`], and [`DaemonError::Store`] when it cannot be found out.
pub async fn check(config: &Config, store: &Store, now: DateTime<Utc>) -> Result<(), DaemonError> {
    check_keeping(config, store).await?;
    let store = store.clone().mirroring(config.trendyol.mirrors());
    let mut refused = Vec::new();
    for fault in column_faults(&store, now).await? {
        if fault.optional {
            continue;
        }
        tracing::error!(fix = %fault.fix, "{}", fault.sentence);
        if fault.side == Side::Shop {
            refused.push(format!("{} Fix: {}", fault.sentence, fault.fix));
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    Err(DaemonError::Columns {
        faults: refused.join(" "),
    })
}

/// Refuses where it is not settled who keeps the warehouse's rows.
///
/// # Errors
/// [`DaemonError::Keeping`], and [`DaemonError::Store`] when it cannot be found out.
pub async fn check_keeping(config: &Config, store: &Store) -> Result<(), DaemonError> {
    match keeping_fault(config, store).await? {
        Some(fault) => Err(fault.into()),
        None => Ok(()),
    }
}
