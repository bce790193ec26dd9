//! The tables, in memory, with what the schema and the server guarantee: constraints, names that are given once, and
//! what a failover takes back.
//!
//! Every change of an order goes through [`Database::put`], which holds it against the schema's constraints and the
//! arrows of its stage. The statements themselves are beside this file, each under the name that it has in
//! `src/store`.

use std::collections::{HashMap, VecDeque};

use chrono::TimeDelta;
use rust_decimal::Decimal;

use super::{
    Flaw,
    constraints::permitted,
    failover::Undo,
    setting::{At, PANELS, PRODUCTS},
    tally::{Path, Tally},
};
use crate::order::{
    EventKind, ExternalStatus, HoldReason, OrderId, Reference, ShopStatus, Watched,
};

/// A lease's token.
pub(super) type Token = u64;

/// A row of `public.product_orders`.
#[derive(Clone, Debug)]
pub(super) struct ShopRow {
    pub(super) id: OrderId,
    pub(super) product: usize,
    /// False before the customer has ordered, and after staff have deleted it.
    pub(super) exists: bool,
    pub(super) created_at: At,
    /// `None` is pending.
    pub(super) status: Option<ShopStatus>,
    pub(super) external: ExternalStatus,
    pub(super) provider: Option<usize>,
    pub(super) referans: Option<Reference>,
    pub(super) sent_at: Option<At>,
    pub(super) pin: Option<String>,
    /// Somebody in the shop holds the row's lock until then.
    pub(super) locked_until: At,
    /// A constraint or trigger of the shop's own refuses every change of ours.
    pub(super) refuses: bool,
    /// Why it cannot be sent as it is.
    pub(super) broken: Option<HoldReason>,
    pub(super) bad_player: bool,
}

impl ShopRow {
    /// `orderwatch.is_pending`; the model's shop has no other word for an open order, so `is_open` too.
    pub(super) fn is_pending(&self) -> bool {
        self.exists && self.status.is_none()
    }

    /// `orderwatch.is_unsent`. `"externalOrderId"` is empty or the order's own id here.
    pub(super) fn is_unsent(&self) -> bool {
        self.is_pending() && self.external == ExternalStatus::NotSent && self.sent_at.is_none()
    }

    /// `orderwatch.may_go_to`.
    pub(super) fn may_go_to(&self, panel: usize) -> bool {
        self.provider.is_none_or(|named| named == panel)
    }
}

/// A row of `orderwatch.orders`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tracked {
    pub(super) panel: Option<usize>,
    pub(super) reference: Option<Reference>,
    pub(super) watched: Watched,
    pub(super) held: Option<HoldReason>,
    pub(super) due_at: Option<At>,
    pub(super) lease: Option<Token>,
    pub(super) recorded: Option<Token>,
    pub(super) finished_at: Option<At>,
    pub(super) waited_at: Option<At>,
    pub(super) pin: Option<String>,
    pub(super) fell_back: bool,
    pub(super) row_lost: bool,
    /// Whether it has a `package_id`: we sent it ourselves.
    pub(super) ours: bool,
    /// How it ended: the panel's answer, or [`EventKind::Resolved`] by a person.
    pub(super) outcome: Option<EventKind>,
}

/// A row of `orderwatch.purchases`.
#[derive(Clone, Debug)]
pub(super) struct Purchase {
    pub(super) panel: usize,
    pub(super) reference: Reference,
    pub(super) claimed_at: At,
    pub(super) outcome: Option<EventKind>,
    pub(super) recorded_at: Option<At>,
    pub(super) expected: Decimal,
    pub(super) cost: Option<Decimal>,
}

pub(super) struct Database {
    pub(super) rows: Vec<ShopRow>,
    pub(super) orders: Vec<Option<Tracked>>,
    /// Since when each order is in its stage, in true time.
    pub(super) stands_since: Vec<At>,
    pub(super) purchases: Vec<Vec<Purchase>>,
    /// Who has a name: the primary key of `orderwatch.purchases`.
    pub(super) names: HashMap<(usize, Reference), usize>,
    /// `orderwatch.coded_products.in_row`.
    pub(super) coded: [[u32; PRODUCTS]; PANELS],
    /// `orderwatch.panels.open_until`.
    pub(super) breakers: [Option<At>; PANELS],
    /// `orderwatch.brakes`.
    pub(super) paused: [bool; PANELS],
    /// `package_routing`: the panel of each product.
    pub(super) routes: [usize; PRODUCTS],
    /// `fallbackProviderId`, the same for all products.
    pub(super) fallback: bool,
    /// Orders that somebody may still have to do something about.
    pub(super) open: Vec<usize>,
    /// True time, by how much the server's clock is off, and the settings that statements depend on.
    pub(super) now: At,
    pub(super) clock_off: TimeDelta,
    pub(super) flaw: Option<Flaw>,
    pub(super) keeps_undo: bool,
    pub(super) undo: VecDeque<(At, Undo)>,
    /// Orders whose claim a failover took back.
    pub(super) undone: Vec<bool>,
    /// Orders about whose purchase an answer has reached the database: it must be known there.
    pub(super) heard: Vec<bool>,
    /// Completed orders whose code came late, of which people are told: `EventKind::Contradiction`.
    pub(super) code_told: Vec<bool>,
    /// Since the last audit.
    pub(super) touched: Vec<usize>,
    pub(super) tally: Tally,
    /// The first thing that must not happen.
    pub(super) wrong: Option<String>,
    /// Each order's steps, when one seed is watched.
    pub(super) timeline: Option<Vec<(At, usize, String)>>,
}

impl Database {
    pub(super) fn new(rows: Vec<ShopRow>, now: At, flaw: Option<Flaw>) -> Self {
        let count = rows.len();

        Self {
            rows,
            orders: vec![None; count],
            stands_since: vec![now; count],
            purchases: vec![Vec::new(); count],
            names: HashMap::new(),
            coded: [[0; PRODUCTS]; PANELS],
            breakers: [None; PANELS],
            paused: [false; PANELS],
            routes: [0; PRODUCTS],
            fallback: false,
            open: Vec::new(),
            now,
            clock_off: TimeDelta::zero(),
            flaw,
            keeps_undo: false,
            undo: VecDeque::new(),
            undone: vec![false; count],
            heard: vec![false; count],
            code_told: vec![false; count],
            touched: Vec::new(),
            tally: Tally::default(),
            wrong: None,
            timeline: None,
        }
    }

    pub(super) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// `SKIP LOCKED`: whether the shop's row is there to be changed.
    pub(super) fn is_free(&mut self, order: usize) -> bool {
        let free = self.rows[order].locked_until <= self.now;
        if !free {
            self.tally.path(Path::RowLocked);
        }
        free
    }

    pub(super) fn tracked(&self, order: usize) -> Option<&Tracked> {
        self.orders[order].as_ref()
    }

    /// A step of the order's timeline, `orderwatch.events`.
    pub(super) fn event(&mut self, order: usize, step: EventKind) {
        self.tally.step(step);
        if self.timeline.is_some() {
            let row = &self.rows[order];
            let stands = self.orders[order]
                .as_ref()
                .map(|it| (it.watched.stage, it.held, it.panel, it.due_at, it.lease));
            let shop = (row.exists, row.status, row.external);
            let name = self.orders[order]
                .as_ref()
                .and_then(|it| it.reference.clone());
            self.note(
                order,
                format!("{step}: {stands:?}, {name:?}, shop {shop:?}"),
            );
        }
    }

    pub(super) fn note(&mut self, order: usize, what: String) {
        let now = self.now;
        if let Some(timeline) = &mut self.timeline {
            timeline.push((now, order, what));
        }
    }

    pub(super) fn fail(&mut self, order: usize, what: impl Into<String>) {
        let what = what.into();
        self.note(order, format!("WRONG: {what}"));
        self.wrong
            .get_or_insert_with(|| format!("order {order}: {what}"));
    }

    /// Writes an order.
    pub(super) fn put(&mut self, order: usize, new: Tracked) {
        if let Err(what) = permitted(self.orders[order].as_ref(), &new) {
            self.fail(order, what);
        }
        self.write(order, new);
    }

    /// Writes an order as it was before a failover, whatever that has left of it.
    pub(super) fn put_back(&mut self, order: usize, new: Tracked) {
        if let Err(what) = permitted(None, &new) {
            self.fail(order, what);
        }
        self.write(order, new);
    }

    fn write(&mut self, order: usize, new: Tracked) {
        let stage = new.watched.stage;
        if let Some(reason) = new.held
            && self.orders[order].as_ref().and_then(|old| old.held) != Some(reason)
        {
            self.tally.held(reason);
        }

        let old = self.orders[order].replace(new);
        if old.as_ref().is_none_or(|old| old.watched.stage != stage) {
            self.stands_since[order] = self.now;
            if stage.is_final() {
                self.tally.ends[stage as usize] += 1;
            }
        }
        self.keep(|| Undo::Order(order, Box::new(old)));
        self.touched.push(order);
    }

    /// Writes the shop's row. `given` says that a person gives the code to a customer whose order staff had decided.
    pub(super) fn put_row(&mut self, order: usize, new: ShopRow, given: bool) {
        let old = std::mem::replace(&mut self.rows[order], new);
        let new = &self.rows[order];
        let rejected = old.status == Some(ShopStatus::Rejected);
        if new.pin != old.pin && new.pin.is_some() && rejected && !given {
            self.fail(order, "a code was given to a row that staff had rejected");
        }
        self.keep(|| Undo::Row(order, Box::new(old)));
        self.touched.push(order);
    }

    /// Writes the purchases of an order; names that are new are given with it.
    pub(super) fn put_purchases(&mut self, order: usize, new: Vec<Purchase>) {
        for purchase in new.iter().skip(self.purchases[order].len()) {
            let name = (purchase.panel, purchase.reference.clone());
            self.names.entry(name).or_insert(order);
        }
        let old = std::mem::replace(&mut self.purchases[order], new);
        self.keep(|| Undo::Purchases(order, old));
        self.touched.push(order);
    }

    /// Takes out of the open orders those that nobody has to do anything about any more.
    pub(super) fn tidy(&mut self) {
        let mut open = std::mem::take(&mut self.open);
        open.retain(|&order| match &self.orders[order] {
            Some(tracked) => !tracked.watched.stage.is_final(),
            None => self.rows[order].is_pending(),
        });
        self.open = open;
    }
}
