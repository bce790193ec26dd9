//! Outcomes, written in groups (phase 3 of a dispatch, and the end of every check).
//!
//! Each outcome names the lease it was claimed with. One that lost its lease changes nothing and
//! says so. Values are absolute, so writing the same group twice is harmless.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use secrecy::ExposeSecret;
use serde_json::Value;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::order::{
    Decision, HoldReason, IntegrationId, OrderId, PIN_CHARS, Reference, Stage, TenantId,
};

/// What became of a claimed order.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub order: OrderId,
    pub tenant: TenantId,
    pub integration: IntegrationId,
    pub reference: Reference,
    /// `product_packages.id` of an order that we sent.
    pub package: Option<Uuid>,
    pub token: Uuid,
    pub decision: Decision,
    /// When the panel's answer was there.
    pub at: DateTime<Utc>,
    /// The panel's answer as evidence, without secrets.
    pub detail: Value,
    /// What an answer without news says.
    pub quiet: Option<Quiet>,
    /// Of the claim, where this answers it.
    pub prices: Prices,
    /// When the claim was made that this answers. One that is sent again was claimed before.
    pub sent_by: Option<DateTime<Utc>>,
    /// For as long as it lives this process does not buy the order as a new one.
    pub known: Option<Arc<()>>,
    /// The same of any purchase: until the result is written.
    pub at_work: Option<Arc<()>>,
}

/// What was known of a purchase's money when it was claimed, in TRY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// Its price in the panel's list.
    pub expected: Option<Decimal>,
    /// What the customer paid.
    pub sold_for: Option<Decimal>,
}

/// An answer to a check that changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Digest of what it says.
    pub answer: i64,
    /// Whether the last one said the same: then the timeline has it already.
    pub again: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    Done {
        /// Why it is held all the same: what staff had decided contradicts it.
        held: Option<HoldReason>,
        /// `status` that the shop's row had.
        found: Option<String>,
        row_gone: bool,
    },
    /// Written before; only the answer to it was lost.
    Before,
    /// Somebody else has claimed the order since; nothing was written.
    LeaseLost,
    /// The database has lost the claim: it does not know the order, or nothing of its purchase. Nothing was written.
    Forgotten,
    /// Somebody holds the shop's row right now; nothing was written, try again.
    Busy,
}

/// What became of a late answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Late {
    Kept(Kept),
    /// The order is not tracked.
    Untracked,
    /// Somebody holds the shop's row right now; nothing was written, try again.
    Busy,
}

/// What a late answer found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    pub(crate) stage: Stage,
    /// It was held or queued, and is watched again: it was bought.
    pub(crate) goes_on: bool,
    /// It was bought, and the order has ended as one that was not, or goes on under another name; or it was completed
    /// without the code that this answer brings, and the shop's row does not take that.
    pub(crate) contradicts: bool,
    /// It was completed without its code, which the customer has now.
    pub(crate) code_given: bool,
}

impl Recorded {
    pub(super) const DONE: Self = Self::Done {
        held: None,
        found: None,
        row_gone: false,
    };
}

/// The columns of a group that go into our own tables.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) orders: Vec<Uuid>,
    pub(super) tokens: Vec<Uuid>,
    pub(super) stages: Vec<String>,
    pub(super) held: Vec<Option<String>>,
    pub(super) due: Vec<Option<DateTime<Utc>>>,
    pub(super) dispatched: Vec<Option<DateTime<Utc>>>,
    pub(super) sent: Vec<Option<DateTime<Utc>>>,
    pub(super) give_up: Vec<Option<DateTime<Utc>>>,
    pub(super) finished: Vec<Option<DateTime<Utc>>>,
    pub(super) processing: Vec<bool>,
    pub(super) attempts: Vec<i32>,
    pub(super) errors: Vec<i32>,
    pub(super) unknowns: Vec<i32>,
    pub(super) may_resend: Vec<bool>,
    pub(super) pins: Vec<Option<String>>,
    pub(super) costs: Vec<Option<Decimal>>,
    pub(super) balances: Vec<Option<Decimal>>,
    pub(super) at: Vec<DateTime<Utc>>,
    pub(super) kinds: Vec<String>,
    pub(super) details: Vec<Value>,
    pub(super) integrations: Vec<Uuid>,
    pub(super) references: Vec<String>,
    pub(super) answers: Vec<Option<i64>>,
    pub(super) again: Vec<bool>,
}

impl Columns {
    pub(super) fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self {
        let mut columns = Self::default();
        for outcome in outcomes {
            columns.push(outcome);
        }
        columns
    }

    fn push(&mut self, outcome: &Outcome) {
        let decision = &outcome.decision;
        let known = &decision.watched;
        // Counters stop at the largest number rather than fail the whole group.
        let int = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        self.orders.push(outcome.order.0);
        self.tokens.push(outcome.token);
        self.stages.push(known.stage.as_str().to_owned());
        self.held
            .push(decision.held.map(|reason| reason.as_str().to_owned()));
        self.due.push(decision.due_at);
        self.dispatched.push(known.dispatched_at);
        self.sent.push(known.sent_at);
        self.give_up.push(known.give_up_at);
        self.finished
            .push(known.stage.is_final().then_some(outcome.at));
        self.processing.push(known.processing);
        self.attempts.push(int(known.attempts));
        self.errors.push(int(known.errors));
        self.unknowns.push(int(known.unknowns));
        self.may_resend.push(known.may_resend);
        self.pins.push(
            decision
                .pin
                .as_ref()
                .map(|pin| pin.expose_secret().to_owned()),
        );

        self.costs.push(decision.cost);
        self.balances.push(decision.balance);
        self.at.push(outcome.at);
        self.kinds.push(decision.event.as_str().to_owned());
        self.details.push(outcome.detail.clone());
        self.integrations.push(outcome.integration.0);
        self.references.push(outcome.reference.as_str().to_owned());
        self.answers.push(outcome.quiet.map(|quiet| quiet.answer));
        self.again
            .push(outcome.quiet.is_some_and(|quiet| quiet.again));
    }
}

impl Store {
    /// Keeps what a late answer brought: a code that the order does not have yet, which the customer gets if the order
    /// was completed without one, and what was charged. An order of which nothing is under way, and which surely was
    /// bought, is watched again. Without `change_row` the shop's row stays as it is.
    pub(crate) async fn keep_late(
        &self,
        outcome: &Outcome,
        now: DateTime<Utc>,
        change_row: bool,
    ) -> Result<Late, StoreError> {
        let decision = &outcome.decision;
        let undecided: Vec<String> = HoldReason::ALL
            .into_iter()
            .filter(|reason| reason.is_undecided())
            .map(|reason| reason.as_str().to_owned())
            .collect();

        let row = sqlx::query_file!(
            "src/store/sql/keep_late.sql",
            outcome.order.0,
            decision.pin.as_ref().map(ExposeSecret::expose_secret),
            decision.is_bought(),
            outcome.reference.as_str(),
            outcome.integration.0,
            now,
            decision.watched.sent_at,
            decision.watched.give_up_at,
            decision.cost,
            decision.balance,
            outcome.at,
            outcome.claimed_at(),
            &undecided,
            i32::try_from(PIN_CHARS).unwrap_or(i32::MAX),
            change_row
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("keeping a late answer"))?;

        let Some(row) = row else {
            return Ok(Late::Untracked);
        };
        if row.busy {
            return Ok(Late::Busy);
        }

        let stage = Stage::parse(&row.stage)
            .ok_or_else(|| super::orders::inconsistent("stage", outcome.order.0, &row.stage))?;
        Ok(Late::Kept(Kept {
            stage,
            goes_on: row.goes_on,
            contradicts: row.contradicts,
            code_given: row.code_given,
        }))
    }

    /// Writes a group of outcomes, and says of each, in the same order, what became of it. No
    /// order may be in it twice. After an error the group may or may not have been written, and can be
    /// written again as it is.
    pub async fn record(&self, group: &[Outcome]) -> Result<Vec<Recorded>, StoreError> {
        // Most checks change nothing for the shop: one statement then, which does not touch its hot table.
        let (for_shop, ours_only): (Vec<&Outcome>, Vec<&Outcome>) = group
            .iter()
            .partition(|outcome| outcome.decision.shop.is_some());

        let mut written = HashMap::with_capacity(group.len());
        if !ours_only.is_empty() {
            written.extend(self.record_tracked(&ours_only).await?);
        }
        if !for_shop.is_empty() {
            written.extend(self.record_with_shop(&for_shop).await?);
        }

        // Seldom, so only then it is asked why.
        if written.len() < group.len() {
            let rest = group.iter().filter(|o| !written.contains_key(&o.order));
            let rest: Vec<&Outcome> = rest.collect();
            written.extend(self.unwritten(&rest).await?);
        }
        let became = |outcome: &Outcome| written.remove(&outcome.order);
        let all = group.iter().map(became);

        Ok(all
            .map(|recorded| recorded.unwrap_or(Recorded::LeaseLost))
            .collect())
    }

    /// Why these outcomes were not written.
    async fn unwritten(&self, rest: &[&Outcome]) -> Result<Vec<(OrderId, Recorded)>, StoreError> {
        let c = Columns::of(rest.iter().copied());
        let unsure: Vec<bool> = rest.iter().map(|outcome| outcome.is_unsure()).collect();
        let claimed: Vec<_> = rest.iter().map(|outcome| outcome.claimed_at()).collect();
        // Whoever takes an order over leaves the purchases of earlier claims.
        let rows = sqlx::query!(
            r#"SELECT i.order_id AS "order_id!",
                      t.order_id IS NULL OR NOT EXISTS (
                          SELECT FROM orderwatch.purchases p
                          WHERE (p.reference, p.integration_id) = (i.reference, i.integration_id)
                            AND p.order_id = i.order_id)
                      -- It waits to be sent under that name, says an earlier claim: see `forgotten`.
                      OR i.unsure AND t.stage = 'queued' AND COALESCE(t.dispatched_at < i.claimed_at, true)
                         AND EXISTS (
                             SELECT FROM orderwatch.purchases p
                             WHERE (p.reference, p.integration_id) = (i.reference, i.integration_id)
                               AND (t.reference, t.integration_id) = (i.reference, i.integration_id)
                               AND p.recorded_at < i.at) AS "forgotten!",
                      COALESCE(t.recorded_token = i.token, false) AS "before!",
                      COALESCE(t.lease_token = i.token, false) AS "ours!"
               FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bool[], $6::timestamptz[],
                           $7::timestamptz[])
                    AS i (order_id, token, integration_id, reference, unsure, claimed_at, at)
               LEFT JOIN orderwatch.orders t ON t.order_id = i.order_id"#,
            &c.orders,
            &c.tokens,
            &c.integrations,
            &c.references,
            &unsure,
            &claimed,
            &c.at
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing(
            "looking for results that were not written",
        ))?;

        Ok(rows
            .into_iter()
            .map(|row| {
                let recorded = match (row.before, row.ours) {
                    // The answer to an earlier try was lost; its values were the same.
                    (true, _) => Recorded::Before,
                    // The lease is still ours, so only the shop's row was in the way.
                    (false, true) => Recorded::Busy,
                    (false, false) if row.forgotten => Recorded::Forgotten,
                    (false, false) => Recorded::LeaseLost,
                };
                (OrderId(row.order_id), recorded)
            })
            .collect())
    }

    async fn record_tracked(
        &self,
        group: &[&Outcome],
    ) -> Result<Vec<(OrderId, Recorded)>, StoreError> {
        let c = Columns::of(group.iter().copied());
        // The lease is compared in the same statement that ends it: what lost it changes nothing.
        let written = sqlx::query_scalar!(
            r#"WITH won AS (
                   UPDATE orderwatch.orders t
                   SET stage = i.stage, held_reason = i.held_reason, due_at = i.due_at,
                       lease_token = NULL, recorded_token = i.token,
                       dispatched_at = i.dispatched_at, sent_at = i.sent_at,
                       give_up_at = i.give_up_at, finished_at = i.finished_at,
                       processing = i.processing, attempts = i.attempts, errors = i.errors,
                       unknowns = i.unknowns, may_resend = i.may_resend,
                       pin = COALESCE(i.pin, t.pin),
                       waited_at = CASE WHEN i.kind IN ('checked', 'processing') THEN i.at ELSE t.waited_at END,
                       answer = COALESCE(i.answer, t.answer)
                   FROM unnest(
                       $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[],
                       $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[],
                       $10::bool[], $11::int[], $12::int[], $13::int[], $14::bool[], $15::text[],
                       $16::timestamptz[], $17::text[], $18::jsonb[], $19::numeric[],
                       $20::bigint[], $21::bool[], $22::numeric[])
                   AS i (order_id, token, stage, held_reason, due_at, dispatched_at, sent_at,
                         give_up_at, finished_at, processing, attempts, errors, unknowns,
                         may_resend, pin, at, kind, detail, cost, answer, again, balance)
                   WHERE t.order_id = i.order_id AND t.lease_token = i.token
                   RETURNING t.integration_id, t.reference, i.order_id, i.at, i.kind, i.detail, i.cost, i.again,
                             i.balance, i.may_resend
               ), spent AS (
                   -- Of a purchase that the shop does not hear of: its row refuses it, or it has heard that the
                   -- panel is out of reach. What may have been sent before may still have been bought.
                   UPDATE orderwatch.purchases p
                   SET cost = COALESCE(w.cost, p.cost), balance = COALESCE(w.balance, p.balance),
                       answered_at = CASE WHEN w.cost IS NULL THEN p.answered_at
                                          ELSE COALESCE(p.answered_at, w.at) END,
                       outcome = CASE WHEN w.kind <> 'not_sent' THEN p.outcome
                                      WHEN w.may_resend THEN w.kind ELSE 'unsure' END,
                       recorded_at = CASE WHEN w.kind <> 'not_sent' THEN p.recorded_at ELSE w.at END
                   FROM won w
                   WHERE (p.reference, p.integration_id) = (w.reference, w.integration_id)
                     AND (w.cost IS NOT NULL OR w.kind = 'not_sent')
               ), noted AS (
                   INSERT INTO orderwatch.events (order_id, at, kind, detail)
                   -- The same answer again is counted in the order's row.
                   SELECT order_id, at, kind, detail FROM won WHERE NOT again
               )
               SELECT order_id AS "order_id!" FROM won"#,
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
            &c.answers as &[Option<i64>],
            &c.again,
            &c.balances as &[Option<Decimal>]
        )
        .fetch_all(self.pool.by_index())
        .await
        .map_err(StoreError::doing("recording checks"))?;

        let written = written.into_iter();
        Ok(written.map(|id| (OrderId(id), Recorded::DONE)).collect())
    }
}
