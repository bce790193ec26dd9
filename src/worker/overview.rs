//! Everything that there is to see, put together from what the store knows and what the
//! configuration asks for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use secrecy::ExposeSecret;

use super::{
    before,
    jobs::{PUSH_STOCK, overdue::ScheduledJob},
};
use crate::{
    order::PlayerRules,
    outbound::{PlainHttp, Secrecy},
    overview::{Situation, start_of_day},
    store::{ORDER_FEED, Question, SoldAs, Store, StoreError},
};

/// What the configuration says about the figures.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    /// The jobs, in the order in which they are shown.
    pub(crate) jobs: Vec<ScheduledJob>,
    /// Runs that are shown of each.
    pub(crate) runs: i64,
    /// Older orders are not bought.
    pub(crate) max_order_age: Duration,
    /// What may be spent in 24 hours at one panel, in TRY.
    pub(crate) daily_limit: Option<Decimal>,
    /// Panels that may be called over plain HTTP.
    pub(crate) plain_http: PlainHttp,
    /// The zone of "today".
    pub(crate) zone: Tz,
    /// Whether there is a Trendyol store.
    pub(crate) market: bool,
    pub(crate) shop: bool,
    /// Which fields of a purchase hold what the customer typed.
    pub(crate) player: PlayerRules,
}

/// Reads everything, as of about one moment.
pub(crate) async fn situation(
    store: &Store,
    asking: &Asking,
    now: DateTime<Utc>,
) -> Result<Situation, StoreError> {
    let today_since = start_of_day(now, asking.zone);
    let mut overview = store
        .overview(Question {
            now,
            today_since,
            created_after: before(now, asking.max_order_age),
            market: asking.market.then_some((ORDER_FEED, PUSH_STOCK)),
        })
        .await?;

    for panel in &mut overview.panels {
        panel.limit = asking.daily_limit;
        let address = overview.addresses.get(&panel.id);
        panel.plain_http = address.is_some_and(|address| {
            asking.plain_http.secrecy(address.expose_secret()) == Some(Secrecy::PlainAllowed)
        });
    }
    overview.orders.unproven_products = unproven(&store.sold_as().await?, &asking.player);

    // What should have come before the oldest daemon started is not overdue.
    let daemons = store.daemons(now).await?;
    let alive = daemons.iter().filter(|daemon| daemon.alive);
    let since = alive.map(|daemon| daemon.started_at).min();

    let names = asking.jobs.iter().map(|job| job.name.to_owned());
    let mut recent = store.recent_runs(names.collect(), asking.runs).await?;
    let jobs = asking.jobs.iter().map(|job| {
        let recent = recent.remove(job.name).unwrap_or_default();
        job.view(recent.runs, recent.done_at, since, now)
    });

    Ok(Situation {
        at: now,
        shop: asking.shop,
        today_since,
        orders: overview.orders,
        panels: overview.panels,
        jobs: jobs.collect(),
        pauses: store.brakes().await?,
        daemons,
        // Only the daemon itself knows; its page fills this in.
        reload_refused: false,
        notices: overview.notices,
        market: overview.market,
    })
}

/// Products whose rule of today was never confirmed.
fn unproven(sold: &[SoldAs], rules: &PlayerRules) -> u64 {
    // What was sold by another rule is past.
    let today = |sold: &&SoldAs| rules.hold(&sold.fields, sold.integration, sold.package);
    let products = sold.iter().filter(today).filter(|sold| !sold.confirmed);
    u64::try_from(products.count()).unwrap_or(u64::MAX)
}
