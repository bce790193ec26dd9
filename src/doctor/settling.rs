//! Whether the orders that have ended are settled, and by whom.

use chrono::{DateTime, Utc};

use super::{Patient, finding::Findings};
use crate::{order::Settle, overview::MANY, store::StoreError, text::format::Format};

const CHECK: &str = "settling";

pub(super) async fn check(
    patient: &Patient<'_>,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    settler(patient, &mut findings).await?;
    unsettled(patient, now, &mut findings).await?;
    Ok(findings)
}

/// Who approves and rejects, and whether that moves the customers' money. True where somebody does.
pub(super) async fn settler(
    patient: &Patient<'_>,
    findings: &mut Findings,
) -> Result<bool, StoreError> {
    // They decide whether a status in a row is a mere label, or a movement of money that it would skip.
    let wallets = patient.store.wallets().await?;

    match patient.config.orders.settle {
        Settle::Status if wallets.is_empty() => {
            findings.ok(CHECK, "orderwatch sets product_orders.status itself.");
        }
        Settle::Status => {
            findings.fail(
                CHECK,
                format!(
                    "orders.settle is \"status\", and this shop has wallets ({}): a status that is \
                     written into the row moves no money, so a cancelled order would refund nobody.",
                    wallets.join(", ")
                ),
                "Set orders.settle = \"shop\", and let the shop settle: docs/orders.md.",
            );
        }
        Settle::Shop if patient.config.notify.webhooks.is_empty() => {
            findings.warn(
                CHECK,
                "The shop settles its orders, and no [[notify.webhook]] notifies it.",
                "Configure one, unless the shop LISTENs to orderwatch_settled: docs/orders.md.",
            );
        }
        Settle::Shop => {
            findings.ok(CHECK, "The shop settles its orders and is notified.");
        }
    }

    Ok(patient.config.orders.settle == Settle::Shop || wallets.is_empty())
}

async fn unsettled(
    patient: &Patient<'_>,
    now: DateTime<Utc>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let unsettled = patient.store.unsettled(now).await?;
    if let Some(since) = unsettled.since {
        // Counting ends at MANY, so the real number may be larger.
        let more = if unsettled.orders >= MANY {
            " or more"
        } else {
            ""
        };
        let since = Format::PLAIN.span((now - since).to_std().unwrap_or_default());
        findings.warn(
            CHECK,
            format!(
                "{}{more} final orders are not settled by the shop; the oldest ended {since} ago.",
                unsettled.orders
            ),
            "Check what the shop's listener answers, or settle them in the shop.",
        );
    }

    Ok(())
}
