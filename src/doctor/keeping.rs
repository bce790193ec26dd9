//! Who keeps the warehouse's rows: its own application, or orderwatch.

use std::fmt;

use super::finding::Findings;
use crate::{
    config::Config,
    store::{OwnWork, Store, StoreError},
};

/// It is not settled who keeps the warehouse's rows, or it is settled so that something stands still.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Said(self))]
pub struct KeepingFault {
    /// Whether `trendyol.mirror` says true, rather than nothing.
    pub(crate) wanted: bool,
    /// What the application does besides, table by table.
    pub(crate) work: Vec<OwnWork>,
}

pub(crate) const FIX: &str = "Set trendyol.mirror = false: the application goes on reading and moving its orders and returns, orderwatch writes none of their rows, and stock is sent as before.";

struct Said<'a>(&'a KeepingFault);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KeepingFault { wanted, work } = self.0;
        let tables: Vec<_> = work.iter().map(|work| work.table).collect();
        let stands: Vec<_> = work.iter().map(|work| work.stands_still).collect();
        f.write_str(if *wanted {
            "trendyol.mirror = true is refused"
        } else {
            "trendyol.mirror has to be set"
        })?;

        write!(
            f,
            ": the warehouse's application keeps more than the rows of its orders ({}). \
             With false it goes on reading and moving them, orderwatch writes none of them, and stock \
             is sent all the same. With true orderwatch would write them in its place, and what only \
             the application's own pull does would stand still: {}",
            tables.join(", "),
            stands.join("; ")
        )
    }
}

/// What is wrong with who keeps the rows, if anything is.
pub(crate) async fn keeping_fault(
    config: &Config,
    store: &Store,
) -> Result<Option<KeepingFault>, StoreError> {
    // With false none of their rows is written, so nothing stands still whatever the application does.
    if !config.trendyol.enabled || config.trendyol.mirror == Some(false) {
        return Ok(None);
    }

    let work = store.own_work().await?;
    Ok((!work.is_empty()).then(|| KeepingFault {
        wanted: config.trendyol.mirror == Some(true),
        work,
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

    if let Some(fault) = keeping_fault(config, store).await? {
        // A failure, since the daemon refuses to start like this.
        findings.fail("mirror", format!("{fault}."), FIX);
        return Ok(());
    }

    findings.ok(
        "mirror",
        if config.trendyol.mirrors() {
            "The orders and returns in the warehouse's tables are written by orderwatch."
        } else {
            "The warehouse's application keeps its orders and returns; orderwatch writes none of them."
        },
    );
    Ok(())
}
