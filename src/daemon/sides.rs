//! Checked before anything runs: that the tables of each enabled side take what has to be written, that it is
//! settled who keeps the warehouse's rows, and that the database knows of no other account.

use chrono::{DateTime, Utc};

use super::DaemonError;
use crate::{
    config::Config,
    doctor::{account_fault, keeping_fault, table_faults},
    store::{MarketAccount, Side, Store},
};

/// Refuses to start where a purchase could not be written down, where it is not settled who keeps the
/// warehouse's rows, or with another account than that of the database.
pub(crate) async fn check(
    config: &Config,
    store: &Store,
    now: DateTime<Utc>,
) -> Result<(), DaemonError> {
    check_keeping(config, store).await?;
    check_account(config, store, now).await?;
    let store = store.clone().mirroring(config.trendyol.mirrors());

    let mut refused = Vec::new();
    for fault in table_faults(&store, now).await? {
        // The work is done without these; the doctor names them.
        if fault.optional {
            continue;
        }
        tracing::error!(fix = %fault.fix, "{}", fault.sentence);
        // What the warehouse's tables lack stops single jobs only; what the shop's lack could lose a purchase.
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
pub(crate) async fn check_keeping(config: &Config, store: &Store) -> Result<(), DaemonError> {
    match keeping_fault(config, store).await? {
        Some(fault) => Err(fault.into()),
        None => Ok(()),
    }
}

/// Refuses another account than that of the database, which would take what was learnt of the old one for
/// its own.
pub(crate) async fn check_account(
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
    // Only a database that knows of no account takes this one; any other is compared.
    store.adopt_market_account(&account).await?;
    match account_fault(config, store).await? {
        Some(fault) => Err(fault.into()),
        None => Ok(()),
    }
}
