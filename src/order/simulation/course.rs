//! What happens in a seed whatever orderwatch does: orders, outages, failovers, pauses, routes.

use std::collections::HashMap;

use chrono::TimeDelta;
use fastrand::Rng;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    database::{Purchase, ShopRow, Tracked},
    panel::{Health, Panel, Sale, Wanted},
    setting::{At, CALM, ORDERS, PANELS, PRODUCTS, Setting, span},
    tally::Path,
    world::{Event, Stream, World},
};
use crate::{
    order::{ExternalStatus, HoldReason, IntegrationId, Naming, OrderId, Reference},
    provider::kind::Kind,
};

impl World {
    /// Two orders whose references are the same number: one in 10^16, and here in some seeds.
    pub(super) fn share_names(&mut self) {
        if self.rng.usize(..20) > 0 {
            return;
        }
        let mut names = Vec::new();
        // Names that are made of the order's id are nobody else's.
        let digits = |panel: &usize| self.panels[*panel].kind.naming == Naming::Digits;
        for panel in (0..PANELS).filter(digits) {
            let reference = self.name(0, panel, 0);
            names.push(Purchase::of_before(panel, reference, self.begin));
        }
        // Of an order that is long over.
        self.db.put_purchases(ORDERS, names);
    }

    /// What is to happen whatever orderwatch does.
    pub(super) fn schedule(&mut self) {
        // Some at once, others over half a day.
        let within = [60.0, 3600.0, 43_200.0][self.rng.usize(..3)];
        let mut placed = Vec::with_capacity(ORDERS);
        for order in 0..ORDERS {
            let at = self.begin + span(&mut self.rng, within / 100.0, within);
            self.at(at, Event::Placed(order));
            placed.push(at);
        }

        for _ in 0..self.setting.faults.failovers {
            // While an order is on its way.
            let at = placed[self.rng.usize(..ORDERS)] + span(&mut self.rng, 2.0, 30.0);
            self.at(at, Event::Failover);
            if self.setting.fallback && self.rng.usize(..4) > 0 {
                // What went to the second panel just before may look as if it had gone nowhere.
                let before = at - span(&mut self.rng, 5.0, 60.0);
                self.at(before.max(self.begin), Event::Health(0, Health::Refusing));
                self.at(at, Event::Health(0, Health::Well));
            }
        }
        for panel in 0..PANELS {
            self.schedule_outages(panel);
            self.schedule_pause(panel, &placed);
        }

        for _ in 0..self.rng.usize(..4) {
            let at = self.begin + span(&mut self.rng, 10.0, 80_000.0);
            self.at(at, Event::ClocksMove);
        }
        for _ in 0..self.setting.faults.clock_sets {
            // While an order is on its way, or is waited for.
            let at = placed[self.rng.usize(..ORDERS)] + span(&mut self.rng, 0.1, 40_000.0);
            self.at(at, Event::ClockSet);
        }
        // A route that is changed after a claim was lost leads away from what was bought under it.
        if self.setting.faults.failovers == 0 && self.rng.bool() {
            let at = self.begin + span(&mut self.rng, 10.0, 80_000.0);
            let product = self.rng.usize(..PRODUCTS);
            self.at(at, Event::Reroute(product));
        }

        self.at(self.begin, Event::Sweep);
        self.at(self.begin, Event::Review);
    }

    fn schedule_outages(&mut self, panel: usize) {
        let mut at = self.begin + span(&mut self.rng, 10.0, 20_000.0);
        if self.rng.usize(..40) == 0 {
            // For so long that orders are given up meanwhile.
            self.at(at, Event::Health(panel, Health::Down));
            at = self.begin + CALM;
            self.at(at, Event::Health(panel, Health::Well));
            return;
        }

        let ill = [
            Health::Down,
            Health::Blocking,
            Health::Refusing,
            Health::Refusing,
        ];
        for _ in 0..self.rng.usize(..5) {
            let length = span(
                &mut self.rng,
                20.0,
                1.0 + 50_000.0 * self.setting.faults.outage,
            );
            let health = ill[self.rng.usize(..ill.len())];
            self.at(at, Event::Health(panel, health));
            self.at(at + length, Event::Health(panel, Health::Well));
            at += length + span(&mut self.rng, 60.0, 20_000.0);
        }
    }

    fn schedule_pause(&mut self, panel: usize, placed: &[At]) {
        if self.rng.usize(..4) > 0 {
            return;
        }
        // While an order is on its way.
        let pause = placed[self.rng.usize(..ORDERS)] + span(&mut self.rng, 0.001, 0.1);
        self.at(pause, Event::Pause(panel, true));
        let resume = pause + span(&mut self.rng, 60.0, 10_000.0);
        self.at(resume, Event::Pause(panel, false));
    }

    pub(super) fn place(&mut self, order: usize) {
        let now = self.db.now;
        let mut row = self.db.rows[order].clone();
        row.exists = true;
        row.created_at = now;
        self.db.tally.path(Path::Placed);
        if self.rng.usize(..40) == 0 {
            self.sell_by_shop(order, &mut row);
        }
        self.db.open.push(order);
        self.db.put_row(order, row, false);
        self.plan_staff(order);
        // By the trigger's notice, or by the scan where nobody listens.
        let scan = self.rng.usize(..3) == 0;
        let delay = TimeDelta::milliseconds(if scan { self.rng.i64(0..5000) } else { 0 });
        self.wake(Stream::Dispatch, now + delay);
    }

    /// The shop sent it itself, in the days before orderwatch: with a number, without one, or with another order's.
    fn sell_by_shop(&mut self, order: usize, row: &mut ShopRow) {
        self.db.tally.path(Path::Sold);
        let (now, panel) = (self.db.now, self.db.routes[row.product]);
        row.external = ExternalStatus::Sent;
        row.provider = Some(panel);
        row.sent_at = Some(now);
        row.referans = None;
        let number = match self.rng.usize(..4) {
            0 => return,
            1 => self.shop_number(panel),
            _ => None,
        };
        let number = number.unwrap_or_else(|| number_of(17, order));
        row.referans = Some(number.clone());
        let wanted = row.wanted(order);
        let panel = &mut self.panels[panel];
        if panel.kind.naming.admits(&number) && !panel.sales.contains_key(&number) {
            let sale = Sale::draw(&wanted, now, &mut self.rng);
            panel.charged += sale.cost;
            self.bought[order] += 1;
            panel.sales.insert(number, vec![sale]);
        }
    }

    /// A number that another order of the shop is watched by at this panel, if there is one.
    fn shop_number(&self, panel: usize) -> Option<Reference> {
        let adopted =
            |it: &&Tracked| !it.ours && it.watched.sent_at.is_some() && it.panel == Some(panel);
        let mut watched = self.db.orders.iter().flatten().filter(adopted);
        watched.find_map(|it| it.reference.clone())
    }

    pub(super) fn pause(&mut self, panel: usize, paused: bool) {
        self.db.paused[panel] = paused;
        let now = self.db.now;
        self.wake(Stream::Dispatch, now);
    }

    pub(super) fn reroute(&mut self, product: usize) {
        self.db.tally.path(Path::Rerouted);
        self.db.routes[product] = 1 - self.db.routes[product];
        let now = self.db.now;
        self.wake(Stream::Dispatch, now);
    }
}

impl Panel {
    pub(super) fn new(kind: &'static Kind, rng: &mut Rng, now: At) -> Self {
        Self {
            id: IntegrationId(Uuid::from_u128(rng.u128(..))),
            kind,
            health: Health::Well,
            answers_since: Some(now),
            sales: HashMap::new(),
            charged: Decimal::ZERO,
        }
    }
}

impl ShopRow {
    pub(super) fn wanted(&self, order: usize) -> Wanted {
        Wanted {
            order,
            product: self.product,
            bad_player: self.bad_player,
        }
    }
}

/// A number of the shop's own, made of the time as it makes them.
fn number_of(time: u32, order: usize) -> Reference {
    Reference::parse(&format!("{time}000000000{order:05}")).unwrap()
}

pub(super) fn draw_row(order: usize, rng: &mut Rng, setting: &Setting, begin: At) -> ShopRow {
    let broken = [
        HoldReason::NoMapping,
        HoldReason::NoPlayerId,
        HoldReason::QuantityNotOne,
    ];
    ShopRow {
        id: OrderId(Uuid::from_u128(rng.u128(..))),
        product: rng.usize(..PRODUCTS),
        exists: false,
        created_at: begin,
        status: None,
        external: ExternalStatus::NotSent,
        provider: None,
        // Somebody else's, of which nobody knows what it means.
        referans: (rng.u32(..100) == 0).then(|| number_of(16, order)),
        sent_at: None,
        pin: None,
        locked_until: begin,
        refuses: rng.f64() < setting.faults.refused_row,
        broken: (rng.u32(..30) == 0).then(|| broken[rng.usize(..3)]),
        bad_player: rng.u32(..40) == 0,
    }
}
