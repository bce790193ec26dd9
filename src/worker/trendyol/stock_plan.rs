//! What is planned for some barcodes, or for all of them, from one reading of the database.
//!
//! What must stay true: a plan is made of facts of one moment, and sends nothing by itself.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    config::TrendyolStock,
    stock::{
        Barcode, DataWarning, guard,
        listing::Listing,
        pace::Pace,
        plan::{Entry, PlannedItem, plan},
        reserve::{Holder, Reserved, reserve},
        rule::{Figure, Rules},
        shelf,
    },
    store::{Catalogue, SentFigure, Store, StoreError},
};

/// The clocks of two replicas differ by less.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(1);

/// Everything that a plan is made of, and the plan.
pub struct Forecast {
    pub(super) figures: HashMap<Barcode, Figure>,
    stock: BTreeMap<Barcode, i32>,
    pub(super) reserved: Reserved,
    listing: Listing,
    safety: u32,
    pub(super) rules: Rules,
    data_warnings: Vec<DataWarning>,
    entries: BTreeMap<Barcode, Entry>,
}

impl Forecast {
    /// Plans every barcode.
    pub async fn read(
        store: &Store,
        rules: TrendyolStock,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let catalogue = store.catalogue().await?;
        Self::of(store, &catalogue, None, rules, now).await
    }

    /// Plans these barcodes; `None` for all.
    pub(crate) async fn of(
        store: &Store,
        catalogue: &Catalogue,
        barcodes: Option<&[Barcode]>,
        rules: TrendyolStock,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let view = store.stock_view(catalogue, barcodes, now).await?;

        let (stock, stock_warnings) = shelf::read(view.stock);
        let reserved = reserve(&view.packages, &view.rows, &view.facts, now);
        let (mut listing, listing_warnings) =
            Listing::read(&catalogue.listing, &view.shelves, rules.shelves);
        // What is made to order is planned without being in the warehouse, so it would be in every plan.
        if let Some(barcodes) = barcodes {
            listing.keep(barcodes);
        }

        let mut data_warnings = view.data_warnings;
        data_warnings.extend(stock_warnings);
        data_warnings.extend(listing_warnings);
        data_warnings.extend_from_slice(&catalogue.data_warnings);
        data_warnings.extend_from_slice(&reserved.data_warnings);

        let mut forecast = Self {
            figures: view.figures,
            stock,
            reserved,
            listing,
            safety: rules.safety_stock,
            rules: Rules {
                now,
                orders_read_at: view.orders_read_at,
                stale: is_stale(view.orders_read_at, rules.max_order_age_for_push, now),
                looked_since: None,
                pace: Pace::of(view.delay, rules.settle),
            },
            data_warnings,
            entries: BTreeMap::new(),
        };

        forecast.plan_again();
        Ok(forecast)
    }

    fn plan_again(&mut self) {
        let rules = (self.safety, &self.rules);
        self.entries = plan(
            &self.stock,
            &self.reserved,
            &self.figures,
            &self.listing,
            rules,
        );
    }

    /// Plans again, for the case that what is on sale of these barcodes cannot be read.
    pub(super) fn blindly(&mut self, unread: &[Barcode]) {
        for barcode in unread {
            self.figures.entry(barcode.clone()).or_default().unread = true;
        }
        self.plan_again();
    }

    /// Plans again, without raising what was last read before a time.
    pub(super) fn looked_since(&mut self, time: DateTime<Utc>) {
        self.rules.looked_since = Some(time);
        self.plan_again();
    }

    #[must_use]
    pub fn entries(&self) -> &BTreeMap<Barcode, Entry> {
        &self.entries
    }

    /// How long deficits stand until they are raised whole.
    #[must_use]
    pub(crate) fn pace(&self) -> Pace {
        self.rules.pace
    }

    /// Whether the orders were read too long ago to raise stock.
    #[must_use]
    pub(crate) fn is_stale(&self) -> bool {
        self.rules.stale
    }

    /// What a pass would do if reading the orders brought nothing new.
    #[must_use]
    pub(crate) fn after_reading_orders(mut self) -> Self {
        self.rules.stale = false;
        self.rules.orders_read_at = Some(self.rules.now);
        self.plan_again();
        self
    }

    /// Records that could not be read, or not as they stand.
    #[must_use]
    pub fn data_warnings(&self) -> &[DataWarning] {
        &self.data_warnings
    }

    /// Who holds units that were shipped although nobody has taken them from the shelves.
    pub(crate) fn shipped_untaken(&self) -> impl Iterator<Item = (&Barcode, &Holder)> {
        self.reserved.shipped()
    }

    /// Checks that the plan does not take most of the shop off sale; it needs a plan of all barcodes.
    pub(crate) fn guard(&self) -> Result<(), guard::Zeroing> {
        guard::check(self.figures.iter().filter_map(|(barcode, figure)| {
            let qty = self.stock.get(barcode).copied().unwrap_or(0);
            Some((figure.on_sale()?, self.listing.there(barcode, qty)))
        }))
    }

    /// Whether a barcode would be set to zero because nothing of it is in the warehouse.
    pub(super) fn zeroes(&self) -> bool {
        self.figures.iter().any(|(barcode, figure)| {
            let qty = self.stock.get(barcode).copied().unwrap_or(0);
            figure.on_sale() > Some(0) && self.listing.there(barcode, qty) <= 0
        })
    }

    /// Every product with everything that led to what is done, by barcode.
    pub fn products(&self) -> impl Iterator<Item = PlannedItem> {
        self.entries.iter().map(|(barcode, entry)| {
            let figure = self.figures.get(barcode);
            let sent = figure.and_then(|figure| figure.sent);
            let refused = figure.and_then(|figure| figure.quarantine.as_ref());
            let kept_back = self.safety.saturating_add(entry.extra_buffer);

            PlannedItem {
                barcode: barcode.as_str().to_owned(),
                entry: entry.clone(),
                safety: if entry.made_to_order { 0 } else { kept_back },
                observed_at: figure
                    .and_then(|figure| figure.observed.as_ref())
                    .map(|observed| observed.at),
                deficit_since: entry.deficit.map(|deficit| deficit.since),
                sent: sent.map(|sent| sent.quantity),
                sent_at: sent.map(|sent| sent.at),
                refused: refused.map(|quarantine| quarantine.words.clone()),
                next: entry.verdict.into(),
                holders: self.reserved.holders(barcode).to_vec(),
            }
        })
    }
}

/// A product now, and what was sent of it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ProductHistory {
    /// The plan; null for a product that is neither in the warehouse nor on sale.
    pub(crate) now: Option<PlannedItem>,
    /// What was sent within the last days, the newest first.
    pub(crate) sent: Vec<SentFigure>,
}

impl ProductHistory {
    pub(crate) async fn read(
        store: &Store,
        barcode: &Barcode,
        rules: TrendyolStock,
        limit: i64,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let catalogue = store.catalogue().await?;
        let barcodes = std::slice::from_ref(barcode);
        let forecast = Forecast::of(store, &catalogue, Some(barcodes), rules, now).await?;

        Ok(Self {
            // Its other names may be planned, too.
            now: forecast
                .products()
                .find(|product| product.barcode == barcode.as_str()),
            sent: store.sent_figures(barcode.as_str(), limit).await?,
        })
    }
}

fn is_stale(read_at: Option<DateTime<Utc>>, most: Duration, now: DateTime<Utc>) -> bool {
    let most = TimeDelta::from_std(most).unwrap_or(TimeDelta::MAX);
    // Read in the future: the clock was set back, and nobody knows when that was.
    read_at.is_none_or(|at| now - at > most || at - now > CLOCKS_DIFFER)
}
