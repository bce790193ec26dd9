//! What a pass would do, from one reading of the database.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::{ORDERS, PushRules};
use crate::{
    marketplace::Barcode,
    stock::{
        Oddity, guard,
        listing::Listing,
        plan::{Entry, Explained, Plan, Rules, plan},
        reserve::{Holder, Reserved, reserve},
        shelf,
    },
    store::{StockView, Store, StoreError},
};

/// Everything that a pass decides by, and what it decides.
pub struct Forecast {
    pub(super) view: StockView,
    pub(super) shelves: BTreeMap<Barcode, i32>,
    pub(super) reserved: Reserved,
    listing: Listing,
    pub(super) rules: Rules,
    plan: Plan,
}

impl Forecast {
    /// Reads the database.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn read(
        store: &Store,
        rules: PushRules,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let mut view = store.stock_view(ORDERS, now).await?;
        let (shelves, oddities) = shelf::read(std::mem::take(&mut view.shelves));
        let reserved = reserve(&view.packages, &view.rows, &view.facts, now);
        view.oddities.extend(oddities);
        let (listing, oddities) = Listing::read(std::mem::take(&mut view.listing), rules.shelves);
        view.oddities.extend(oddities);
        view.oddities.extend_from_slice(&reserved.oddities);
        let rules = Rules {
            safety: rules.safety_stock,
            stale: is_stale(view.orders_read_at, rules.max_order_age, now),
            blind: false,
            now,
        };
        let mut forecast = Self {
            view,
            shelves,
            reserved,
            listing,
            rules,
            plan: Plan::default(),
        };
        forecast.plan_again();
        Ok(forecast)
    }

    /// What is done.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// After something was learnt.
    pub(super) fn plan_again(&mut self) {
        self.plan = plan(
            &self.shelves,
            &self.reserved,
            &self.view.known,
            &self.listing,
            self.rules,
        );
    }

    /// Whether the orders were read too long ago to raise stock.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.rules.stale
    }

    /// What a pass would do that finds in the orders what is known of them already.
    #[must_use]
    pub fn after_reading_orders(mut self) -> Self {
        self.rules.stale = false;
        self.plan_again();
        self
    }

    /// Records that could not be read, or not as they stand.
    #[must_use]
    pub fn oddities(&self) -> &[Oddity] {
        &self.view.oddities
    }

    /// Who holds units that were shipped although nobody has taken them from the shelves.
    pub fn shipped_untaken(&self) -> impl Iterator<Item = (&Barcode, &Holder)> {
        self.reserved.shipped()
    }

    /// The brake before a disaster.
    ///
    /// # Errors
    /// [`guard::Zeroing`] when more than half of what is on sale would be set to zero.
    pub fn guard(&self) -> Result<(), guard::Zeroing> {
        guard::check(self.view.known.iter().filter_map(|(barcode, known)| {
            let (listed, _) = known.confirmed?;
            // Trendyol has counted its own sales. What it has put on sale by itself was not there
            // before, so taking that off again takes nothing away.
            let listed = listed
                .saturating_sub(known.told_in_all())
                .saturating_sub(known.lifted);
            let qty = self.shelves.get(barcode).copied().unwrap_or(0);
            Some((listed, self.listing.there(barcode, qty)))
        }))
    }

    /// Every product with everything that led to what is done, in order.
    pub fn explained(&self) -> impl Iterator<Item = Explained<'_>> {
        self.plan.entries.iter().map(|(barcode, entry)| {
            let known = self.view.known.get(barcode);
            let confirmed = known.and_then(|known| known.confirmed);
            let open = known.and_then(|known| known.open);
            let refused = known.and_then(|known| known.quarantine.as_ref());
            Explained {
                barcode: barcode.as_str(),
                entry,
                holders: self.reserved.holders(barcode),
                safety: kept_back(entry, self.rules.safety),
                confirmed: confirmed.map(|(units, _)| units),
                confirmed_at: confirmed.map(|(_, at)| at),
                sent: open.map(|open| open.quantity),
                sent_at: open.map(|open| open.at),
                refused: refused.map(|(_, words)| words.as_str()),
            }
        })
    }
}

/// Units of a product that are not put on sale though they are there.
fn kept_back(entry: &Entry, safety: u32) -> u32 {
    if entry.made_to_order {
        0
    } else {
        safety.saturating_add(entry.extra_buffer)
    }
}

/// Whether the orders were read too long ago.
fn is_stale(read_at: Option<DateTime<Utc>>, most: Duration, now: DateTime<Utc>) -> bool {
    let most = TimeDelta::from_std(most).unwrap_or(TimeDelta::MAX);
    read_at.is_none_or(|at| now - at > most)
}
