//! What a person knows of an order and does to it: `src/store/explain.rs`, `src/store/people.rs` and
//! `src/store/sql/person.sql`.

use std::time::Duration;

use rust_decimal::Decimal;

use super::{
    database::{Database, Purchase, Tracked},
    panel::Panel,
    setting::At,
    tally::Path,
};
use crate::order::{
    EventKind, ExternalStatus, HoldReason, PIN_CHARS, ShopStatus, Stage,
    explain::{Buying, Facts, PanelFacts, Route, Settings, ShopFacts, Standing, TrackedFacts},
    person::{Plan, Resolution},
};

impl Database {
    /// `Store::facts`.
    pub(super) fn facts(&self, order: usize, panels: &[Panel], now: At) -> Facts {
        let row = &self.rows[order];
        let route = Route {
            mode: "auto".to_owned(),
            provider_type: "external".to_owned(),
            panel: Some(panel_facts(&panels[self.routes[row.product]])),
            fallback: None,
        };
        let shop = ShopFacts {
            status: row.status.map_or("pending", ShopStatus::as_str).to_owned(),
            external_status: row.external.as_str().to_owned(),
            provider_id: row.provider.map(|panel| panels[panel].id.to_string()),
            external_order_id: row.referans.is_some().then(|| row.id.to_string()),
            names_other: false,
            pending: row.is_pending(),
            // Only explaining reads it.
            standing: Standing::Unsent,
            sent_at: row.sent_at,
            created_at: row.created_at,
            route: Some(route),
            provider: None,
        };

        Facts {
            now,
            settings: Settings {
                buying: Buying::On,
                max_order_age: Duration::from_hours(1),
                give_up_after: Duration::from_hours(24),
                sweep: None,
                learned: true,
            },
            shop: row.exists.then_some(shop),
            tracked: self.tracked(order).map(|it| tracked_facts(it, panels)),
            pause: None,
        }
    }

    /// `Store::carry_out`; `to` is the panel of a release. False when the order no longer stands where it was read,
    /// or its row cannot be written now.
    pub(super) fn carry_out(
        &mut self,
        (order, to): (usize, Option<usize>),
        plan: &Plan,
        now: At,
        give_up_at: At,
    ) -> bool {
        let from = plan.from();
        // A row that refuses the release could not be sent either.
        if self.rows[order].refuses && to.is_some() {
            self.tally.path(Path::RowRefused);
            return false;
        }
        let stands = |it: &&Tracked| it.watched.stage == from.stage && it.held == from.held;
        if self.rows[order].exists && !self.is_free(order) {
            return false;
        }
        let Some(mut tracked) = self.tracked(order).filter(stands).cloned() else {
            return false;
        };
        if plan.to() == Stage::Queued && !self.may_queue(order, &tracked) {
            return false;
        }
        let gives = matches!(plan, Plan::Resolve(_, Resolution::GiveCode));
        let code = self.code_to_give(order, &tracked);
        if gives && code.as_ref().is_some_and(|pin| pin.len() > PIN_CHARS) {
            return false;
        }

        let was_at = tracked.panel;
        tracked.panel = to.or(tracked.panel);
        change_order(&mut tracked, plan, now, give_up_at);
        self.unlearn_code(order, from.held, &tracked);
        let sent_at = tracked.watched.sent_at;
        self.put(order, tracked);

        let leaves = matches!(plan, Plan::Resolve(_, it) if it.leaves_row());
        self.settle_purchase(order, plan, leaves, now);
        if self.rows[order].exists && !leaves {
            self.change_row(order, plan, code.filter(|_| gives), (was_at, sent_at));
        }
        self.event(order, plan_event(plan));
        true
    }

    /// The part `ours`: what is queued must still be wanted, and not sent by anybody else meanwhile.
    fn may_queue(&self, order: usize, tracked: &Tracked) -> bool {
        let row = &self.rows[order];
        let there = tracked.fell_back
            || match tracked.panel {
                Some(panel) => row.may_go_to(panel),
                None => row.provider.is_none() || row.external == ExternalStatus::NotSent,
            };
        let waits = matches!(
            row.external,
            ExternalStatus::NotSent | ExternalStatus::Queued
        );
        row.is_pending() && there && waits
    }

    /// Beside a code that is in the row already.
    fn code_to_give(&self, order: usize, tracked: &Tracked) -> Option<String> {
        let pin = tracked.pin.as_ref()?;
        let row = self.rows[order].pin.as_ref();
        Some(match row.filter(|it| *it != pin) {
            Some(there) => format!("{there} / {pin}"),
            None => pin.clone(),
        })
    }

    /// The part `learned`: a person says that the product was delivered without a code.
    fn unlearn_code(&mut self, order: usize, held: Option<HoldReason>, tracked: &Tracked) {
        let without = held == Some(HoldReason::DeliveredWithoutCode);
        if let Some(panel) = tracked.panel
            && without
            && tracked.watched.stage == Stage::Completed
        {
            self.coded[panel][self.rows[order].product] = 0;
        }
    }

    /// The part `spent`.
    fn settle_purchase(&mut self, order: usize, plan: &Plan, leaves: bool, now: At) {
        let Some(tracked) = self.tracked(order) else {
            return;
        };
        let (panel, reference) = (tracked.panel, tracked.reference.clone());
        let mut purchases = self.purchases[order].clone();
        let named =
            |p: &&mut Purchase| Some(p.panel) == panel && Some(&p.reference) == reference.as_ref();
        let Some(purchase) = purchases.iter_mut().find(named) else {
            return;
        };
        // That it is to be sent again says nothing of what became of it before.
        if !leaves && tracked.watched.stage != Stage::Queued {
            purchase.outcome = Some(plan_event(plan));
        }
        purchase.recorded_at = Some(now);
        if matches!(plan, Plan::Resolve(_, Resolution::Fail)) {
            purchase.cost = purchase.cost.or(Some(Decimal::ZERO));
        }
        self.put_purchases(order, purchases);
    }

    /// The part `said`.
    fn change_row(
        &mut self,
        order: usize,
        plan: &Plan,
        code: Option<String>,
        (was_at, sent_at): (Option<usize>, Option<At>),
    ) {
        let now_at = self.tracked(order).and_then(|it| it.panel);
        let reference = self.tracked(order).and_then(|it| it.reference.clone());
        let mut row = self.rows[order].clone();
        row.external = match plan {
            Plan::Resolve(_, Resolution::Watch) => ExternalStatus::Sent,
            Plan::Resolve(_, Resolution::Complete | Resolution::GiveCode) => ExternalStatus::Done,
            Plan::Resolve(_, Resolution::Fail) => ExternalStatus::Failed,
            _ => row.external,
        };
        let is_given = code.is_some();
        row.pin = code.or(row.pin);
        match plan.to() {
            Stage::Submitted => row.sent_at = row.sent_at.or(sent_at),
            Stage::Queued => {
                if row.provider.is_some() && was_at.is_none_or(|it| row.provider == Some(it)) {
                    row.provider = now_at;
                }
                if row.referans.is_some() {
                    row.referans = reference;
                }
            }
            _ => {}
        }
        if self.rows[order].refuses {
            // `carry_out` writes what is ours alone then, but for a release, which stands in nobody's way.
            self.tally.path(Path::RowRefused);
            return;
        }
        self.put_row(order, row, is_given);
    }
}

/// The part `won`.
fn change_order(tracked: &mut Tracked, plan: &Plan, now: At, give_up_at: At) {
    let to = plan.to();
    let watched = &mut tracked.watched;
    watched.stage = to;
    watched.give_up_at = if to.is_final() {
        watched.give_up_at
    } else {
        Some(give_up_at)
    };
    if to == Stage::Submitted {
        watched.sent_at = watched.sent_at.or(watched.dispatched_at).or(Some(now));
    }
    watched.may_resend &= matches!(plan, Plan::Release(_));
    (watched.attempts, watched.errors, watched.unknowns) = (0, 0, 0);

    tracked.held = None;
    tracked.lease = None;
    tracked.due_at = (!to.is_final()).then_some(now);
    tracked.finished_at = to.is_final().then_some(now);
    if let Plan::Release(release) = plan {
        tracked.reference = Some(release.reference.clone());
    }
    if let Plan::Resolve(_, resolution) = plan {
        tracked.outcome = to.is_final().then_some(match resolution {
            Resolution::GiveCode => EventKind::Completed,
            _ => EventKind::Resolved,
        });
    }
}

fn plan_event(plan: &Plan) -> EventKind {
    match plan {
        Plan::Release(_) => EventKind::Released,
        Plan::Resolve(..) => EventKind::Resolved,
    }
}

fn panel_facts(panel: &Panel) -> PanelFacts {
    PanelFacts {
        id: panel.id,
        name: "a panel".to_owned(),
        naming: Some(panel.kind.naming),
        kind: String::new(),
        enabled: true,
        own: true,
        breaker: None,
    }
}

fn tracked_facts(tracked: &Tracked, panels: &[Panel]) -> TrackedFacts {
    TrackedFacts {
        claimed_at: None,
        watched: tracked.watched.clone(),
        held: tracked.held,
        loss: None,
        reference: tracked.reference.clone(),
        panel: tracked.panel.map(|panel| panel_facts(&panels[panel])),
        due_at: tracked.due_at,
        claimed: tracked.lease.is_some(),
        fell_back: tracked.fell_back,
        half_delivered_after: None,
        finished_at: tracked.finished_at,
        ending: None,
    }
}
