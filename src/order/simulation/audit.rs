//! What must hold after each step, and at the end: the panels' ledgers against what orderwatch believes.

use chrono::TimeDelta;
use rust_decimal::Decimal;

use super::{
    database::{Purchase, Tracked},
    panel::{End, Health, Sale},
    people::hand_code,
    setting::{At, ORDERS, delta},
    tally::Path,
    world::World,
};
use crate::order::{EventKind, PIN_CHARS, Reference, Stage};

/// How long an order may stand where it could go on. Questions are an hour apart at most, several in a row may be lost,
/// and a server's clock that is set back by two hours puts off all that is due.
const PATIENCE: TimeDelta = TimeDelta::hours(6);

impl World {
    /// At the moment of a purchase: the first of its order, and meant by a row.
    pub(super) fn audit_purchase(&mut self, order: usize, panel: usize, reference: &Reference) {
        if self.bought[order] > 1 {
            self.db.fail(order, "was bought twice");
        }
        let meant = |p: &Purchase| (p.panel, &p.reference) == (panel, reference);
        let known = self.db.purchases[order].iter().any(meant);
        if !known && !self.db.undone[order] {
            self.db.fail(order, "was bought and no row knows it");
        }
        if !self.db.rows[order].exists && self.db.tracked(order).is_none() && !self.db.undone[order]
        {
            self.db.fail(order, "was bought without an order");
        }
    }

    /// After each step: of the orders that it touched.
    pub(super) fn audit(&mut self) {
        let mut touched = std::mem::take(&mut self.db.touched);
        touched.dedup();
        for &order in &touched {
            if let Err(what) = self.audit_order(order) {
                self.db.fail(order, what);
            }
        }
        touched.clear();
        self.db.touched = touched;
    }

    fn audit_order(&self, order: usize) -> Result<(), String> {
        let row = &self.db.rows[order];
        if let Some(pin) = &row.pin {
            let own = hand_code(order);
            let mut codes = pin.split(" / ").filter(|code| **code != own);
            if !codes.all(|code| self.is_code_of(order, code)) {
                return Err(format!("the row has a code that is not its own: {pin}"));
            }
        }
        let Some(tracked) = self.db.tracked(order) else {
            return Ok(());
        };
        if let Some(pin) = &tracked.pin
            && !self.is_code_of(order, pin)
        {
            return Err(format!("has a code that is not its own: {pin}"));
        }
        self.audit_time_limit(tracked)?;
        for purchase in &self.db.purchases[order] {
            self.audit_cost(order, purchase)?;
        }
        Ok(())
    }

    fn is_code_of(&self, order: usize, code: &str) -> bool {
        let is = |sale: &Sale| sale.code.as_deref() == Some(code);
        // Where it was bought last, and, seldom, anywhere.
        let tracked = self.db.tracked(order);
        let here = tracked.and_then(|it| {
            let sales = &self.panels[it.panel?].sales;
            sales.get(it.reference.as_ref()?)
        });
        here.is_some_and(|sales| sales.iter().any(|sale| sale.order == order && is(sale)))
            || self
                .panels
                .iter()
                .any(|panel| panel.sold_for(order).any(|(_, sale)| is(sale)))
    }

    /// By the order's own clock: a day after the panel accepted it, or after a person began anew.
    fn audit_time_limit(&self, tracked: &Tracked) -> Result<(), String> {
        if tracked.watched.stage != Stage::TimedOut {
            return Ok(());
        }
        let ended = tracked.finished_at;
        let limit = tracked.watched.give_up_at;
        if ended < limit {
            return Err(format!("timed out at {ended:?}, before {limit:?}"));
        }
        // Where the clock was set back, a person may begin anew before the time that it was sent at.
        let day = delta(self.setting.rules.give_up_after) - self.setting.faults.set_back();
        match tracked.watched.sent_at {
            Some(sent) if limit < Some(sent + day) => {
                Err(format!("was sent at {sent} and given up at {limit:?}"))
            }
            _ => Ok(()),
        }
    }

    /// Whatever time limit it has: what is open and could go on does so.
    pub(super) fn audit_neglect(&mut self) {
        for place in 0..self.db.open.len() {
            let order = self.db.open[place];
            if let Some(since) = self.could_go_on_since(order)
                && self.db.now - since > PATIENCE
            {
                let stage = self.db.tracked(order).map(|it| it.watched.stage);
                let what = format!("could go on since {since}, and is left {stage:?}");
                self.db.fail(order, what);
            }
        }
    }

    /// Since when its panel has what an order waits for, and says so to whoever asks.
    fn could_go_on_since(&self, order: usize) -> Option<At> {
        let tracked = self.db.tracked(order)?;
        let at = tracked.panel?;
        let panel = &self.panels[at];
        let there = match tracked.watched.stage {
            Stage::Dispatching | Stage::Unconfirmed => self.begin,
            // No pause is as long as that.
            Stage::Queued if panel.health == Health::Well && !self.db.paused[at] => self.begin,
            Stage::Submitted => panel.ended_at(tracked.reference.as_ref()?)?,
            _ => return None,
        };
        let answers_since = panel.answers_since?;
        Some(there.max(answers_since).max(self.db.stands_since[order]))
    }

    /// What is written down is what was charged.
    fn audit_cost(&self, order: usize, purchase: &Purchase) -> Result<(), String> {
        let Some(cost) = purchase.cost else {
            return Ok(());
        };
        let sales = self.panels[purchase.panel].sales.get(&purchase.reference);
        let sale = sales.and_then(|sales| sales.iter().find(|sale| sale.order == order));
        let charged = sale.map_or(Decimal::ZERO, |sale| sale.cost);
        let by_person = cost.is_zero();
        if cost == charged || by_person {
            Ok(())
        } else {
            Err(format!("{cost} is written down, {charged} was charged"))
        }
    }

    /// When everything has come to its end.
    pub(super) fn audit_end(&mut self) -> Result<(), String> {
        for order in 0..ORDERS {
            let ended = self.audit_ended(order);
            if let Err(what) = ended {
                self.db.fail(order, what);
            }
        }
        self.audit_money();
        self.db.wrong.take().map_or(Ok(()), Err)
    }

    fn audit_ended(&mut self, order: usize) -> Result<(), String> {
        let sales: Vec<(usize, Reference, Sale)> = self
            .panels
            .iter()
            .enumerate()
            .flat_map(|(at, panel)| {
                let sold = panel.sold_for(order);
                sold.map(move |(name, sale)| (at, name.clone(), sale.clone()))
            })
            .collect();

        for (panel, name, _) in &sales {
            let known = |p: &Purchase| (p.panel, &p.reference) == (*panel, name);
            if self.db.purchases[order].iter().any(known) {
                continue;
            }
            // Not where the shop had sent it itself and decided it, nor where a failover took the claim.
            let ours = self.db.tracked(order).is_some_and(|it| it.ours);
            let by_shop = !ours && !self.db.heard[order];
            if self.db.undone[order] {
                self.db.tally.path(Path::OnlyMoneyTells);
            } else if !by_shop {
                return Err(format!("was bought as {name}, and no row knows it"));
            }
        }

        let sale = sales.first().map(|(_, _, sale)| sale);
        let Some(tracked) = self.db.tracked(order) else {
            let waits = self.db.rows[order].is_pending();
            return if waits {
                Err("nobody looks after it".to_owned())
            } else {
                Ok(())
            };
        };
        self.audit_stage(order, tracked, sale)
    }

    fn audit_stage(
        &self,
        order: usize,
        tracked: &Tracked,
        sale: Option<&Sale>,
    ) -> Result<(), String> {
        let row = &self.db.rows[order];
        let by_panel = tracked.outcome == Some(EventKind::Completed);

        match tracked.watched.stage {
            Stage::Completed if sale.is_none() => {
                Err("completed, and nothing was bought".to_owned())
            }
            Stage::Completed => {
                let pin = tracked.pin.as_deref().unwrap_or_default();
                let given = row.pin.as_ref().is_some_and(|it| it.contains(pin));
                let told = self.db.code_told[order];
                if by_panel
                    && !told
                    && row.exists
                    && !pin.is_empty()
                    && pin.len() <= PIN_CHARS
                    && !given
                {
                    return Err("completed, and the customer has no code".to_owned());
                }
                Ok(())
            }
            Stage::Failed => match sale.map(|sale| sale.end) {
                None | Some(End::Cancelled) => Ok(()),
                // Nothing ever came, say staff.
                Some(End::Never) if tracked.outcome == Some(EventKind::Resolved) => Ok(()),
                Some(end) => Err(format!("failed, and the panel has sold it: {end:?}")),
            },
            // Of a purchase that a failover took and no answer told of, only the balance does.
            Stage::TimedOut if self.db.undone[order] => Ok(()),
            Stage::TimedOut if tracked.watched.sent_at.is_none() && sale.is_some() => {
                Err("given up as never sent, and the panel has sold it".to_owned())
            }
            Stage::Withdrawn if row.is_pending() => {
                Err("withdrawn, and the shop still wants it".to_owned())
            }
            Stage::TimedOut | Stage::Withdrawn => Ok(()),
            stage => Err(format!("still {stage}")),
        }
    }

    /// Every charge is in a row of the ledger, or in one whose charge is not known; nothing else is.
    fn audit_money(&mut self) {
        for panel in 0..self.panels.len() {
            let sales = self.panels[panel].sales.values().flatten();
            let sold: Decimal = sales.map(|sale| sale.cost).sum();
            let charged = self.panels[panel].charged;
            if sold != charged {
                self.db
                    .fail(0, format!("sold for {sold}, charged {charged}"));
            }

            let ledger = self.db.purchases.iter().flatten();
            let written: Decimal = ledger
                .filter(|purchase| purchase.panel == panel)
                .filter_map(|purchase| purchase.cost)
                .sum();
            let unwritten = self.unwritten(panel);
            if written + unwritten != charged {
                let sums = format!("{written} written, {unwritten} not, {charged} charged");
                self.db.fail(0, sums);
            }
        }
    }

    /// Charges that no answer named: it was lost, or did not name them.
    fn unwritten(&self, panel: usize) -> Decimal {
        let sales = self.panels[panel].sales.iter();
        let named = |name: &Reference, sale: &Sale| {
            let mut ledger = self.db.purchases[sale.order].iter();
            ledger.any(|p| (p.panel, &p.reference, p.cost) == (panel, name, Some(sale.cost)))
        };
        sales
            .flat_map(|(name, sales)| sales.iter().map(move |sale| (name, sale)))
            .filter(|(name, sale)| !named(name, sale))
            .map(|(_, sale)| sale.cost)
            .sum()
    }
}
