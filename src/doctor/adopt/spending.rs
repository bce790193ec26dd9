//! What would be bought at once, against what a panel may sell in a day.

use rust_decimal::Decimal;

use super::{super::Findings, ForeseenOrders, Scene};
use crate::{
    store::{ShadowSum, StoreError},
    worker::{before, dispatch::SPENDING_WINDOW},
};

/// Where `dispatch.daily_limit` holds some of it.
pub(super) async fn limited(
    scene: Scene<'_>,
    found: &ForeseenOrders,
) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    let patient = scene.patient;
    let Some(limit) = patient.config.dispatch.daily_limit else {
        return Ok(findings);
    };

    let buying = found.panels.iter().filter(|sum| sum.would_buy > 0);
    let panels: Vec<_> = buying.clone().filter_map(|sum| sum.integration).collect();
    let since = before(scene.now, SPENDING_WINDOW);
    let spent = patient.store.spent(&panels, since).await?;

    for sum in buying {
        let spent = sum.integration.and_then(|panel| spent.get(&panel));
        let spent = spent.copied().unwrap_or_default();
        let expected = sum.expected.parse::<Decimal>().unwrap_or_default();
        // At the limit nothing is bought any more, whatever it costs.
        if spent + expected > limit || spent >= limit {
            warn(sum, spent, limit, &mut findings);
        }
    }
    Ok(findings)
}

fn warn(sum: &ShadowSum, spent: Decimal, limit: Decimal, findings: &mut Findings) {
    let panel = sum.panel.as_deref().unwrap_or("no panel");
    findings.warn(
        "daily limit",
        format!(
            "What would be bought at {panel} costs {} TRY, {spent:.2} TRY were spent there in the last 24 hours, and dispatch.daily_limit is {limit}: what exceeds it is held.",
            sum.expected
        ),
        "Raise it for the first day, or retry these orders on the next one.",
    );
}
