//! Tells Trendyol which packages are being picked, until it has heard it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::Seller;
use crate::{
    store::Telling,
    worker::{after, job::JobError},
};

/// Told in one pass at most.
const MOST: i64 = 100;
/// The first pause after a failure; it doubles.
const PAUSE: Duration = Duration::from_secs(30);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_mins(30);
/// After this, nobody waits for it any more: the package will be shipped.
const GIVE_UP: TimeDelta = TimeDelta::hours(48);

/// What was told.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Told {
    /// Packages of which Trendyol was told.
    pub told: usize,
    /// Packages of which it knew already.
    pub needless: usize,
    /// Packages that are tried again later.
    pub later: usize,
    /// Packages that were given up.
    pub given_up: usize,
}

/// Tells what is due.
///
/// # Errors
/// [`JobError::Store`] when the database fails; what was not written down is told once more.
pub async fn tell(seller: &Seller) -> Result<Told, JobError> {
    let mut told = Told::default();
    for telling in seller.store.tellings(seller.clock.now(), MOST).await? {
        one(seller, &telling, &mut told).await?;
    }
    Ok(told)
}

async fn one(seller: &Seller, telling: &Telling, told: &mut Told) -> Result<(), JobError> {
    let (store, id) = (&seller.store, telling.package_id);
    let Some(lines) = store.lines_to_begin(id).await? else {
        told.needless += 1;
        store.told(id, seller.clock.now()).await?;
        return Ok(());
    };
    let lines: Vec<(i64, i32)> = lines
        .iter()
        .filter_map(|line| Some((line.line_id?, i32::try_from(line.quantity).ok()?)))
        .collect();
    let now = seller.clock.now();
    let Err(error) = seller.market.set_picking(id, &lines).await else {
        told.told += 1;
        store.told(id, seller.clock.now()).await?;
        return Ok(());
    };
    let due = next(telling, now);
    match due {
        Some(_) => told.later += 1,
        None => told.given_up += 1,
    }
    tracing::warn!(
        package = id,
        order = %telling.order_number,
        tries = telling.tries + 1,
        gives_up = due.is_none(),
        error = &error as &dyn std::error::Error,
        "Trendyol could not be told that a package is being picked"
    );
    store.not_told(id, &error.to_string(), due).await?;
    Ok(())
}

/// When it is tried again; `None` for never.
fn next(telling: &Telling, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let doubled = 2_u32.saturating_pow(u32::try_from(telling.tries).unwrap_or(0).min(16));
    let due = after(now, PAUSE.saturating_mul(doubled).min(PAUSE_MAX));
    (now - telling.written_at < GIVE_UP).then_some(due)
}
