//! Results: `src/store/record.rs`, `src/store/record_shop.rs` and `src/store/sql/record_shop.sql`.

use secrecy::ExposeSecret;

use super::{
    Flaw,
    database::{Database, Purchase, ShopRow, Token, Tracked},
    setting::At,
    tally::Path,
};
use crate::order::{
    Decision, EventKind, ExternalStatus, HoldReason, PIN_CHARS, Reference, ShopChange, Stage,
};

/// `store::SURE_OF_CODE`.
const SURE_OF_CODE: u32 = 3;

/// `store::Outcome`.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) order: usize,
    pub(super) panel: usize,
    pub(super) reference: Reference,
    pub(super) token: Token,
    pub(super) decision: Decision,
    pub(super) at: At,
    /// Whether it has a package: we sent it ourselves.
    pub(super) ours: bool,
    /// Where the decision sends an order that was refused.
    pub(super) reroute: Option<usize>,
    pub(super) sent_by: Option<At>,
}

/// `store::Recorded`, and that the shop's database refused the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    Done,
    Before,
    LeaseLost,
    Forgotten,
    Busy,
    Refused,
}

/// What the part `free` of `record_shop.sql` finds out.
#[derive(Clone, Copy)]
struct Found {
    row_gone: bool,
    fits: bool,
    ends: bool,
    contradiction: Option<HoldReason>,
}

impl Database {
    /// `Store::record`, of one outcome.
    pub(super) fn record(&mut self, outcome: &Outcome) -> Recorded {
        let has_lease = self.orders[outcome.order]
            .as_ref()
            .is_some_and(|it| it.lease == Some(outcome.token))
            || self.has(Flaw::RecordWithoutToken) && self.orders[outcome.order].is_some();

        if outcome.decision.shop.is_none() {
            if has_lease {
                let found = Found {
                    row_gone: false,
                    fits: false,
                    ends: false,
                    contradiction: None,
                };
                self.record_tracked(outcome, found);
                return Recorded::Done;
            }
            return self.unwritten(outcome);
        }

        let row = &self.rows[outcome.order];
        let refuses = row.refuses && row.exists;
        if row.exists && !self.is_free(outcome.order) || !has_lease {
            return self.unwritten(outcome);
        }
        if refuses {
            self.tally.path(Path::RowRefused);
            return Recorded::Refused;
        }
        self.record_with_shop(outcome);
        Recorded::Done
    }

    /// `Store::unwritten`: why.
    fn unwritten(&mut self, outcome: &Outcome) -> Recorded {
        let Some(tracked) = &self.orders[outcome.order] else {
            return Recorded::Forgotten;
        };
        let before = tracked.recorded == Some(outcome.token);
        let ours = tracked.lease == Some(outcome.token);
        match (before, ours) {
            (true, _) => Recorded::Before,
            (false, true) => Recorded::Busy,
            (false, false) if self.lacks_purchase(outcome) => Recorded::Forgotten,
            (false, false)
                if outcome.may_be_bought()
                    && !outcome.decision.is_bought()
                    && self.knows_less(outcome) =>
            {
                Recorded::Forgotten
            }
            (false, false) => Recorded::LeaseLost,
        }
    }

    /// The part `won`, and `record_tracked` as a whole.
    fn record_tracked(&mut self, outcome: &Outcome, found: Found) {
        let (order, decision) = (outcome.order, &outcome.decision);
        let Some(mut tracked) = self.orders[order].clone() else {
            return;
        };
        let is_final = decision.watched.stage.is_final();
        let overruled = found.ends || found.contradiction.is_some();

        tracked.watched = decision.watched.clone();
        tracked.held = decision.held.or(found.contradiction);
        tracked.due_at = decision.due_at;
        tracked.finished_at = (is_final && !overruled).then_some(outcome.at);
        tracked.outcome = is_final.then_some(decision.event);
        if found.contradiction.is_some() {
            self.tally.path(Path::Contradiction);
            tracked.watched.stage = Stage::Held;
        }
        if found.ends {
            tracked.watched.stage = Stage::Withdrawn;
            tracked.due_at = None;
            tracked.finished_at = Some(outcome.at);
            tracked.outcome = Some(EventKind::Withdrawn);
        }

        tracked.lease = None;
        tracked.recorded = Some(outcome.token);
        tracked.pin = pin_of(decision).or(tracked.pin);
        if let (Some(panel), Some(reroute)) = (outcome.reroute, &decision.reroute) {
            tracked.panel = Some(panel);
            tracked.reference = Some(reroute.reference.clone());
            tracked.fell_back = true;
        }
        let waits = matches!(decision.event, EventKind::Checked | EventKind::Processing);
        tracked.waited_at = if waits {
            Some(outcome.at)
        } else {
            tracked.waited_at
        };

        self.spend(outcome);
        self.put(order, tracked);
        self.event(order, decision.event);
    }

    fn record_with_shop(&mut self, outcome: &Outcome) {
        let (order, decision) = (outcome.order, &outcome.decision);
        let event = decision.event;
        let row = &self.rows[order];
        let is_final = decision.watched.stage.is_final();
        let change = decision.shop.clone().unwrap_or_default();
        let refused = matches!(event, EventKind::Cancelled | EventKind::Refused);

        let pin = pin_of(decision);
        let done = change.external_status == Some(ExternalStatus::Done);
        let mut contradiction = self.contradiction(order, done, refused, pin.as_deref());
        if self.has(Flaw::CodeForRejected) {
            contradiction = None;
        }
        let lost = !row.exists && self.tracked(order).is_some_and(|it| it.row_lost);
        if lost && matches!(event, EventKind::Completed | EventKind::TimedOut) {
            contradiction = Some(HoldReason::RowLost);
        }
        let watched = matches!(
            decision.watched.stage,
            Stage::Submitted | Stage::Unconfirmed
        );
        let found = Found {
            row_gone: !row.exists,
            fits: row.is_pending() || is_final && (refused || event == EventKind::Completed),
            ends: !(row.exists || is_final || decision.held.is_some() || lost && watched),
            contradiction,
        };

        let product = row.product;
        self.record_tracked(outcome, found);
        if !found.row_gone && found.contradiction.is_none() && found.fits {
            self.say(order, &change);
        }
        if event == EventKind::Completed {
            self.learn_code(outcome.panel, product, pin.is_some());
        }
        let at = outcome.at;
        self.change_purchase(outcome, |purchase| purchase.set_outcome(decision, at));
    }

    /// The part `said`.
    fn say(&mut self, order: usize, change: &ShopChange) {
        let mut row: ShopRow = self.rows[order].clone();
        row.external = change.external_status.unwrap_or(row.external);
        if row.is_pending() {
            row.status = change.status;
        }
        let pin = change
            .pin
            .as_ref()
            .map(|pin| pin.expose_secret().to_owned());
        row.pin = pin.or(row.pin);
        row.sent_at = row.sent_at.or(change.sent_at);
        self.put_row(order, row, false);
    }

    /// The part `learned`.
    fn learn_code(&mut self, panel: usize, product: usize, coded: bool) {
        let in_row = &mut self.coded[panel][product];
        *in_row = if coded {
            (*in_row + 1).min(SURE_OF_CODE)
        } else {
            0
        };
    }

    /// The part `spent`.
    fn spend(&mut self, outcome: &Outcome) {
        let decision = &outcome.decision;
        if decision.cost.is_some() {
            self.change_purchase(outcome, |purchase| purchase.cost = decision.cost);
        }
        if decision.event == EventKind::NotSent {
            let at = outcome.at;
            self.change_purchase(outcome, |purchase| purchase.set_outcome(decision, at));
        }
    }

    fn change_purchase(&mut self, outcome: &Outcome, change: impl FnOnce(&mut Purchase)) {
        let mut purchases = self.purchases[outcome.order].clone();
        let named =
            |p: &&mut Purchase| (p.panel, &p.reference) == (outcome.panel, &outcome.reference);
        if let Some(purchase) = purchases.iter_mut().find(named) {
            change(purchase);
            self.put_purchases(outcome.order, purchases);
        }
    }

    /// `Store::comes_with_code`.
    pub(super) fn comes_with_code(&self, order: usize) -> bool {
        let panel = self.orders[order].as_ref().and_then(|it| it.panel);
        let product = self.rows[order].product;
        panel.is_some_and(|panel| self.coded[panel][product] >= SURE_OF_CODE)
    }

    /// `Store::keep_late`, `sql/keep_late.sql`, and the event that is written with it. False where somebody holds the
    /// shop's row: then it is to be tried again.
    pub(super) fn keep_late(&mut self, outcome: &Outcome) -> bool {
        self.tally.path(Path::LeaseLost);
        let (order, decision) = (outcome.order, &outcome.decision);
        let is_late = self.orders[order].as_ref().is_some_and(|it| {
            it.is_named(outcome) && it.watched.stage == Stage::Completed && it.pin.is_none()
        });
        if is_late && decision.pin.is_some() && self.rows[order].exists && !self.is_free(order) {
            return false;
        }

        if decision.cost.is_some() {
            self.change_purchase(outcome, |purchase| purchase.cost = decision.cost);
        }
        if is_late {
            self.give_late_code(outcome);
        }
        if let Some(mut tracked) = self.orders[order].clone() {
            tracked.pin = tracked.pin.or_else(|| pin_of(decision));
            if decision.is_bought() && tracked.is_named(outcome) && tracked.is_undecided() {
                tracked.go_on(outcome, self.clock());
            }
            self.put(order, tracked);
        }
        self.event(order, EventKind::LateAnswer);
        true
    }

    /// The part `given` of `keep_late.sql`; people are told where it may not be given.
    fn give_late_code(&mut self, outcome: &Outcome) {
        let Some(pin) = pin_of(&outcome.decision) else {
            return;
        };
        let mut row = self.rows[outcome.order].clone();
        let decided = self.contradiction(outcome.order, true, false, Some(&pin));
        if row.exists && row.pin.is_none() && decided.is_none() && pin.len() <= PIN_CHARS {
            row.pin = Some(pin);
            self.put_row(outcome.order, row, false);
        } else {
            self.code_told[outcome.order] = true;
        }
    }
}

impl Tracked {
    pub(super) fn is_named(&self, outcome: &Outcome) -> bool {
        self.panel == Some(outcome.panel) && self.reference.as_ref() == Some(&outcome.reference)
    }

    /// Whether nobody has decided about it.
    fn is_undecided(&self) -> bool {
        let open = [Stage::Queued, Stage::Dispatching, Stage::Unconfirmed];
        open.contains(&self.watched.stage) || self.held.is_some_and(HoldReason::is_undecided)
    }

    /// The part `goes_on` of `keep_late.sql`.
    fn go_on(&mut self, outcome: &Outcome, now: At) {
        let says = &outcome.decision.watched;
        self.held = None;
        self.lease = None;
        self.due_at = Some(now);
        let watched = &mut self.watched;
        watched.stage = Stage::Submitted;
        watched.sent_at = watched.sent_at.or(says.sent_at).or(Some(outcome.at));
        watched.give_up_at = says.give_up_at.or(watched.give_up_at);
        (watched.attempts, watched.errors, watched.unknowns) = (0, 0, 0);
        watched.may_resend = false;
    }
}

impl Purchase {
    fn set_outcome(&mut self, decision: &Decision, at: At) {
        let watched = &decision.watched;
        self.recorded_at = Some(at);
        self.outcome = Some(match decision.event {
            EventKind::TimedOut if watched.sent_at.is_none() && watched.may_resend => {
                EventKind::NotSent
            }
            EventKind::NotSent if !watched.may_resend => EventKind::Unsure,
            event => event,
        });
    }
}

fn pin_of(decision: &Decision) -> Option<String> {
    let pin = decision.pin.as_ref();
    pin.map(|pin| pin.expose_secret().to_owned())
}
