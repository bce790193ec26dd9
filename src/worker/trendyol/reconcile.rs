//! One round over some barcodes: look, plan, send.
//!
//! The looks come first and the facts are read after them, so that a sale that becomes known meanwhile
//! makes orderwatch send too little, never too much. Only one process plans and sends at a time; should its
//! lead be lost all the same, [`begin_push`](crate::store::Store::begin_push) refuses what is old.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Forecast, Pull, PushRules, Pushed, Seller, look::Looked};
use crate::{
    marketplace::Barcode,
    stock::{
        guard,
        listing::Listing,
        plan::Entry,
        rule::{Deficit, Verdict, Wait},
        shelf,
    },
    store::{Catalogue, Leader, PlannedPush},
    worker::job::JobError,
};

/// Who plans and sends; whoever else wants to waits.
const SENDER: &str = "send-stock";
/// Who asks for results.
const RESULTS: &str = "stock-results";
/// The catalogue changes seldom, and reading it costs as much as a round.
const CATALOGUE_FOR: TimeDelta = TimeDelta::minutes(1);
/// A deficit is watched this much longer than it takes to settle.
const WATCHED_BEYOND: TimeDelta = TimeDelta::minutes(5);

type Read<T> = Mutex<Option<(DateTime<Utc>, T)>>;

/// Looks at barcodes and sends what differs.
pub struct Reconciler {
    pull: Arc<Pull>,
    pub(super) rules: PushRules,
    catalogue: Read<Arc<Catalogue>>,
}

/// How many deficits and why they are not raised, what was sent: of one round.
pub(super) struct Round {
    /// Barcodes that are raised when the orders were read once more.
    pub(super) wants_orders: Vec<Barcode>,
}

impl Reconciler {
    /// `pull` reads the orders.
    #[must_use]
    pub fn new(pull: Arc<Pull>, rules: PushRules) -> Self {
        Self {
            pull,
            rules,
            catalogue: Mutex::new(None),
        }
    }

    pub(super) fn seller(&self) -> &Seller {
        self.pull.seller()
    }

    /// Asks for the results that are due, unless another process does.
    ///
    /// # Errors
    /// [`JobError::Store`] when the database fails.
    pub async fn follow_results(&self) -> Result<(), JobError> {
        let seller = self.seller();
        let due = seller.store.next_batch_look().await?;
        if due.is_none_or(|at| at > seller.clock.now()) {
            return Ok(());
        }
        let Some(lead) = seller.store.lead(RESULTS).await? else {
            return Ok(());
        };
        let followed = seller.follow().await;
        lead.resign().await;
        for text in followed?.troubles {
            tracing::warn!(%text, "a result could not be read");
        }
        Ok(())
    }

    /// What cannot be read is a trouble and stops nothing: stock is only lowered then.
    pub(super) async fn read_orders(&self, pushed: &mut Pushed) -> Result<(), JobError> {
        match self.pull.changes().await {
            Ok(_) => Ok(()),
            Err(error @ JobError::Store(_)) => Err(error),
            Err(error) => {
                pushed.trouble(format!("the orders could not be read: {error}"));
                Ok(())
            }
        }
    }

    /// Looks at the barcodes, and sends what differs. `by_chance`: whether they were not chosen because
    /// something had happened to them.
    pub(super) async fn round(
        &self,
        barcodes: &[Barcode],
        by_chance: bool,
        pushed: &mut Pushed,
    ) -> Result<Round, JobError> {
        let seller = self.seller();
        let looked = seller.look(barcodes).await?;
        pushed.looks += looked.answers.len();
        pushed.requests += looked.requests;
        if let Some(error) = &looked.failed {
            pushed.trouble(format!("what is on sale could not be read: {error}"));
        }

        let mut lead = self.lead().await?;
        let planned = self
            .plan_and_send(barcodes, by_chance, &looked, &mut lead, pushed)
            .await;
        lead.resign().await;
        planned
    }

    async fn plan_and_send(
        &self,
        barcodes: &[Barcode],
        by_chance: bool,
        looked: &Looked,
        lead: &mut Leader,
        pushed: &mut Pushed,
    ) -> Result<Round, JobError> {
        let seller = self.seller();
        let plan = seller.store.new_plan().await?;
        let now = seller.clock.now();
        let catalogue = self.catalogue(now).await?;
        let store = &seller.store;
        let mut forecast = Forecast::of(store, &catalogue, Some(barcodes), self.rules, now).await?;
        if looked.failed.is_some() {
            forecast.blindly();
        }
        pushed.note(&forecast);
        self.note_taken(&forecast, now).await?;
        self.note_deficits(&forecast, now).await?;
        self.judge(looked, by_chance, &forecast, pushed).await?;
        self.may_send().await?;
        if !self.rules.force && forecast.zeroes() {
            self.guard(&catalogue).await?;
        }

        let mut sent = pushed.begin(now);
        let began = Instant::now();
        let sends = sends(&forecast);
        let result = seller
            .send(&sends, (plan, lead), self.rules.batch_size, &mut sent)
            .await;
        pushed.add(&mut sent, began.elapsed());
        result?;
        Ok(Round {
            wants_orders: waiting_for_orders(&forecast),
        })
    }

    /// Becomes the one that plans and sends. A round of another takes a second or two.
    async fn lead(&self) -> Result<Leader, JobError> {
        let why = "another process has been sending stock for half a minute";
        let lead = self.seller().store.lead_in_turn(SENDER).await?;
        lead.ok_or_else(|| JobError::Partly(why.to_owned()))
    }

    pub(super) async fn catalogue(&self, now: DateTime<Utc>) -> Result<Arc<Catalogue>, JobError> {
        let known = self
            .catalogue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((read_at, catalogue)) = known
            && now - read_at < CATALOGUE_FOR
        {
            return Ok(catalogue);
        }
        let catalogue = Arc::new(self.seller().store.catalogue().await?);
        let read = Some((now, Arc::clone(&catalogue)));
        *self
            .catalogue
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = read;
        Ok(catalogue)
    }

    /// Packages that were shipped and that the warehouse's ledger accounts for.
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
            .plan()
            .entries
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

    /// The brake before a disaster, over everything that is on sale.
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

/// What is sent, lowered stock first.
fn sends(forecast: &Forecast) -> Vec<PlannedPush> {
    let entries = forecast.plan().entries.iter();
    let mut sends: Vec<PlannedPush> = entries
        .filter_map(|(barcode, entry)| planned(barcode, entry))
        .collect();
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
    let entries = forecast.plan().entries.iter();
    let waiting = entries.filter(|(_, entry)| {
        // A stale view is made fresh by reading, too.
        matches!(
            entry.verdict,
            Verdict::Wait(Wait::OrdersToRead | Wait::StaleOrders)
        )
    });
    waiting.map(|(barcode, _)| barcode.clone()).collect()
}
