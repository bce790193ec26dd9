//! Reports to Trendyol which packages are being picked, until Trendyol has accepted it.
//!
//! What must stay true: a report that was not written down as done is sent once more; that is harmless.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::Seller;
use crate::{
    store::PickingReport,
    telemetry::chain,
    worker::{after, job::JobError},
};

/// Maximum number of packages in one pass.
const MOST: i64 = 100;
/// The first pause after a failure; it doubles.
const PAUSE: Duration = Duration::from_secs(30);
const PAUSE_MAX: Duration = Duration::from_mins(30);
/// Longer than this nobody needs the report: the package is shipped by then.
const GIVE_UP: TimeDelta = TimeDelta::hours(48);

/// What was reported, in packages.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct PickingReports {
    pub reported: usize,
    /// Trendyol knew already.
    pub(crate) needless: usize,
    /// Tried again later.
    pub(crate) later: usize,
    pub(crate) given_up: usize,
}

/// Reports what is due.
pub async fn report_picking(seller: &Seller) -> Result<PickingReports, JobError> {
    let mut reports = PickingReports::default();
    let store = &seller.store;

    for report in store.due_picking_reports(seller.clock.now(), MOST).await? {
        one(seller, &report, &mut reports).await?;
    }

    Ok(reports)
}

async fn one(
    seller: &Seller,
    report: &PickingReport,
    reports: &mut PickingReports,
) -> Result<(), JobError> {
    let (store, id) = (&seller.store, report.package_id);
    let Some(lines) = store.lines_to_begin(id).await? else {
        reports.needless += 1;
        store.picking_was_reported(id, seller.clock.now()).await?;
        return Ok(());
    };

    let lines: Vec<(i64, i32)> = lines
        .iter()
        .filter_map(|line| Some((line.line_id?, i32::try_from(line.quantity).ok()?)))
        .collect();

    let now = seller.clock.now();
    let Err(error) = seller.market.set_picking(id, &lines).await else {
        reports.reported += 1;
        store.picking_was_reported(id, seller.clock.now()).await?;
        return Ok(());
    };

    let due = next_try(report, now);
    match due {
        Some(_) => reports.later += 1,
        None => reports.given_up += 1,
    }

    tracing::warn!(
        package = id,
        order = %report.order_number,
        tries = report.tries + 1,
        gives_up = due.is_none(),
        error = chain(&error),
        "the picking of a package could not be reported to Trendyol"
    );
    store
        .put_off_picking_report(id, &error.to_string(), due)
        .await?;
    Ok(())
}

/// `None` for never.
fn next_try(report: &PickingReport, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let doubled = 2_u32.saturating_pow(u32::try_from(report.tries).unwrap_or(0).min(16));
    let due = after(now, PAUSE.saturating_mul(doubled).min(PAUSE_MAX));
    (now - report.written_at < GIVE_UP).then_some(due)
}
