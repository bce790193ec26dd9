//! A turn of the dispatcher: which orders can be sent now, `src/worker/dispatch.rs` and `src/worker/dispatch/sort.rs`.

use chrono::TimeDelta;

use super::{
    Flaw,
    claims::QueuedOrder,
    database::Database,
    setting::{At, PANELS, delta},
    world::{Step, World},
};
use crate::order::{HoldReason, IntegrationId, Reference, Reroute, Stage, Watched};

/// `dispatch::elsewhere::SKEW`.
const SKEW: TimeDelta = TimeDelta::minutes(5);
/// Orders that one turn takes.
pub(super) const SHARE: usize = 8;
/// `dispatch::send::ROUNDS`.
pub(super) const ROUNDS: u16 = 3;

/// An order that can be sent now: `dispatch::sort::Ready`.
pub(super) struct Ready {
    pub(super) order: usize,
    pub(super) panel: usize,
    pub(super) reference: Reference,
    pub(super) is_new: bool,
    pub(super) watched: Watched,
    pub(super) fallback: Option<(usize, Reroute)>,
    pub(super) elsewhere: Option<(usize, Reroute)>,
    pub(super) is_doubtful: bool,
}

/// What a turn has sorted its candidates into: `dispatch::sort::Sorted`.
pub(super) struct Sorted {
    pub(super) ready: Vec<Ready>,
    pub(super) holds: Vec<(usize, usize, HoldReason)>,
    pub(super) queued_holds: Vec<(usize, HoldReason)>,
    pub(super) unwanted: Vec<usize>,
    /// Those that may have been bought all the same.
    pub(super) unsure: Vec<usize>,
    /// Orders of before this time are asked about at their fallback panel first.
    doubt_before: At,
    /// When the turn began, by the replica's clock and by its stopwatch.
    pub(super) now: At,
    pub(super) started: At,
}

impl Database {
    /// `ServerWatch::doubt_before`, where this server is seen for the first time.
    pub(super) fn seen_since(&self, now: At) -> At {
        let newest = self.newest_order();
        let newest = newest.filter(|_| !self.has(Flaw::DoubtByClock));
        newest.map_or(now, |newest| newest.max(now))
    }
}

impl World {
    pub(super) fn dispatch(&mut self, replica: usize) {
        let now = self.clock(replica);
        let mut buying = self.askable(replica);
        buying.retain(|&panel| !self.db.paused[panel]);

        let queued = self.db.queued_candidates(&buying, now, SHARE);
        let since = now - delta(self.setting.max_order_age);
        let new = self.db.new_candidates(&buying, since, SHARE);
        let mut sorted = Sorted {
            ready: Vec::new(),
            holds: Vec::new(),
            queued_holds: Vec::new(),
            unwanted: Vec::new(),
            unsure: Vec::new(),
            doubt_before: self.replicas[replica].server_since + SKEW,
            now,
            started: self.db.now,
        };
        let process = self.process(replica);
        for queued in queued {
            let (order, may_resend) = (queued.order, queued.watched.may_resend);
            if !self.is_known(process, order, may_resend) {
                self.sort_queued(queued, &buying, &mut sorted);
            }
        }
        for order in new {
            if !self.is_known(process, order, true) {
                self.sort_new(order, &buying, &mut sorted);
            }
        }
        if !sorted.is_empty() {
            self.go_on(process, Step::Claim(Box::new(sorted)));
        }
    }

    /// `Dispatch::sort_new`.
    fn sort_new(&mut self, order: usize, buying: &[usize], sorted: &mut Sorted) {
        let row = &self.db.rows[order];
        let panel = self.db.routes[row.product];
        if let Some(reason) = row.broken.or_else(|| self.foreign(order, panel)) {
            sorted.holds.push((order, panel, reason));
            return;
        }

        let give_up_at = sorted.now + delta(self.setting.rules.give_up_after);
        sorted.ready.push(Ready {
            order,
            panel,
            reference: self.name(order, panel, 0),
            is_new: true,
            watched: Watched {
                stage: Stage::Dispatching,
                dispatched_at: Some(sorted.now),
                sent_at: None,
                give_up_at: Some(give_up_at),
                processing: false,
                attempts: 0,
                errors: 0,
                unknowns: 0,
                may_resend: true,
            },
            fallback: self.fallback(order, panel, buying),
            elsewhere: self.elsewhere(order, panel, row.created_at, sorted.doubt_before),
            is_doubtful: self.is_doubtful(row.created_at, sorted.doubt_before),
        });
    }

    /// `has_foreign_reference`.
    fn foreign(&self, order: usize, panel: usize) -> Option<HoldReason> {
        let given = self.db.rows[order].referans.as_ref()?;
        let known = self.db.purchases[order]
            .iter()
            .any(|p| p.reference == *given);
        let ours = || (0..ROUNDS).any(|round| self.name(order, panel, round) == *given);
        (!known && !ours()).then_some(HoldReason::ForeignReference)
    }

    /// `Dispatch::sort_queued`.
    fn sort_queued(&mut self, queued: QueuedOrder, buying: &[usize], sorted: &mut Sorted) {
        let row = &self.db.rows[queued.order];
        let kind = self.panels[queued.panel].kind;

        if !kind.naming.is_of(&queued.reference, row.id) {
            let cause = queued.watched.held_for(HoldReason::ForeignReference.into());
            sorted.queued_holds.push((queued.order, cause.reason));
        } else if !queued.wanted && !queued.watched.may_resend {
            sorted.unsure.push(queued.order);
        } else if !queued.wanted {
            sorted.unwanted.push(queued.order);
        } else if let Some(reason) = row.broken {
            let cause = queued.watched.held_for(reason.into());
            sorted.queued_holds.push((queued.order, cause.reason));
        } else {
            let fallback = self
                .fallback(queued.order, queued.panel, buying)
                .filter(|_| queued.may_fall_back);
            let created_at = self.db.rows[queued.order].created_at;
            let elsewhere =
                self.elsewhere(queued.order, queued.panel, created_at, sorted.doubt_before);
            sorted.ready.push(Ready {
                order: queued.order,
                panel: queued.panel,
                reference: queued.reference,
                is_new: false,
                elsewhere: elsewhere.filter(|_| queued.may_fall_back),
                is_doubtful: self.is_doubtful(created_at, sorted.doubt_before),
                watched: queued.watched,
                fallback,
            });
        }
    }

    /// `dispatch::sort::fallback`.
    fn fallback(&self, order: usize, panel: usize, buying: &[usize]) -> Option<(usize, Reroute)> {
        let (second, route) = self.second(order, panel);
        (self.db.fallback && buying.contains(&second)).then_some((second, route))
    }

    /// `dispatch::elsewhere::is_doubtful`.
    fn is_doubtful(&self, placed_at: At, doubt_before: At) -> bool {
        self.setting.ask_first && placed_at < doubt_before
    }

    /// `dispatch::elsewhere::elsewhere`.
    fn elsewhere(
        &self,
        order: usize,
        panel: usize,
        placed_at: At,
        doubt_before: At,
    ) -> Option<(usize, Reroute)> {
        let asks = self.db.fallback && !self.db.has(Flaw::LostFallback);
        (asks && self.is_doubtful(placed_at, doubt_before)).then(|| self.second(order, panel))
    }

    fn second(&self, order: usize, panel: usize) -> (usize, Reroute) {
        let second = (1 - panel).min(PANELS - 1);
        let route = Reroute {
            integration: self.panels[second].id,
            reference: self.name(order, second, 0),
        };
        (second, route)
    }

    /// `Panel::reference`.
    pub(super) fn name(&self, order: usize, panel: usize, round: u16) -> Reference {
        let panel = &self.panels[panel];
        // A name that depends on anything but the order, as the flaw has it, is another purchase.
        let round = if self.db.has(Flaw::NameByTime) {
            u16::try_from(self.db.now.timestamp().rem_euclid(60_000)).unwrap_or(round)
        } else {
            round
        };
        let id: IntegrationId = panel.id;
        panel
            .kind
            .naming
            .reference(self.db.rows[order].id, id, round)
    }
}

impl Sorted {
    fn is_empty(&self) -> bool {
        self.ready.is_empty()
            && self.holds.is_empty()
            && self.queued_holds.is_empty()
            && self.unwanted.is_empty()
            && self.unsure.is_empty()
    }
}
