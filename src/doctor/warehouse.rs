//! The warehouse's own tables: whether orderwatch knows what its application keeps there.

use super::finding::{Findings, named};
use crate::{
    config::Config,
    store::{Store, StoreError},
};

pub(super) async fn check(
    store: &Store,
    config: &Config,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    if !config.trendyol.enabled {
        return Ok(());
    }

    let unknown = store.unknown_order_tables().await?;
    if unknown.is_empty() {
        findings.ok("order tables", "Every table of orders is known.");
    } else {
        // No failure: what stands there counts as sold, so nothing is oversold meanwhile.
        findings.warn(
            "order tables",
            format!(
                "The warehouse has tables of orders that orderwatch does not know: {}.",
                named(&unknown)
            ),
            "What stands there counts as sold and is not moved. Check whether they hold open orders.",
        );
    }

    Ok(())
}
