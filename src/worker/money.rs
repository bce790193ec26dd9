//! Money at the panels: what a day did to their accounts, and what left one without us.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use tokio::sync::Mutex;

use crate::{
    order::{
        IntegrationId,
        money::{Account, Day, Link, Money, Movement, Reading, chain, money},
    },
    overview::day_begins,
    store::{Store, StoreError},
};

/// The day that it is in a zone.
pub(crate) fn today(now: DateTime<Utc>, zone: Tz) -> NaiveDate {
    now.with_timezone(&zone).date_naive()
}

/// A day of a zone; `None` for one that no database can hold.
pub(crate) fn day_of(date: NaiveDate, zone: Tz) -> Option<Day> {
    // What a database can hold.
    if !(1970..=9999).contains(&date.year()) {
        return None;
    }

    let next = date.checked_add_days(Days::new(1))?;
    Some(Day {
        date,
        zone,
        since: day_begins(date, zone)?,
        until: day_begins(next, zone)?,
    })
}

/// The money of a day, at all panels or at one; `None` where there is no such panel.
pub(crate) async fn money_of(
    store: &Store,
    day: Day,
    only: Option<IntegrationId>,
) -> Result<Option<Money>, StoreError> {
    let mut accounts = Vec::new();

    for name in store.accounts(day.since, day.until, only).await? {
        accounts.push(Account {
            ledger: store
                .ledger_from(name.integration, day.since, day.until)
                .await?,
            integration: name.integration,
            panel: name.panel,
        });
    }

    // Of one that is gone from the shop's tables something may be written down.
    if let Some(panel) = only.filter(|_| accounts.is_empty())
        && !store
            .known_panels()
            .await?
            .iter()
            .any(|known| known.id == panel)
    {
        return Ok(None);
    }

    Ok(Some(apart(move || money(accounts, day)).await))
}

/// One at a time, and on no thread that buys: the chain of a big day takes a while.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    static TURN: Mutex<()> = Mutex::const_new(());
    let _turn = TURN.lock().await;

    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The process ends; nobody is there to hear of it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// An account that was never accounted for begins at a reading that is at most this old.
const BEGINS_WITHIN: TimeDelta = TimeDelta::hours(1);

/// Accounts for the money up to the last reading at which all purchases are answered for; returns what has left
/// the account since the reading before that and no purchase of ours explains.
pub(crate) async fn account_for(
    store: &Store,
    integration: IntegrationId,
    reading: Reading,
) -> Result<Option<Decimal>, StoreError> {
    let before = store.accounted_until(integration).await?;
    // One that was overtaken tells nothing that the newer one did not.
    if before.is_some_and(|before| before >= reading.asked_at) {
        return Ok(None);
    }

    // The database rounds to microseconds.
    let moment = TimeDelta::microseconds(1);
    let since = before.unwrap_or(reading.asked_at - BEGINS_WITHIN);
    // Also what was claimed while the panel was answering.
    let until = reading.answered_at + moment;
    let ledger = store.ledger(integration, since, until).await?;
    let (facts, owed) = (ledger.facts(), ledger.owed.clone());
    let (facts, links) = apart(move || {
        let links = chain(&facts, &owed);
        (facts, links)
    })
    .await;

    // A purchase that is under way may or may not be in the balance. At a busy panel there always is one; those that
    // were under way at an earlier reading have been answered since.
    let settles = |link: &Link| {
        let place = link.fact.checked_sub(ledger.purchases.len())?;
        let asked_at = ledger.readings.get(place)?.asked_at;
        let is_new = before.is_none_or(|before| before < asked_at);
        (link.quiet && is_new).then_some(asked_at)
    };
    let mut latest = links.iter().enumerate().rev();
    let found = latest.find_map(|(end, link)| Some((end, settles(link)?)));
    let Some((end, until)) = found else {
        return Ok(None);
    };

    // What left before the first one did so before anybody accounted for it.
    let left = |movement: &Movement| before.is_some() && movement.amount.is_sign_negative();
    let falls: Vec<(DateTime<Utc>, Movement)> = links[..=end]
        .iter()
        .filter_map(|link| Some((facts[link.fact].until, link.movement.filter(left)?)))
        .collect();
    store.account_for(integration, before, until, &falls).await
}
