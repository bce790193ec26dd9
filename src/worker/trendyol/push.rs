//! A pass over the whole catalogue, and the turns between two of them over what is watched.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{Followed, Forecast, Reconciler, chain, send::Sent};
use crate::{
    marketplace::Barcode,
    stock::{
        Oddity,
        listing::ShelfRule,
        pace::Settle,
        rule::{Verdict, Wait},
        second_pusher::OnSecondPusher,
        shelf,
    },
    store::PushLog,
    worker::job::{Job, JobError},
};

/// Barcodes of one round of a pass: ten questions, two seconds at Trendyol's pace.
const PAGE: usize = 500;
/// Barcodes of one turn; those that were looked at longest ago come first in the next.
const TURN: i64 = 500;
/// Turns after a pass, until nothing is left that can be sent now.
const TURNS: usize = 8;
/// Barcodes that a pass looks at a second: three questions of Trendyol's five, the rest is for the turns.
const LOOKS_PER_SECOND: u64 = 150;
/// Every barcode is looked at at least this often.
const SEEN_WITHIN: Duration = Duration::from_hours(1);
/// The job.
pub(super) const PUSH_STOCK: &str = "push-stock";
/// Records named in a report.
const NAMED: usize = 20;
/// What `stock_push_log` says until a pass or a turn has ended.
const UNENDED: &str = "it has not ended; unless it is under way, its process was killed";
/// Characters of `stock_push_log.error_message`.
const MESSAGE: usize = 2000;

/// How stock is sent.
#[derive(Clone, Copy, Debug)]
pub struct PushRules {
    /// Items of one request.
    pub batch_size: usize,
    /// Units of each product that are never put on sale.
    pub safety_stock: u32,
    /// Whether a product is sold that no shelf has.
    pub shelves: ShelfRule,
    /// What follows when somebody else sends stock.
    pub on_second_pusher: OnSecondPusher,
    /// The oldest view of the orders by which stock may be raised.
    pub max_order_age: Duration,
    /// How long a deficit stands until it is raised whole.
    pub settle: Settle,
    /// From one pass over the catalogue to the next.
    pub interval: Duration,
    /// Whether more than half of what is on sale may be set to zero.
    pub force: bool,
}

/// The job `push-stock`.
pub struct PushStock(pub Arc<Reconciler>);

/// What a pass or a turn did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Pushed {
    /// Barcodes that were planned.
    pub barcodes: usize,
    /// Units of them that are held for orders.
    pub reserved: u64,
    /// Items that Trendyol took.
    pub items: usize,
    /// Their units.
    pub units: i64,
    /// Requests that Trendyol took.
    pub batches: usize,
    /// All requests about stock: pushes, looks and results.
    pub requests: usize,
    /// Barcodes that were looked at.
    pub looks: usize,
    /// Barcodes that wait, by the reason.
    pub waiting: HashMap<&'static str, usize>,
    /// Whether the view of the orders was too old to raise stock.
    pub stale: bool,
    /// Records that could not be read; the first ones.
    pub oddities: Vec<Oddity>,
    /// What went wrong.
    pub troubles: Vec<String>,
    /// The barcodes that were planned: units that are held, and why they wait.
    #[serde(skip)]
    planned: HashMap<Barcode, (u64, Option<&'static str>)>,
    /// Whether more is watched than one turn looks at.
    #[serde(skip)]
    pub(super) is_full: bool,
    /// How long sending took.
    #[serde(skip)]
    sending: Duration,
    /// The row of `stock_push_log`.
    #[serde(skip)]
    row: Option<i32>,
}

impl Reconciler {
    /// Looks at the catalogue and sends what differs, then takes turns until nothing is left that can be
    /// sent now. `whole`: all of it, however long that takes; otherwise as much as fits into the interval,
    /// what was looked at longest ago first.
    ///
    /// # Errors
    /// [`JobError`] when it could not send everything that it should; what it sent stands.
    pub async fn pass(&self, whole: bool) -> Result<Pushed, JobError> {
        let mut pushed = Pushed::default();
        let result = self.pages(whole, &mut pushed).await;
        self.end(result, pushed, true).await
    }

    /// Looks at what is watched, and sends what differs. `None` where nothing is watched.
    ///
    /// # Errors
    /// [`JobError`] as of a pass.
    pub async fn turn(&self) -> Result<Option<Pushed>, JobError> {
        let mut pushed = Pushed::default();
        let result = self.watched(&mut pushed).await;
        if let Ok(0) = result {
            return Ok(None);
        }
        self.end(result.map(drop), pushed, false).await.map(Some)
    }

    async fn pages(&self, whole: bool, pushed: &mut Pushed) -> Result<(), JobError> {
        let followed = self.seller().follow().await?;
        pushed.learn(followed);
        self.read_orders(pushed).await?;
        for page in self.barcodes(whole).await?.chunks(PAGE) {
            self.round(page, true, pushed).await?;
        }
        for _ in 0..TURNS {
            let before = pushed.items;
            let watched = self.watched(pushed).await?;
            if watched == 0 || pushed.items == before {
                break;
            }
        }
        Ok(())
    }

    /// Takes a turn. Returns how many barcodes are watched.
    async fn watched(&self, pushed: &mut Pushed) -> Result<usize, JobError> {
        let seller = self.seller();
        let now = seller.clock.now();
        let watched = seller.store.watched_items(now, TURN).await?;
        if watched.is_empty() {
            return Ok(0);
        }
        pushed.is_full = watched.len() == usize::try_from(TURN).unwrap_or(usize::MAX);

        let catalogue = self.catalogue(now).await?;
        let barcodes = watched.iter().flat_map(|barcode| {
            let main = Barcode::parse(&catalogue.names.main(barcode.as_str())).ok();
            [Some(barcode.clone()), main]
        });
        let barcodes: BTreeSet<Barcode> = barcodes.flatten().collect();
        let barcodes: Vec<Barcode> = barcodes.into_iter().collect();
        // Lowered before the orders are read, which may take a while.
        let round = self.round(&barcodes, false, pushed).await?;
        if !round.wants_orders.is_empty() {
            self.read_orders(pushed).await?;
            self.round(&round.wants_orders, false, pushed).await?;
        }
        Ok(watched.len())
    }

    /// The barcodes of a pass, those first that were looked at longest ago.
    async fn barcodes(&self, whole: bool) -> Result<Vec<Barcode>, JobError> {
        let store = &self.seller().store;
        let catalogue = self.catalogue(self.seller().clock.now()).await?;
        let (stock, _) = shelf::read(store.stock_and_shelves().await?.0);
        let mut seen_at = HashMap::new();
        let mut barcodes: BTreeSet<Barcode> = stock.into_keys().collect();
        let made = catalogue
            .listing
            .rules
            .iter()
            .filter(|rule| rule.made_to_order);
        barcodes.extend(made.filter_map(|rule| Barcode::parse(&rule.barcode).ok()));
        for item in store.known_items().await? {
            if item.on_sale > 0 || item.is_open {
                barcodes.insert(item.barcode.clone());
            }
            seen_at.insert(item.barcode, item.observed_at);
        }

        let mut barcodes: Vec<Barcode> = barcodes.into_iter().collect();
        barcodes.sort_by_cached_key(|barcode| seen_at.get(barcode).copied().flatten());
        if !whole {
            barcodes.truncate(budget(barcodes.len(), self.rules.interval));
        }
        Ok(barcodes)
    }

    async fn end(
        &self,
        result: Result<(), JobError>,
        mut pushed: Pushed,
        always: bool,
    ) -> Result<Pushed, JobError> {
        pushed.warn();
        let result = match result {
            Ok(()) if pushed.troubles.is_empty() => Ok(()),
            Ok(()) => Err(JobError::Partly(pushed.troubles.join("; "))),
            Err(error) => Err(error),
        };
        let error = result.as_ref().err().map(|error| chain(error));
        let logged = self.log(&pushed, error, always).await;
        result?;
        logged?;
        Ok(pushed)
    }

    /// Writes into `stock_push_log` how it ended. One that sent nothing is written down only if it is
    /// `always` written: a turn that fails is repeated within seconds, and the next pass says so, too.
    async fn log(
        &self,
        pushed: &Pushed,
        error: Option<String>,
        always: bool,
    ) -> Result<(), JobError> {
        if pushed.row.is_none() && !always {
            return Ok(());
        }
        let seller = self.seller();
        let row = pushed.logged(seller.clock.now(), error);
        seller.store.log_push(pushed.row, &row).await?;
        Ok(())
    }
}

/// How many barcodes a pass looks at.
fn budget(all: usize, interval: Duration) -> usize {
    let fits = interval.as_secs().saturating_mul(LOOKS_PER_SECOND);
    let passes = (SEEN_WITHIN.as_secs() / interval.as_secs().max(1)).max(1);
    let share = all.div_ceil(usize::try_from(passes).unwrap_or(1));
    usize::try_from(fits)
        .unwrap_or(usize::MAX)
        .max(share)
        .max(1)
}

impl Pushed {
    pub(super) fn note(&mut self, round: &Forecast) {
        for (barcode, entry) in &round.plan().entries {
            let waits = match entry.verdict {
                Verdict::Wait(wait) => Some(reason(wait)),
                Verdict::InSync | Verdict::Send { .. } => None,
            };
            // All names of a product show the same units.
            let is_main = entry.reserved == 0 || round.reserved.is_main(barcode);
            self.count(barcode, if is_main { entry.reserved } else { 0 }, waits);
        }
        self.waiting.retain(|_, barcodes| *barcodes > 0);
        self.stale = round.is_stale();
        for oddity in round.oddities() {
            if !self.oddities.contains(oddity) {
                self.oddities.push(oddity.clone());
            }
        }
    }

    /// What is planned again in the same pass counts once, as it was planned last.
    fn count(&mut self, barcode: &Barcode, reserved: u64, waits: Option<&'static str>) {
        let before = self.planned.insert(barcode.clone(), (reserved, waits));
        let (held, waited) = before.unwrap_or_default();
        self.barcodes = self.planned.len();
        self.reserved = self.reserved.saturating_sub(held).saturating_add(reserved);
        if let Some(barcodes) = waited.and_then(|reason| self.waiting.get_mut(reason)) {
            *barcodes = barcodes.saturating_sub(1);
        }
        if let Some(reason) = waits {
            *self.waiting.entry(reason).or_default() += 1;
        }
    }

    /// Once in a pass, however many rounds it took.
    fn warn(&mut self) {
        let more = self.oddities.len().saturating_sub(NAMED);
        self.oddities.truncate(NAMED);
        for oddity in &self.oddities {
            tracing::warn!(%oddity, "a record that stock depends on is not as it should be");
        }
        if more > 0 {
            tracing::warn!(more, "`orderwatch stock plan` names them all");
        }
    }

    fn learn(&mut self, followed: Followed) {
        self.requests += followed.asked;
        for (barcode, words) in followed.refused {
            self.trouble(format!("Trendyol refuses {barcode}: {words}"));
        }
        for text in followed.troubles {
            self.trouble(format!("a result could not be read: {text}"));
        }
    }

    /// What is sent next is written down together with what was sent before: were the process killed
    /// then, the row would say so.
    pub(super) fn begin(&self, now: DateTime<Utc>) -> Sent {
        Sent {
            row: self.row,
            log: self.logged(now, Some(UNENDED.to_owned())),
            ..Sent::default()
        }
    }

    /// The row of `stock_push_log` by what was sent so far.
    fn logged(&self, now: DateTime<Utc>, error: Option<String>) -> PushLog {
        PushLog {
            push_time: now,
            total_items: i32::try_from(self.items).unwrap_or(i32::MAX),
            total_quantity: i32::try_from(self.units).unwrap_or(i32::MAX),
            reserved_quantity: i32::try_from(self.reserved).unwrap_or(i32::MAX),
            batch_count: i32::try_from(self.batches).unwrap_or(i32::MAX),
            success: error.is_none(),
            error_message: error.map(|text| text.chars().take(MESSAGE).collect()),
            duration_seconds: Some(self.sending.as_secs_f64()),
        }
    }

    pub(super) fn add(&mut self, sent: &mut Sent, took: Duration) {
        self.row = sent.row;
        self.items += sent.items;
        self.units += sent.units;
        self.batches += sent.batches;
        self.requests += sent.requests;
        if sent.requests > 0 {
            self.sending += took;
        }
        for text in sent.troubles.drain(..) {
            self.trouble(text);
        }
    }

    pub(super) fn trouble(&mut self, text: String) {
        if !self.troubles.contains(&text) {
            self.troubles.push(text);
        }
    }
}

fn reason(wait: Wait) -> &'static str {
    match wait {
        Wait::UnderWay { .. } => "under_way",
        Wait::Settling { .. } => "settling",
        Wait::OrdersToRead => "orders_to_read",
        Wait::StaleOrders => "stale_orders",
        Wait::Unseen => "unseen",
        Wait::NotListed => "not_listed",
        Wait::Contradictory => "contradictory",
        Wait::Quarantined { .. } => "quarantined",
        Wait::Repeated { .. } => "repeated",
    }
}

#[async_trait]
impl Job for PushStock {
    fn name(&self) -> &'static str {
        PUSH_STOCK
    }

    async fn run(&self) -> Result<Value, JobError> {
        Ok(serde_json::to_value(self.0.pass(false).await?)?)
    }
}
