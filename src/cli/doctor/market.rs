//! The Trendyol store: whether the account is let in, by a question that changes nothing.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::finding::Findings;
use crate::{
    clock::{Clock, DatabaseClock},
    config::Config,
    daemon::trendyol::seller,
    marketplace::{MarketError, PackageQuery, Window},
    store::{Store, StoreError},
};

/// The longest wait for the answer.
const LONGEST: Duration = Duration::from_secs(30);

pub(super) async fn look(
    store: &Store,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    if !config.trendyol.enabled {
        findings.skip("trendyol", "No store is configured (trendyol.enabled).");
        return Ok(findings);
    }
    let clock = Arc::new(DatabaseClock::new()) as Arc<dyn Clock>;
    let seller = match seller(config, store, clock) {
        Ok(seller) => seller,
        Err(error) => {
            findings.fail(
                "trendyol",
                error.to_string(),
                "Correct the keys of [trendyol] that it names.",
            );
            return Ok(findings);
        }
    };
    let window = Window {
        start: now - TimeDelta::minutes(1),
        end: now,
    };
    let query = PackageQuery::Changed(window);
    let asked = tokio::time::timeout(LONGEST, seller.market.packages(&query, 0)).await;
    match asked {
        Ok(Ok(_)) => {
            findings.ok("trendyol", "The account is let in and orders can be read.");
        }
        Ok(Err(error)) => {
            findings.fail("trendyol", error.to_string(), remedy(&error));
        }
        Err(_) => {
            findings.fail(
                "trendyol",
                "No answer came in 30 seconds.",
                "Look whether this machine reaches trendyol.base_url.",
            );
        }
    }
    Ok(findings)
}

const fn remedy(error: &MarketError) -> &'static str {
    match error {
        MarketError::Auth { .. } => {
            "Copy seller id, API key and secret anew from the seller panel (Hesap Bilgilerim, Entegrasyon Bilgileri)."
        }
        MarketError::Forbidden { .. } => {
            "Look at trendyol.integrator and base_url; the test environment lets in listed addresses only."
        }
        MarketError::Gone { .. } | MarketError::Unreadable { .. } => {
            "Look at trendyol.base_url; otherwise a newer version of orderwatch is needed."
        }
        MarketError::RateLimited { .. } | MarketError::Transient { .. } => {
            "Try again in some minutes."
        }
        MarketError::Unreachable { .. } => "Look whether this machine reaches trendyol.base_url.",
        MarketError::Rejected { .. }
        | MarketError::OutOfReach { .. }
        | MarketError::Arguments(_) => "Look at trendyol.seller_id.",
    }
}
