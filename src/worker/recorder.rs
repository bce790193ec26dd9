//! Writes results in groups: one statement for many orders, and none of them lost.
//!
//! A group is what has arrived while the group before it was written, so a result never waits
//! longer than one statement takes, and the slower the database the larger the groups. While the
//! database is away the results wait here. A row that the database refuses is singled out and held,
//! so that it cannot stop the others. What must stay true: nothing that was submitted is dropped.

mod lost;
mod own_orders;

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde_json::json;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

pub(crate) use self::own_orders::OwnOrder;
use self::{lost::Recent, own_orders::OwnOrders};
use super::{balance::Latest, wakeup::Wakeup};
use crate::{
    clock::Clock,
    metrics::METRICS,
    order::{Decision, EventKind, HoldReason, OrderId, Stage},
    store::{Balance, Outcome, Recorded, Restored, Store, StoreError},
    telemetry::chain,
};

/// Maximum number of results in one statement.
const GROUP: usize = 500;
/// Results that may wait; beyond it those who have some wait.
const WAITING: usize = 2 * GROUP;
/// Before a row that somebody holds is tried again.
const BUSY: Duration = Duration::from_millis(250);
/// Before a row that takes too long is tried again: each try holds up all the others.
const SLOW: Duration = Duration::from_mins(1);
/// How often it is checked that what was written is still there.
const LOOK_BACK: Duration = Duration::from_secs(30);
/// Between tries while the database is away.
const AWAY: Duration = Duration::from_millis(500);

/// Where results are submitted.
#[derive(Clone, Debug)]
pub(crate) struct Results {
    inbox: mpsc::Sender<Outcome>,
    known: Arc<OwnOrders>,
}

/// The one writer of results.
#[derive(Debug)]
pub struct Recorder {
    store: Store,
    clock: Arc<dyn Clock>,
    pub(super) checks: Arc<Wakeup>,
    pub(super) sends: Arc<Wakeup>,
    pub(super) settled: Arc<Wakeup>,
    pub(super) balances: Latest,
    inbox: mpsc::Receiver<Outcome>,
    /// Results whose shop row somebody held, and when they are tried again.
    busy: VecDeque<(Instant, Outcome)>,
    recent: Recent,
    known: Arc<OwnOrders>,
    /// When they are compared with the database next.
    look_back_at: Instant,
}

impl Results {
    /// Submits a result; waits when too many are waiting already.
    pub(crate) async fn submit(&self, mut outcome: Outcome) {
        let own = self.known.note(outcome.order);
        (outcome.known, outcome.at_work) = (Some(own.known), Some(own.at_work));
        if let Err(mpsc::error::SendError(outcome)) = self.inbox.send(outcome).await {
            tracing::error!(
                order = %outcome.order,
                reference = %outcome.reference,
                "a result came after the recorder had stopped; the panel will be asked again"
            );
        }
    }

    /// An order is being bought, for as long as what is returned lives.
    pub(crate) fn know(&self, order: OrderId) -> OwnOrder {
        self.known.note(order)
    }

    /// Whether a call about the order is under way here, or its result is not written yet.
    pub(crate) fn is_at_work(&self, order: OrderId) -> bool {
        self.known.is_at_work(order)
    }

    /// Whether an order that the database says is new is being bought here, or was. Its result is then written again.
    pub(crate) fn miss(&self, order: OrderId) -> bool {
        let known = self.known.has(order);
        if known {
            self.known.missed.notify_one();
        }
        known
    }
}

impl Recorder {
    /// A recorder, and the way to it.
    pub(super) fn new(store: Store, clock: Arc<dyn Clock>) -> (Self, Results) {
        let (results, inbox) = mpsc::channel(WAITING);
        let known = Arc::<OwnOrders>::default();
        let results = Results {
            inbox: results,
            known: Arc::clone(&known),
        };
        let recorder = Self {
            store,
            clock,
            checks: Arc::default(),
            sends: Arc::default(),
            settled: Arc::default(),
            balances: Latest::default(),
            inbox,
            busy: VecDeque::new(),
            recent: Recent::default(),
            known,
            look_back_at: Instant::now() + LOOK_BACK,
        };
        (recorder, results)
    }

    /// Writes until every [`Results`] is gone and nothing is left to write.
    pub(crate) async fn run(mut self) {
        let mut group = Vec::with_capacity(GROUP);
        loop {
            let open = self.gather(&mut group).await;
            self.write(std::mem::take(&mut group)).await;

            if !open && self.busy.is_empty() {
                // Nobody else will know what a failover of the last seconds took.
                self.look_back().await;
                if self.busy.is_empty() {
                    return;
                }
            }
            if self.look_back_at <= Instant::now() {
                self.look_back().await;
                self.look_back_at = Instant::now() + LOOK_BACK;
            }
        }
    }

    /// Writes what has arrived so far; for passes that are driven by hand.
    pub async fn drain(&mut self) {
        let mut group = Vec::new();
        while let Ok(outcome) = self.inbox.try_recv() {
            group.push(outcome);
        }
        // No later turn would try the busy ones again.
        group.extend(self.busy.drain(..).map(|(_, outcome)| outcome));
        self.write(group).await;
    }

    /// Writes what arrives while `work` is done, and the rest after it; for runs that are driven by hand.
    pub async fn write_during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let mut group = Vec::new();

        // Not after it alone: work that submits more than may wait here would wait for ever.
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                // A closed inbox is always ready, and would be asked again and again.
                count = self.inbox.recv_many(&mut group, GROUP), if !self.inbox.is_closed() => {
                    if count > 0 {
                        self.write(std::mem::take(&mut group)).await;
                    }
                }
            }
        };

        self.drain().await;
        done
    }

    /// Waits for results and takes all that are there. False when no more will come.
    async fn gather(&mut self, group: &mut Vec<Outcome>) -> bool {
        let again = self.busy.front().map(|(at, _)| *at);
        let open = tokio::select! {
            count = self.inbox.recv_many(group, GROUP) => count > 0,
            () = at(again) => true,
            () = sleep_until(self.look_back_at) => true,
            () = self.known.missed.notified() => {
                self.look_back_at = Instant::now();
                true
            }
        };
        // A closed inbox is always ready, so the wait for a busy row has to be here.
        if !open && let Some(again) = again {
            sleep_until(again).await;
        }

        let now = Instant::now();
        while self.busy.front().is_some_and(|(at, _)| *at <= now) && group.len() < GROUP {
            group.extend(self.busy.pop_front().map(|(_, outcome)| outcome));
        }
        open
    }

    /// Writes results, in as many statements as it takes.
    async fn write(&mut self, group: Vec<Outcome>) {
        let mut parts = VecDeque::from(once_each(group));
        let mut waited = false;
        while let Some(part) = parts.pop_front() {
            if part.is_empty() {
                continue;
            }

            match self.store.record(&part).await {
                Ok(recorded) => {
                    if std::mem::take(&mut waited) {
                        tracing::info!(results = part.len(), "results are written again");
                        // It may be another server that answers now, without the last of what was written. Asked
                        // before those that waited fill the memory.
                        let lost = self.lost(&part).await;
                        parts.extend(once_each(lost));
                    }
                    let restored = self.recorded(part, recorded).await;
                    parts.push_front(restored);
                }
                Err(error) if error.is_transient() => {
                    waited = true;
                    tracing::warn!(
                        results = part.len(),
                        error = chain(&error),
                        "results cannot be written now; they are kept and tried again"
                    );
                    if error.may_be_a_single_row() {
                        self.take_apart(part, &mut parts);
                    } else {
                        // In front: the results of one order are written in the order in which they came.
                        parts.push_front(part);
                    }
                    sleep(AWAY).await;
                }
                Err(error) => parts.extend(single_out(part, &error)),
            }
        }
    }

    /// After a group that took too long, or met a row that cannot be read: halves of it, and one that stands alone
    /// is tried again behind the others.
    fn take_apart(&mut self, mut part: Vec<Outcome>, parts: &mut VecDeque<Vec<Outcome>>) {
        if part.len() > 1 {
            let half = part.split_off(part.len() / 2);
            parts.push_front(half);
            parts.push_front(part);
            return;
        }

        for outcome in part {
            tracing::error!(
                order = %outcome.order,
                reference = %outcome.reference,
                "the database does not manage to write the result of this order; it is kept and tried again"
            );
            self.again_in(SLOW, outcome);
        }
    }

    /// Acts on what became of a group. Returns those whose claims were restored; they can be written now.
    async fn recorded(&mut self, group: Vec<Outcome>, recorded: Vec<Recorded>) -> Vec<Outcome> {
        let (mut late, mut restored) = (Vec::new(), Vec::new());
        let now = self.clock.now();
        let size = u32::try_from(group.len()).unwrap_or(u32::MAX);
        METRICS.group_size.observe(f64::from(size));

        for (mut outcome, recorded) in group.into_iter().zip(recorded) {
            match recorded {
                Recorded::Done {
                    held,
                    found,
                    row_gone,
                } => {
                    measure(&outcome, held, now);
                    self.done(&outcome, held.map(|why| (why, found)), row_gone);
                    self.recent.keep(outcome);
                }
                // Counted and reported when it was written.
                Recorded::Before => self.recent.keep(outcome),
                Recorded::LeaseLost => late.push(outcome),
                Recorded::Forgotten => {
                    self.recent.complete(&mut outcome);
                    match self.restore(&outcome).await {
                        Restored::Claimed { .. } => restored.push(outcome),
                        Restored::Busy => self.again(outcome),
                        Restored::Nothing => late.push(outcome),
                    }
                }
                Recorded::Busy => self.again(outcome),
            }
        }

        self.late_answers(late).await;
        restored
    }

    /// Tries it again a little later.
    fn again(&mut self, outcome: Outcome) {
        self.again_in(BUSY, outcome);
    }

    fn again_in(&mut self, delay: Duration, outcome: Outcome) {
        let at = Instant::now() + delay;
        let place = self.busy.partition_point(|(other, _)| *other <= at);
        self.busy.insert(place, (at, outcome));
    }

    fn done(
        &self,
        outcome: &Outcome,
        contradicts: Option<(HoldReason, Option<String>)>,
        row_gone: bool,
    ) {
        let decision = &outcome.decision;
        if let Some(due) = decision.due_at {
            let wakeup = match decision.watched.stage {
                Stage::Queued => &self.sends,
                _ => &self.checks,
            };
            wakeup.due(due);
        }
        if decision.watched.stage.is_final() {
            self.settled.wake();
        }
        if let Some(amount) = decision.balance {
            // Noted, not written: a hundred purchases in a second would write one row as often.
            self.balances.tell(Balance {
                integration: outcome.integration,
                amount,
                at: outcome.at,
            });
        }

        if let Some((HoldReason::RowLost, _)) = contradicts {
            tracing::error!(
                order = %outcome.order,
                reference = %outcome.reference,
                panel = decision.event.as_str(),
                "the order has ended at the panel, and the database has lost the shop's row; it is held for review"
            );
            return;
        }
        // What was decided here did not happen, so it is not reported below.
        if let Some((reason, status)) = contradicts {
            tracing::warn!(
                order = %outcome.order,
                reference = %outcome.reference,
                reason = reason.as_str(),
                shop = status,
                panel = decision.event.as_str(),
                "staff had decided the order otherwise; it is held for review and the shop's row stays"
            );
            return;
        }

        say(outcome);
        if row_gone {
            tracing::warn!(
                order = %outcome.order,
                reference = %outcome.reference,
                "the shop's row is gone; the order is kept in orderwatch"
            );
        }
    }
}

/// Counts a result that was written.
fn measure(outcome: &Outcome, contradicts: Option<HoldReason>, now: DateTime<Utc>) {
    let decision = &outcome.decision;
    let between = |from: DateTime<Utc>, to: DateTime<Utc>| (to - from).to_std().unwrap_or_default();
    let delay = between(outcome.at, now);
    METRICS.record_delay.observe(delay.as_secs_f64());

    if let Some(reason) = contradicts {
        METRICS.result(if reason == HoldReason::RowLost {
            decision.event
        } else {
            EventKind::Contradiction
        });
        METRICS.result(EventKind::Held);
        METRICS.held(reason);
        return;
    }

    METRICS.result(decision.event);
    if let Some(reason) = decision.held {
        METRICS.held(reason);
    }

    let watched = &decision.watched;
    METRICS.settled(watched.stage);
    if let (Stage::Completed, Some(sent)) = (watched.stage, watched.sent_at) {
        METRICS.completed(outcome.integration, between(sent, outcome.at));
    }
}

/// Sleeps until then; for ever without a time.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Splits results into groups that name no order twice.
fn once_each(group: Vec<Outcome>) -> Vec<Vec<Outcome>> {
    // One UPDATE changes a row once: of two results in it, one would be lost.
    let mut parts = Vec::new();
    let mut rest = group;
    while !rest.is_empty() {
        let mut seen = HashSet::new();
        let (part, more) = rest
            .into_iter()
            .partition(|outcome: &Outcome| seen.len() < GROUP && seen.insert(outcome.order));
        parts.push(part);
        rest = more;
    }

    parts
}

/// After a refusal of the data: halves, until the order is found that is refused; that one is held.
fn single_out(mut part: Vec<Outcome>, error: &StoreError) -> Vec<Vec<Outcome>> {
    if part.len() > 1 {
        // Nine steps find one of 500, and the others are written on the way.
        let half = part.split_off(part.len() / 2);
        return vec![part, half];
    }

    part.into_iter()
        .filter_map(|outcome| refused(outcome, error))
        .map(|outcome| vec![outcome])
        .collect()
}

/// The same result without what the shop's row would say. `None` when even that was refused.
fn refused(mut outcome: Outcome, error: &StoreError) -> Option<Outcome> {
    tracing::error!(
        order = %outcome.order,
        reference = %outcome.reference,
        error = chain(error),
        "the database refuses the result of this order"
    );

    let decision = outcome.decision;
    // Nothing is left that could be taken out.
    decision.shop.as_ref()?;

    let goes_on = decision.due_at.is_some() && decision.reroute.is_none();
    if goes_on {
        // Only the shop does not hear of it: the order is watched on, and its end held if need be.
        outcome.detail = json!({ "database": error.words(), "evidence": outcome.detail });
        outcome.decision = Decision {
            shop: None,
            ..decision
        };
        return Some(outcome);
    }

    // An end that the shop does not learn of needs a person; what the panel sent is kept with us.
    let mut watched = decision.watched;
    watched.stage = Stage::Held;
    outcome.decision = Decision {
        watched,
        held: Some(HoldReason::ShopRowRefused),
        due_at: None,
        pin: decision.pin,
        cost: decision.cost,
        balance: decision.balance,
        shop: None,
        reroute: None,
        refusal: None,
        event: EventKind::Held,
    };
    outcome.detail = json!({
        "reason": HoldReason::ShopRowRefused.as_str(),
        "result": decision.event.as_str(),
        "database": error.words(),
        "evidence": outcome.detail,
    });

    Some(outcome)
}

/// One sentence per step of an order.
fn say(outcome: &Outcome) {
    let decision = &outcome.decision;
    macro_rules! say {
        ($level:ident, $sentence:literal) => {
            tracing::$level!(
                order = %outcome.order,
                reference = %outcome.reference,
                integration = %outcome.integration,
                stage = decision.watched.stage.as_str(),
                attempts = decision.watched.attempts,
                $sentence
            )
        };
    }

    match decision.event {
        EventKind::Accepted => say!(info, "the panel accepted the order"),
        EventKind::Refused => say!(warn, "the panel refused the order; nothing was bought"),
        EventKind::FellBack => say!(
            warn,
            "the panel refused the order; it goes to the fallback panel"
        ),
        EventKind::NotSent => say!(warn, "the order could not be sent; it stays queued"),
        EventKind::Unsure => say!(warn, "no sure answer to the purchase; asking the panel"),
        EventKind::CodeMissing => say!(
            warn,
            "the panel says delivered without the code of this product; asking again"
        ),
        EventKind::Processing => say!(info, "the panel is working on the order"),
        EventKind::Completed => say!(info, "the order is completed"),
        EventKind::Cancelled => say!(warn, "the panel cancelled the order"),
        EventKind::TimedOut => say!(warn, "the order timed out and needs review"),
        EventKind::Held => say!(warn, "the order is held and needs review"),
        EventKind::Resend => say!(warn, "the order is sent again with the same reference"),
        EventKind::NotKnown => say!(warn, "the panel says that it does not know the order"),
        EventKind::CheckFailed => say!(info, "the panel could not be asked; asking again"),
        _ => say!(debug, "asked; nothing new"),
    }
}
