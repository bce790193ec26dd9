//! A reseller panel with a ledger of its own: the truth that orderwatch is held against.
//!
//! It does what znet and barakat panels do, and no more: one refuses a second purchase under one reference, the other
//! makes it. Nothing in here knows what orderwatch believes.

use std::collections::HashMap;

use chrono::TimeDelta;
use fastrand::Rng;
use rust_decimal::Decimal;

use super::setting::{At, span};
use crate::{
    order::{IntegrationId, PIN_CHARS, PurchaseOutcome, Reference, StatusAnswer},
    provider::kind::Kind,
};

/// What the panel does with what it has sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Delivered,
    Cancelled,
    /// Nothing, for ever.
    Never,
}

#[derive(Clone, Debug)]
pub(super) struct Sale {
    pub(super) order: usize,
    pub(super) end: End,
    pub(super) done_at: At,
    /// `None` for a top-up.
    pub(super) code: Option<String>,
    /// From here on its answers have the code: some show it early.
    shown_at: At,
    /// Until then "delivered" comes without the code: some forget it at first.
    forgotten_until: At,
    pub(super) cost: Decimal,
}

/// How it is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Well,
    /// No answer, or an error page.
    Down,
    /// Pages and empty bodies: the address is blocked.
    Blocking,
    /// It sells nothing: no money, or nothing in stock.
    Refusing,
}

pub(super) struct Panel {
    pub(super) id: IntegrationId,
    pub(super) kind: &'static Kind,
    pub(super) health: Health,
    /// Since when it answers, if it does.
    pub(super) answers_since: Option<At>,
    pub(super) sales: HashMap<Reference, Vec<Sale>>,
    /// What it has charged in all.
    pub(super) charged: Decimal,
}

/// What is bought, as the request says it. The panel does not hear of the order: that is for its ledger.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) order: usize,
    pub(super) product: usize,
    /// No panel sells to this player.
    pub(super) bad_player: bool,
}

impl Panel {
    pub(super) fn turn(&mut self, health: Health, now: At) {
        self.health = health;
        let answers = matches!(health, Health::Well | Health::Refusing);
        self.answers_since = answers.then(|| self.answers_since.unwrap_or(now));
    }

    /// Sells, unless it refuses.
    pub(super) fn sell(
        &mut self,
        reference: &Reference,
        wanted: &Wanted,
        now: At,
        rng: &mut Rng,
    ) -> PurchaseOutcome {
        if self.kind.refuses_repeats && self.sales.contains_key(reference) {
            return PurchaseOutcome::SentBefore;
        }
        if wanted.bad_player {
            return PurchaseOutcome::Refused("Oyuncu bulunamadı".to_owned());
        }
        // Now and then it has not got what it has the next minute.
        if self.health == Health::Refusing || rng.u32(..30) == 0 {
            let text = ["Yetersiz bakiye", "Stok yok"][rng.usize(..2)];
            return PurchaseOutcome::Refused(text.to_owned());
        }

        let sale = Sale::draw(wanted, now, rng);
        let cost = sale.cost;
        let ready = sale.done_at <= now;
        self.charged += cost;
        self.sales.entry(reference.clone()).or_default().push(sale);
        PurchaseOutcome::Accepted {
            cost: (rng.f64() < 0.95).then_some(cost),
            balance: None,
            ready,
        }
    }

    /// What it says about a purchase.
    pub(super) fn tell(&self, reference: &Reference, now: At) -> StatusAnswer {
        let text = String::new();
        let Some(sale) = self.sales.get(reference).and_then(|sales| sales.first()) else {
            return StatusAnswer::NotKnown { text };
        };

        let waits = sale.end == End::Never || now < sale.done_at;
        let from = if waits {
            sale.shown_at
        } else {
            sale.forgotten_until
        };
        let shown = sale.code.as_ref().filter(|_| now >= from);
        let pin = shown.map(|code| code.clone().into());
        match sale.end {
            _ if waits => StatusAnswer::Waiting { pin, text },
            End::Cancelled => StatusAnswer::Cancelled { text },
            _ => StatusAnswer::Done { pin, text },
        }
    }

    /// When it is done with what it knows by that name.
    pub(super) fn ended_at(&self, reference: &Reference) -> Option<At> {
        let sale = self.sales.get(reference)?.first()?;
        (sale.end != End::Never).then_some(sale.done_at)
    }

    /// What it has sold for an order.
    pub(super) fn sold_for(&self, order: usize) -> impl Iterator<Item = (&Reference, &Sale)> {
        let all = self.sales.iter();
        all.flat_map(|(name, sales)| sales.iter().map(move |sale| (name, sale)))
            .filter(move |(_, sale)| sale.order == order)
    }
}

impl Sale {
    pub(super) fn draw(wanted: &Wanted, now: At, rng: &mut Rng) -> Self {
        let (end, takes) = match rng.u32(..200) {
            0 => (End::Never, TimeDelta::zero()),
            1..7 => (End::Cancelled, span(rng, 1.0, 3600.0)),
            7..9 => (End::Delivered, span(rng, 3600.0, 23.0 * 3600.0)),
            9..25 => (End::Delivered, TimeDelta::zero()),
            _ => (End::Delivered, span(rng, 1.0, 900.0)),
        };
        let done_at = now + takes;
        // The last product of each panel is a top-up.
        let coded = end == End::Delivered && wanted.product < super::setting::PRODUCTS - 1;
        let shown_at = if rng.u32(..10) == 0 { now } else { done_at };
        let forgets = if rng.u32(..20) == 0 {
            span(rng, 10.0, 10_000.0)
        } else {
            TimeDelta::zero()
        };

        Self {
            order: wanted.order,
            end,
            done_at,
            code: coded.then(|| code(wanted.order, rng)),
            shown_at,
            forgotten_until: done_at + forgets,
            cost: Decimal::new(rng.i64(500..3000), 2),
        }
    }
}

fn code(order: usize, rng: &mut Rng) -> String {
    let code = format!("PIN-{order}-{}", rng.u32(..));
    // As long as the shop's column and one more.
    if rng.u32(..100) == 0 {
        format!("{code:X<width$}", width = PIN_CHARS + 1)
    } else {
        code
    }
}
