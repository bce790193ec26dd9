//! Everything that there is to see, put together from what the store knows and what the
//! configuration asks for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::{
    before,
    jobs::{PUSH_STOCK, overdue::ScheduledJob},
    trendyol::ORDERS,
};
use crate::{
    order::PlayerRules,
    overview::{PauseView, RunView, Situation, start_of_day},
    store::{Brake, JobRun, Question, Scope, SoldAs, Store, StoreError},
};

/// What the configuration says about the figures.
#[derive(Clone, Debug)]
pub struct Asking {
    /// The jobs, in the order in which they are shown.
    pub jobs: Vec<ScheduledJob>,
    /// Passes that are shown of each.
    pub runs: i64,
    /// Orders that are older are left alone.
    pub max_order_age: Duration,
    /// What may be spent in 24 hours at one panel, in TRY.
    pub daily_limit: Option<Decimal>,
    /// The zone of "today".
    pub zone: Tz,
    /// Whether there is a Trendyol store.
    pub market: bool,
    /// Whether there is a shop.
    pub shop: bool,
    /// Which fields of a purchase hold what the customer typed.
    pub player: PlayerRules,
}

/// Reads everything, as of about one moment.
///
/// # Errors
/// [`StoreError`] when the database fails or a row cannot be understood.
pub async fn situation(
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
            market: asking.market.then_some((ORDERS, PUSH_STOCK)),
        })
        .await?;
    for panel in &mut overview.panels {
        panel.limit = asking.daily_limit;
    }
    overview.orders.unproven_products = unproven(&store.sold_as().await?, &asking.player);
    let pauses = store.brakes().await?;
    let daemons = store.daemons(now).await?;
    let names: Vec<&str> = asking.jobs.iter().map(|job| job.name).collect();
    let lately = store.jobs_lately(&names, asking.runs).await?;
    let alive = daemons.iter().filter(|daemon| daemon.alive);
    let since = alive.map(|daemon| daemon.started_at).min();
    let jobs = asking.jobs.iter().zip(lately).map(|(job, lately)| {
        let runs = lately.runs.into_iter().map(RunView::from).collect();
        job.view(runs, lately.done_at, since, now)
    });
    Ok(Situation {
        at: now,
        shop: asking.shop,
        today_since,
        orders: overview.orders,
        panels: overview.panels,
        jobs: jobs.collect(),
        pauses: pauses.into_iter().map(PauseView::from).collect(),
        daemons,
        reload_refused: false,
        notices: overview.notices,
        market: overview.market,
    })
}

/// Products whose rule of today was never confirmed. What was sold by another rule is past.
fn unproven(sold: &[SoldAs], rules: &PlayerRules) -> u64 {
    let today = |sold: &&SoldAs| rules.of(sold.integration, sold.package) == sold.fields;
    let products = sold.iter().filter(today).filter(|sold| !sold.confirmed);
    u64::try_from(products.count()).unwrap_or(u64::MAX)
}

impl From<JobRun> for RunView {
    fn from(run: JobRun) -> Self {
        Self {
            tick: run.tick,
            started_at: run.started_at,
            finished_at: run.finished_at,
            outcome: run.outcome,
            report: run.report,
        }
    }
}

impl From<Brake> for PauseView {
    fn from(brake: Brake) -> Self {
        Self {
            panel: match brake.scope {
                Scope::All => None,
                Scope::Panel(id) => Some(id),
            },
            name: brake.panel,
            who: brake.who,
            why: brake.why,
            at: brake.at,
        }
    }
}
