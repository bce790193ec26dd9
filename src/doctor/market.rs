//! The Trendyol store: whether the account is let in, by a question that changes nothing.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::timeout;

use super::{Patient, finding::Findings};
use crate::{
    marketplace::{MarketError, PackageQuery, Window},
    worker::trendyol::Seller,
};

pub(super) async fn check(patient: &Patient<'_>, now: DateTime<Utc>) -> Findings {
    let mut findings = Findings::default();
    let seller = match patient.seller {
        None => {
            findings.skip("trendyol", "No store is configured (trendyol.enabled).");
            return findings;
        }
        Some(Err(fault)) => {
            let fix = "Correct the keys of [trendyol] that it names.";
            findings.fail("trendyol", fault, fix);
            return findings;
        }
        Some(Ok(seller)) => seller,
    };

    // A minute: the account is what is checked, and the answer stays small.
    let window = Window {
        start: now - TimeDelta::minutes(1),
        end: now,
    };
    let query = PackageQuery::Changed(window);
    let longest = patient.pace.call;

    match timeout(longest, seller.market.packages(&query, 0)).await {
        Ok(Ok(_)) => {
            findings.ok("trendyol", "The account is let in and orders can be read.");
            webhook(patient, seller, &mut findings).await;
        }
        Ok(Err(error)) => {
            findings.fail("trendyol", error.to_string(), fix(&error));
        }
        Err(_) => {
            findings.fail(
                "trendyol",
                format!("No answer came in {} seconds.", longest.as_secs()),
                "Check whether this machine reaches trendyol.base_url.",
            );
        }
    }

    findings
}

/// Whether Trendyol calls, where it should.
async fn webhook(patient: &Patient<'_>, seller: &Seller, findings: &mut Findings) {
    const REGISTER: &str = "Run `orderwatch trendyol webhook register`.";
    let trendyol = &patient.config.trendyol;
    let wanted = trendyol.webhook.address(&trendyol.seller_id);
    // Without a webhook the pulls read every order, so its absence is no fault.
    let (true, Some(wanted), Some(hooks)) =
        (trendyol.webhook.enabled, wanted, seller.market.hooks())
    else {
        return;
    };

    let Ok(listed) = timeout(patient.pace.call, hooks.webhooks()).await else {
        findings.warn(
            "webhook",
            "Trendyol did not say in time whom it calls.",
            "Try again in some minutes.",
        );
        return;
    };

    match listed.map(|list| list.into_iter().find(|hook| hook.url == wanted)) {
        Ok(Some(hook)) if hook.active => {
            findings.ok("webhook", format!("Trendyol calls {wanted}."));
        }
        // Trendyol gives an address up that did not answer for an hour, and does not try it again by itself.
        Ok(Some(_)) => {
            let sentence = format!(
                "Trendyol no longer calls {wanted}, because it did not answer; orders come with the pulls alone."
            );
            let fix = format!("See that {wanted} answers from outside. {REGISTER}");
            findings.warn("webhook", sentence, fix);
        }
        Ok(None) => {
            let sentence = format!("trendyol.webhook is enabled, but {wanted} is not registered.");
            findings.warn("webhook", sentence, REGISTER);
        }
        Err(error) => {
            findings.warn("webhook", error.to_string(), fix(&error));
        }
    }
}

const fn fix(error: &MarketError) -> &'static str {
    match error {
        MarketError::Auth { .. } => {
            "Copy seller id, API key and secret anew from the seller panel (Hesap Bilgilerim, Entegrasyon Bilgileri)."
        }
        MarketError::Forbidden { .. } => {
            "Check trendyol.integrator and base_url; the test environment lets in listed addresses only."
        }
        MarketError::Gone { .. } | MarketError::Unreadable { .. } => {
            "Check trendyol.base_url; otherwise a newer version of orderwatch is needed."
        }
        // 556 without end was only seen towards single addresses; from another network the same key worked.
        MarketError::Blocked { .. } | MarketError::Transient { status: 556, .. } => {
            "Try again in some minutes. If it stays, this address may be blocked: try the same key from another network."
        }
        MarketError::RateLimited { .. } | MarketError::Transient { .. } => {
            "Try again in some minutes."
        }
        MarketError::Unreachable { .. } => "Check whether this machine reaches trendyol.base_url.",
        MarketError::Rejected { .. }
        | MarketError::OutOfReach { .. }
        | MarketError::Arguments(_) => "Check trendyol.seller_id.",
    }
}
