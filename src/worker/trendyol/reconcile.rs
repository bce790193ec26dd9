//! One round over some barcodes: observe, plan, send.
//!
//! What must stay true: what is on sale is read first and the facts after it, so that a sale that becomes known
//! meanwhile makes orderwatch send too little, never too much. Only one process plans and sends at a time;
//! should it lose its lead all the same, [`begin_push`](crate::store::Store::begin_push) refuses an old plan.

use std::{sync::Arc, time::Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use super::{Forecast, Pull, PushReport, Seller, observe::Observations, send::Plan};
use crate::{
    config::{TrendyolStock, size},
    stock::{
        Barcode, guard,
        listing::Listing,
        plan::Entry,
        rule::{Deficit, Verdict, Wait},
        shelf,
    },
    store::{Catalogue, Leader, PlannedPush},
    worker::job::JobError,
};

/// The lock under which one process plans and sends; the others wait for it.
const SENDER: &str = "send-stock";
/// The lock under which one process asks for results.
const RESULTS: &str = "stock-results";
/// The catalogue changes seldom, and reading it costs as much as a round.
const CATALOGUE_FOR: TimeDelta = TimeDelta::minutes(1);
/// After this time a look says too little to raise stock by it: a question may have waited for minutes for its turn.
const LOOK_LASTS: TimeDelta = TimeDelta::minutes(1);
/// A deficit is watched this much longer than it takes to settle.
const WATCHED_BEYOND: TimeDelta = TimeDelta::minutes(5);

/// Compares barcodes and sends what differs.
pub struct Reconciler {
    pull: Arc<Pull>,
    pub(super) rules: TrendyolStock,
    /// Whether more than half of what is on sale may be set to zero.
    force: bool,
    /// And when it was read.
    catalogue: Mutex<Option<(DateTime<Utc>, Arc<Catalogue>)>>,
}

impl Reconciler {
    #[must_use]
    pub fn new(pull: Arc<Pull>, rules: TrendyolStock, force: bool) -> Self {
        Self {
            pull,
            rules,
            force,
            catalogue: Mutex::new(None),
        }
    }

    pub(super) fn seller(&self) -> &Seller {
        self.pull.seller()
    }

    /// Asks for the results that are due, unless another process does.
    pub async fn follow_results(&self) -> Result<(), JobError> {
        let seller = self.seller();
        let due = seller.store.next_batch_look(seller.clock.now()).await?;
        if due.is_none_or(|at| at > seller.clock.now()) {
            return Ok(());
        }
        let Some(lead) = seller.store.lead(RESULTS).await? else {
            return Ok(());
        };

        // What it reports was logged where it was found.
        let followed = seller.follow(&mut PushReport::default()).await;
        lead.resign().await;
        followed
    }

    /// What cannot be read is a trouble and stops nothing: stock is only lowered then.
    pub(super) async fn read_orders(&self, report: &mut PushReport) -> Result<(), JobError> {
        match self.pull.changes().await {
            Ok(pulled) if pulled.hides_sales => {
                let words = "orders came that cannot be read, so stock is only lowered";
                report.trouble(words.to_owned());
                Ok(())
            }
            Ok(_) => Ok(()),
            // Without the database there is nothing to plan by.
            Err(error @ JobError::Store(_)) => Err(error),
            Err(error) => {
                report.trouble(format!("the orders could not be read: {error}"));
                Ok(())
            }
        }
    }

    /// Compares the barcodes, and sends what differs. `by_chance`: whether they were not chosen because
    /// something had happened to them. Returns those that may be raised once the orders were read again.
    pub(super) async fn round(
        &self,
        barcodes: &[Barcode],
        by_chance: bool,
        report: &mut PushReport,
    ) -> Result<Vec<Barcode>, JobError> {
        let observed = self.seller().observe(barcodes).await?;
        report.checks += observed.answers.len();
        report.requests += observed.requests;
        if let Some(words) = observed.trouble() {
            report.trouble(words);
        }

        // Waits for its turn, after Trendyol was asked: the questions of two processes need not wait for each other.
        let why = "another process has been sending stock for half a minute";
        let lead = self.seller().store.lead_in_turn(SENDER).await?;
        let mut lead = lead.ok_or_else(|| JobError::Partly(why.to_owned()))?;

        let waiting = self
            .plan_and_send(barcodes, (&observed, by_chance), &mut lead, report)
            .await;
        lead.resign().await;
        waiting
    }

    async fn plan_and_send(
        &self,
        barcodes: &[Barcode],
        (observed, by_chance): (&Observations, bool),
        lead: &mut Leader,
        report: &mut PushReport,
    ) -> Result<Vec<Barcode>, JobError> {
        let seller = self.seller();
        // Before the facts are read: whoever plans after us has newer ones.
        let number = seller.store.new_plan().await?;

        let now = seller.clock.now();
        let catalogue = self.catalogue(now).await?;
        let store = &seller.store;
        let mut forecast = Forecast::of(store, &catalogue, Some(barcodes), self.rules, now).await?;
        let unread = observed.not_by_this_look(&forecast.figures);
        if !unread.is_empty() {
            forecast.blindly(&unread);
        }
        if observed.began.is_some_and(|began| now - began > LOOK_LASTS) {
            forecast.looked_since(now - LOOK_LASTS);
        }

        // Also when nothing may be sent: a deficit stands from the moment at which it is seen.
        report.note_plan(&forecast);
        self.note_taken(&forecast, now).await?;
        self.note_deficits(&forecast, now).await?;

        self.pause_for_second_pusher(observed, by_chance, &forecast, report)
            .await?;
        // After the judgement, which may just have paused raising.
        let items = self.without_paused(sends(&forecast), report).await?;
        // Over everything on sale, and only when this plan zeroes something: reading all of it is expensive.
        if !self.force && forecast.zeroes() {
            self.guard(&catalogue).await?;
        }

        let (started, requests) = (Instant::now(), report.requests);
        let size = size(self.rules.batch_size);
        let plan = Plan {
            items,
            number,
            made_at: now,
        };
        let sent = seller.send(&plan, lead, size, report).await;

        // Also of a round that failed: what was sent took its time.
        if report.requests > requests {
            report.sending += started.elapsed();
        }
        sent?;

        Ok(waiting_for_orders(&forecast))
    }

    pub(super) async fn catalogue(&self, now: DateTime<Utc>) -> Result<Arc<Catalogue>, JobError> {
        let mut known = self.catalogue.lock().await;
        if let Some((read_at, catalogue)) = &*known
            && (TimeDelta::zero()..CATALOGUE_FOR).contains(&(now - *read_at))
        {
            return Ok(Arc::clone(catalogue));
        }

        let catalogue = Arc::new(self.seller().store.catalogue().await?);
        *known = Some((now, Arc::clone(&catalogue)));
        Ok(catalogue)
    }

    /// Ends the reservation of packages that were shipped and that the warehouse's ledger accounts for.
    async fn note_taken(&self, forecast: &Forecast, now: DateTime<Utc>) -> Result<(), JobError> {
        let packages = &forecast.reserved.accounted;
        if !packages.is_empty() {
            let store = &self.seller().store;
            store.packages_were_taken(packages, now).await?;
        }
        Ok(())
    }

    async fn note_deficits(&self, forecast: &Forecast, now: DateTime<Utc>) -> Result<(), JobError> {
        let changed: Vec<(Barcode, Option<Deficit>)> = forecast
            .entries()
            .iter()
            .filter_map(|(barcode, entry)| {
                let before = forecast.figures.get(barcode)?.deficit;
                (before != entry.deficit).then(|| (barcode.clone(), entry.deficit))
            })
            .collect();

        let until = now + forecast.pace().settle + WATCHED_BEYOND;
        let store = &self.seller().store;
        Ok(store.record_deficits(&changed, until).await?)
    }

    /// Checks that most of what is on sale stays so.
    async fn guard(&self, catalogue: &Catalogue) -> Result<(), JobError> {
        let store = &self.seller().store;
        let (stock, shelves) = store.stock_and_shelves().await?;
        let (stock, _) = shelf::read(stock);
        let (listing, _) = Listing::read(&catalogue.listing, &shelves, self.rules.shelves);

        let on_sale = store.known_items().await?;
        guard::check(on_sale.into_iter().map(|item| {
            let qty = stock.get(&item.barcode).copied().unwrap_or(0);
            (item.on_sale, listing.there(&item.barcode, qty))
        }))?;
        Ok(())
    }
}

fn sends(forecast: &Forecast) -> Vec<PlannedPush> {
    let entries = forecast.entries().iter();
    let mut sends: Vec<PlannedPush> = entries
        .filter_map(|(barcode, entry)| planned(barcode, entry))
        .collect();

    // Lowered stock first: what is too high may be sold meanwhile.
    sends.sort_by_key(|push| push.quantity > push.observed.unwrap_or(0));
    sends
}

fn planned(barcode: &Barcode, entry: &Entry) -> Option<PlannedPush> {
    let Verdict::Send { quantity, reason } = entry.verdict else {
        return None;
    };

    // The rest has stood as long as the whole.
    let left = entry.deficit.filter(|_| quantity < entry.desired);
    Some(PlannedPush {
        barcode: barcode.clone(),
        quantity,
        desired: entry.desired,
        observed: entry.on_sale,
        reason,
        left: left.map(|deficit| Deficit {
            units: entry.desired - quantity,
            ..deficit
        }),
    })
}

fn waiting_for_orders(forecast: &Forecast) -> Vec<Barcode> {
    let entries = forecast.entries().iter();
    let waiting = entries.filter(|(_, entry)| {
        // A stale view is made fresh by reading, too.
        matches!(
            entry.verdict,
            Verdict::Wait(Wait::OrdersToRead | Wait::StaleOrders)
        )
    });
    waiting.map(|(barcode, _)| barcode.clone()).collect()
}
