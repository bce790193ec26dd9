//! Outcomes that change the shop's row: it, our row, the ledger, the timeline and the notice to listeners
//! change together or not at all.
//!
//! The shop's rows are locked first, and one that somebody else holds is left out (`Busy`), so a
//! forgotten transaction of the shop's stops one order and not the whole daemon.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::{Outcome, Recorded, Store, StoreError, notices, record::Columns};
use crate::order::{HoldReason, OrderId, ShopChange};

/// Deliveries in a row that make a code part of the product.
pub(super) const SURE_OF_CODE: i32 = 3;

/// The columns of a group that go into the shop's row.
#[derive(Default)]
struct ShopColumns {
    external: Vec<Option<String>>,
    status: Vec<Option<String>>,
    pins: Vec<Option<String>>,
    messages: Vec<Option<String>>,
    provider_messages: Vec<Option<String>>,
    notes: Vec<Option<String>>,
    costs: Vec<Option<Decimal>>,
    sent: Vec<Option<DateTime<Utc>>>,
    completed: Vec<Option<DateTime<Utc>>>,
}

impl ShopColumns {
    fn push(&mut self, change: &ShopChange) {
        self.external.push(
            change
                .external_status
                .map(|status| status.as_str().to_owned()),
        );
        self.status
            .push(change.status.map(|status| status.as_str().to_owned()));
        self.pins.push(
            change
                .pin
                .as_ref()
                .map(|pin| pin.expose_secret().to_owned()),
        );

        self.messages.push(change.last_message.clone());
        self.provider_messages.push(change.provider_message.clone());
        self.notes.push(change.note.clone());
        self.costs.push(change.cost.and_then(shop_cost));
        self.sent.push(change.sent_at);
        self.completed.push(change.completed_at);
    }
}

/// A cost as `"costAmount"` takes it, `numeric(10,2)`; a larger one is left out there and stands
/// in the ledger.
fn shop_cost(cost: Decimal) -> Option<Decimal> {
    let rounded = cost.round_dp(2);
    (rounded.abs() < Decimal::new(100_000_000, 0)).then_some(rounded)
}

impl Store {
    pub(super) async fn record_with_shop(
        &self,
        group: &[&Outcome],
    ) -> Result<Vec<(OrderId, Recorded)>, StoreError> {
        let c = Columns::of(group.iter().copied());
        let mut s = ShopColumns::default();
        // The caller sends only outcomes with a change; the columns must have one length in any case.
        let nothing = ShopChange::default();
        for outcome in group {
            s.push(outcome.decision.shop.as_ref().unwrap_or(&nothing));
        }
        let (endpoints, tenants) = notices::columns(&self.audience);

        // A refused order may go on to its fallback: it gets panel and reference with the refusal itself.
        let (reroute_to, reroute_as): (Vec<Option<Uuid>>, Vec<Option<String>>) = group
            .iter()
            .map(|outcome| outcome.decision.reroute.as_ref())
            .map(|to| {
                (
                    to.map(|to| to.integration.0),
                    to.map(|to| to.reference.to_string()),
                )
            })
            .unzip();

        // One statement: a crash leaves all of an outcome or nothing of it.
        let rows = sqlx::query_file!(
            "src/store/sql/record_shop.sql",
            &c.orders,
            &c.tokens,
            &c.stages,
            &c.held as &[Option<String>],
            &c.due as &[Option<DateTime<Utc>>],
            &c.dispatched as &[Option<DateTime<Utc>>],
            &c.sent as &[Option<DateTime<Utc>>],
            &c.give_up as &[Option<DateTime<Utc>>],
            &c.finished as &[Option<DateTime<Utc>>],
            &c.processing,
            &c.attempts,
            &c.errors,
            &c.unknowns,
            &c.may_resend,
            &c.pins as &[Option<String>],
            &c.at,
            &c.kinds,
            &c.details,
            &c.costs as &[Option<Decimal>],
            &s.external as &[Option<String>],
            &s.status as &[Option<String>],
            &s.pins as &[Option<String>],
            &s.messages as &[Option<String>],
            &s.provider_messages as &[Option<String>],
            &s.notes as &[Option<String>],
            &s.costs as &[Option<Decimal>],
            &s.sent as &[Option<DateTime<Utc>>],
            &s.completed as &[Option<DateTime<Utc>>],
            &c.integrations,
            &c.references,
            &reroute_to as &[Option<Uuid>],
            &reroute_as as &[Option<String>],
            &endpoints,
            &tenants as &[Option<Uuid>],
            SURE_OF_CODE,
            &c.balances as &[Option<Decimal>]
        )
        .fetch_all(self.pool.by_index())
        .await
        .map_err(StoreError::doing("recording results"))?;

        rows.into_iter()
            .map(|row| {
                let held = row.held.as_deref().map(|name| {
                    HoldReason::parse(name).ok_or_else(|| {
                        super::orders::inconsistent("held_reason", row.order_id, name)
                    })
                });
                let recorded = Recorded::Done {
                    held: held.transpose()?,
                    found: row.found_status,
                    row_gone: row.row_gone,
                };
                Ok((OrderId(row.order_id), recorded))
            })
            .collect()
    }
}
