//! The Trendyol store: whether the account is let in, by a question that changes nothing.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::timeout;

use super::{Patient, finding::Findings};
use crate::marketplace::{MarketError, PackageQuery, Window};

pub(super) async fn look(patient: &Patient<'_>, now: DateTime<Utc>) -> Findings {
    let mut findings = Findings::default();
    let seller = match patient.seller {
        None => {
            findings.skip("trendyol", "No store is configured (trendyol.enabled).");
            return findings;
        }
        Some(Err(fault)) => {
            let remedy = "Correct the keys of [trendyol] that it names.";
            findings.fail("trendyol", fault, remedy);
            return findings;
        }
        Some(Ok(seller)) => seller,
    };
    let window = Window {
        start: now - TimeDelta::minutes(1),
        end: now,
    };
    let query = PackageQuery::Changed(window);
    let longest = patient.pace.call;
    match timeout(longest, seller.market.packages(&query, 0)).await {
        Ok(Ok(_)) => {
            findings.ok("trendyol", "The account is let in and orders can be read.");
        }
        Ok(Err(error)) => {
            findings.fail("trendyol", error.to_string(), remedy(&error));
        }
        Err(_) => {
            findings.fail(
                "trendyol",
                format!("No answer came in {} seconds.", longest.as_secs()),
                "Look whether this machine reaches trendyol.base_url.",
            );
        }
    }
    findings
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
        MarketError::Blocked { .. } | MarketError::Transient { status: 556, .. } => {
            "Try again in some minutes. If it stays, this address may be blocked: try the same key from another network."
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
