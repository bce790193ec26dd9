//! Whether the settings name the account of which the database knows.

use std::fmt;

use super::finding::Findings;
use crate::{
    config::Config,
    store::{MarketAccount, Store, StoreError},
};

/// The settings name another account than the database knows of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Said(self))]
pub struct OtherAccount {
    /// The account of which the database knows; what follows is that of the settings.
    pub(crate) known: MarketAccount,
    pub(crate) seller_id: String,
    pub(crate) environment: String,
}

struct Said<'a>(&'a OtherAccount);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OtherAccount {
            known,
            seller_id,
            environment,
        } = self.0;

        write!(
            f,
            "this database knows the orders and the stock of seller {} at {} (since {}), and the configuration \
             names seller {seller_id} at {environment}: {}",
            known.seller_id,
            known.environment,
            known.since.format("%F"),
            self.0.fix()
        )
    }
}

impl OtherAccount {
    fn fix(&self) -> String {
        format!(
            "set trendyol.seller_id and base_url back, or stop the daemon and run \
             `orderwatch trendyol forget-account --seller {} --yes`",
            self.known.seller_id
        )
    }
}

/// What is wrong with the account of the settings, if anything is.
pub(crate) async fn account_fault(
    config: &Config,
    store: &Store,
) -> Result<Option<OtherAccount>, StoreError> {
    if !config.trendyol.enabled {
        return Ok(None);
    }

    let seller_id = config.trendyol.seller_id.clone();
    // What was learnt from the test environment is not true of the real store, so it counts as another account.
    let environment = config.trendyol.environment();
    let known = store.market_account().await?;
    let other =
        |known: &MarketAccount| known.seller_id != seller_id || known.environment != environment;

    Ok(known.filter(other).map(|known| OtherAccount {
        known,
        seller_id: seller_id.clone(),
        environment: environment.clone(),
    }))
}

pub(super) async fn check(
    config: &Config,
    store: &Store,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    if !config.trendyol.enabled {
        return Ok(());
    }

    match account_fault(config, store).await? {
        Some(fault) => {
            // A failure, since the daemon refuses to start like this.
            findings.fail("account", format!("{fault}."), fault.fix());
        }
        None => {
            findings.ok("account", "The database knows of no other account.");
        }
    }
    Ok(())
}
