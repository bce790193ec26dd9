//! Before anything runs: whether the tables of each side that is on take what has to be written, and who
//! keeps the warehouse's rows, and of which account the database knows.

use chrono::{DateTime, Utc};

use super::DaemonError;
use crate::{
    config::Config,
    doctor::{account_fault, keeping_fault, table_faults},
    store::{MarketAccount, Side, Store},
};

/// Refuses to start where a purchase could not be written down, or where it is not settled who keeps the
/// warehouse's rows. What else the warehouse's tables do not take is said, and the rest is done.
///
/// # Errors
/// [`DaemonError::Columns`], [`DaemonError::Keeping`], [`DaemonError::OtherAccount`], and [`DaemonError::Store`] when it cannot be found out.
pub async fn check(config: &Config, store: &Store, now: DateTime<Utc>) -> Result<(), DaemonError> {
    check_keeping(config, store).await?;
    check_account(config, store, now).await?;
    let store = store.clone().mirroring(config.trendyol.mirrors());
    let mut refused = Vec::new();
    for fault in table_faults(&store, now).await? {
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

/// Refuses another account than that of the database, which would take what was learnt of the old one for
/// its own. A database without an account gets that of the settings.
///
/// # Errors
/// [`DaemonError::OtherAccount`], and [`DaemonError::Store`] when it cannot be found out.
pub async fn check_account(
    config: &Config,
    store: &Store,
    now: DateTime<Utc>,
) -> Result<(), DaemonError> {
    let trendyol = &config.trendyol;
    if !trendyol.enabled {
        return Ok(());
    }
    let account = MarketAccount {
        seller_id: trendyol.seller_id.clone(),
        environment: trendyol.environment(),
        since: now,
    };
    store.adopt_market_account(&account).await?;
    match account_fault(config, store).await? {
        Some(fault) => Err(fault.into()),
        None => Ok(()),
    }
}
