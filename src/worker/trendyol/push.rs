//! Stock: what changed in the warehouse or was sold elsewhere goes to Trendyol.
//!
//! A pass goes round until it has nothing left to send. Each round reads the orders first, looks at
//! every difference before it sends it (Trendyol has counted its own sales already, and a push
//! overwrites those that it has not told of), sends, and waits a moment for the results. The next
//! round finds what was sold meanwhile and lowers it at once. Orders become known a little after they
//! were taken, so the last push of a pass is followed by one more look at them.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{Followed, Forecast, Pull, Seller, chain, send::Sent};
use crate::{
    marketplace::{Barcode, MAX_READ_BACK},
    stock::{
        Oddity,
        listing::ShelfRule,
        plan::{Plan, Verdict, Why},
        second_pusher::{Look, OnSecondPusher},
    },
    store::PushLog,
    worker::periodic::{JobError, Pass},
};

/// Rounds of one pass: two for sales, more for an import.
const ROUNDS: usize = 40;
/// How often a pass waits for orders that may have been overtaken: in a busy store it would never end.
const LATE_LOOKS: usize = 3;
/// Differences that one round looks at: more would take so long that the view of the orders grows old.
const LOOKS: usize = 1000;
/// Products that a pass looks at although they seem right: one request.
const SPOT_CHECK: usize = MAX_READ_BACK;
/// What was confirmed later is not looked at again: a second pusher needs its time, too.
const SPOT_CHECK_AFTER: TimeDelta = TimeDelta::minutes(15);
/// How long a round waits for results; what comes later is found by the next pass.
const PATIENCE: TimeDelta = TimeDelta::seconds(20);
/// The job.
pub(super) const PUSH_STOCK: &str = "push-stock";
/// Records named in a report.
const NAMED: usize = 20;
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
    /// From the last push of a pass to one more look at the orders.
    pub look_again_after: Duration,
    /// Whether more than half of what is on sale may be set to zero.
    pub force: bool,
}

/// The job `push-stock`.
pub struct PushStock {
    pull: Arc<Pull>,
    rules: PushRules,
}

/// What a round did.
struct Round {
    /// Requests that Trendyol took.
    batches: usize,
    /// Differences that were looked at.
    looks: usize,
    /// Whether there is more to do.
    goes_on: bool,
    /// Whether sales that are not known yet may have been overwritten, or would be.
    is_early: bool,
}

/// What a pass did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Pushed {
    /// Bar codes that were looked at.
    pub barcodes: usize,
    /// Units that are held for orders.
    pub reserved: u64,
    /// Items that Trendyol took.
    pub items: usize,
    /// Their units.
    pub units: i64,
    /// Requests that Trendyol took.
    pub batches: usize,
    /// All requests about stock: pushes, read-backs and results.
    pub requests: usize,
    /// Bar codes that were read back.
    pub read_back: usize,
    /// Items whose result came within the pass: on sale.
    pub confirmed: usize,
    /// Bar codes that wait, by the reason.
    pub waiting: HashMap<&'static str, usize>,
    /// Bar codes of which Trendyol has sold more than the orders tell of.
    pub missing: usize,
    /// Whether the view of the orders was too old to raise stock.
    pub stale: bool,
    /// Records that could not be read; the first ones.
    pub oddities: Vec<Oddity>,
    /// What went wrong.
    pub troubles: Vec<String>,
}

impl PushStock {
    /// `pull` reads the orders before each round.
    #[must_use]
    pub fn new(pull: Arc<Pull>, rules: PushRules) -> Self {
        Self { pull, rules }
    }

    pub(super) fn on_second_pusher(&self) -> OnSecondPusher {
        self.rules.on_second_pusher
    }

    pub(super) fn seller(&self) -> &Seller {
        self.pull.seller()
    }

    /// Runs a pass and writes it into `stock_push_log`. Nobody else may send meanwhile: whoever runs it
    /// has the lead of this job.
    ///
    /// # Errors
    /// [`JobError`] when it could not send everything that it should; what it sent stands.
    pub async fn run(&self) -> Result<Pushed, JobError> {
        let seller = self.seller();
        if seller.store.log_cut_off_push().await? {
            tracing::warn!("the last pass that sent stock was cut off before its end");
        }
        let began = Instant::now();
        let mut pushed = Pushed::default();
        let result = self.rounds(&mut pushed).await;
        pushed.warn();
        let result = match result {
            Ok(()) if pushed.troubles.is_empty() => Ok(()),
            Ok(()) => Err(JobError::Partly(pushed.troubles.join("; "))),
            Err(error) => Err(error),
        };
        let error = result.as_ref().err().map(|error| chain(error));
        let row = PushLog {
            push_time: seller.clock.now(),
            total_items: i32::try_from(pushed.items).unwrap_or(i32::MAX),
            total_quantity: i32::try_from(pushed.units).unwrap_or(i32::MAX),
            reserved_quantity: i32::try_from(pushed.reserved).unwrap_or(i32::MAX),
            batch_count: i32::try_from(pushed.batches).unwrap_or(i32::MAX),
            success: result.is_ok(),
            error_message: error.map(|text| text.chars().take(MESSAGE).collect()),
            duration_seconds: Some(began.elapsed().as_secs_f64()),
        };
        let logged = seller.store.log_push(&row).await;
        result?;
        logged?;
        Ok(pushed)
    }

    pub(super) async fn forecast(&self, now: DateTime<Utc>) -> Result<Forecast, JobError> {
        Ok(Forecast::read(&self.seller().store, self.rules, now).await?)
    }

    async fn rounds(&self, pushed: &mut Pushed) -> Result<(), JobError> {
        let followed = self.seller().follow().await?;
        pushed.learn(followed);
        let (mut is_early, mut late_looks) = (false, 0);
        for number in 0..ROUNDS {
            self.read_orders(pushed).await?;
            self.may_send().await?;
            if number == 0 {
                self.spot_check(pushed).await?;
            }
            let round = self.round(pushed).await?;
            if round.batches > 0 {
                self.await_results(pushed).await?;
            }
            is_early |= round.is_early;
            if round.goes_on && round.batches + round.looks > 0 {
                continue;
            }
            if !is_early || late_looks == LATE_LOOKS {
                break;
            }
            late_looks += 1;
            is_early = false;
            self.seller().rest.rest(self.rules.look_again_after).await;
            let followed = self.seller().follow().await?;
            pushed.learn(followed);
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

    /// Looks at some differences, and sends those that are none of Trendyol's own sales.
    async fn round(&self, pushed: &mut Pushed) -> Result<Round, JobError> {
        let seller = self.seller();
        let mut forecast = self.forecast(seller.clock.now()).await?;
        pushed.note(&forecast);
        if !forecast.reserved.accounted.is_empty() {
            let packages = &forecast.reserved.accounted;
            let now = seller.clock.now();
            seller.store.packages_were_taken(packages, now).await?;
        }
        let mut checks = forecast.plan().checks(&forecast.view.known);
        let more = checks.len() > LOOKS;
        checks.truncate(LOOKS);
        if !checks.is_empty() {
            let looks = self.look(&mut forecast, &checks, pushed).await?;
            self.judge(looks, false, &forecast, pushed).await?;
            forecast.plan_again();
        }
        pushed.wait(forecast.plan());
        // After looking: what was sold and picked since the last pass is not on sale any more.
        if !self.rules.force {
            forecast.guard()?;
        }
        let mut sent = Sent::default();
        let sends = forecast.plan().sends(&forecast.view.known);
        seller
            .send(&sends, self.rules.batch_size, &mut sent)
            .await?;
        let batches = sent.batches;
        let raised = sent.requests > 0 && sends.iter().any(|(_, units)| *units > 0);
        let is_early = raised || forecast.plan().waits(Why::JustSeen);
        pushed.add(&mut sent);
        Ok(Round {
            batches,
            looks: checks.len(),
            // What was sent may have overtaken sales; what was not looked at still waits.
            goes_on: batches > 0 || (more && !forecast.rules.blind),
            is_early,
        })
    }

    /// Looks at products that seem right, those first that were looked at longest ago: what somebody
    /// else sends shows nowhere else.
    async fn spot_check(&self, pushed: &mut Pushed) -> Result<(), JobError> {
        let seller = self.seller();
        let now = seller.clock.now();
        let mut forecast = self.forecast(now).await?;
        let known = forecast.view.known.iter();
        let mut old: Vec<(DateTime<Utc>, Barcode)> = known
            .filter(|(_, known)| known.open.is_none() && known.quarantine.is_none())
            .filter_map(|(barcode, known)| Some((known.confirmed?.1, barcode.clone())))
            .filter(|(at, _)| now - *at >= SPOT_CHECK_AFTER)
            .collect();
        old.sort();
        old.truncate(SPOT_CHECK);
        if old.is_empty() {
            return Ok(());
        }
        let sample: Vec<Barcode> = old.into_iter().map(|(_, barcode)| barcode).collect();
        let looks = self.look(&mut forecast, &sample, pushed).await?;
        self.judge(looks, true, &forecast, pushed).await
    }

    /// Looks at differences before they are sent.
    async fn look(
        &self,
        forecast: &mut Forecast,
        checks: &[Barcode],
        pushed: &mut Pushed,
    ) -> Result<Vec<Look>, JobError> {
        let view = forecast.rules.now;
        let known = &mut forecast.view.known;
        match self.seller().read_back(checks, known, view).await {
            Ok(compared) => {
                pushed.requests += compared.requests;
                pushed.read_back += compared.asked;
                return Ok(compared.looks);
            }
            Err(error @ JobError::Store(_)) => return Err(error),
            Err(error) => {
                pushed.trouble(format!("what is on sale could not be read: {error}"));
                forecast.rules.blind = true;
            }
        }
        Ok(Vec::new())
    }

    /// Waits a moment for the results of what was sent.
    async fn await_results(&self, pushed: &mut Pushed) -> Result<(), JobError> {
        let seller = self.seller();
        let patience = seller.clock.now() + PATIENCE;
        while let Some(look_at) = seller.store.next_batch_look().await? {
            if look_at > patience {
                return Ok(());
            }
            let wait = (look_at - seller.clock.now()).to_std().unwrap_or_default();
            seller.rest.rest(wait).await;
            let followed = seller.follow().await?;
            pushed.learn(followed);
        }
        Ok(())
    }
}

impl Pushed {
    fn note(&mut self, round: &Forecast) {
        self.barcodes = round.shelves.len();
        self.reserved = round.reserved.total();
        self.stale = round.rules.stale;
        self.oddities.clone_from(&round.view.oddities);
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

    fn wait(&mut self, plan: &Plan) {
        self.waiting.clear();
        self.missing = plan
            .entries
            .values()
            .filter(|entry| entry.missing > 0)
            .count();
        for entry in plan.entries.values() {
            if let Verdict::Wait(why) = entry.verdict {
                *self.waiting.entry(reason(why)).or_default() += 1;
            }
        }
    }

    fn learn(&mut self, followed: Followed) {
        self.requests += followed.asked;
        self.confirmed += followed.confirmed;
        for (barcode, words) in followed.refused {
            self.trouble(format!("Trendyol refuses {barcode}: {words}"));
        }
        for text in followed.troubles {
            self.trouble(format!("a result could not be read: {text}"));
        }
    }

    fn add(&mut self, sent: &mut Sent) {
        self.items += sent.items;
        self.units += sent.units;
        self.batches += sent.batches;
        self.requests += sent.requests;
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

fn reason(why: Why) -> &'static str {
    match why {
        Why::InFlight => "in_flight",
        Why::Unknown => "unknown",
        Why::Quarantined { .. } => "quarantined",
        Why::StaleOrders => "stale_orders",
        Why::Repeated { .. } => "repeated",
        Why::Unseen => "unseen",
        Why::JustSeen => "just_seen",
    }
}

#[async_trait]
impl Pass for PushStock {
    fn name(&self) -> &'static str {
        PUSH_STOCK
    }

    async fn pass(&self) -> Result<Value, JobError> {
        Ok(serde_json::to_value(self.run().await?)?)
    }
}
