//! Orders that the database has lost, by a failover to a server that lacked the last commits, and of which a daemon
//! still holds an answer.
//!
//! The claim is written as it was, so that the answer is then recorded as any other; also over an earlier claim of the
//! order that the database has kept, which had ended before this one. Where the shop's row is lost, too,
//! this is all that names the purchase: it is watched to its end and held for a person (`record_shop.sql`).

use std::time::Duration;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Outcome, Store, StoreError, record::Columns};
use crate::order::{EventKind, OrderId};

/// The outcome is written at once; after this time anybody may ask about the order.
const LEASE: Duration = Duration::from_mins(1);

/// What became of an order that the database did not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restored {
    /// It is claimed again under the outcome's token, which can be recorded.
    Claimed { row_lost: bool },
    /// Somebody holds the shop's row right now: try again.
    Busy,
    /// Nothing was bought for an order that is gone, or it has gone on without this claim.
    Nothing,
}

impl Store {
    /// Of these results, which were all written, the orders of those that the database does not have.
    ///
    /// The order may be there with an earlier claim. A purchase stays whatever becomes of its order, so where it is not
    /// there its claim is lost. One that waits to be sent under the same name has lost its second claim where it was
    /// bought, or where the last word on its purchase is older than this one. What was bought and has ended as not
    /// bought, or goes on under another name, was claimed anew by somebody who did not know it.
    pub(crate) async fn forgotten(
        &self,
        written: impl Iterator<Item = &Outcome>,
    ) -> Result<Vec<OrderId>, StoreError> {
        let written: Vec<&Outcome> = written.collect();
        let c = Columns::of(written.iter().copied());
        let bought = |outcome: &&Outcome| outcome.decision.is_bought();
        let bought: Vec<bool> = written.iter().map(bought).collect();
        let claimed: Vec<_> = written.iter().map(|outcome| outcome.claimed_at()).collect();

        // A result ends its lease, so where the lease is still there only the claim was kept.
        let gone = sqlx::query_scalar!(
            r#"SELECT i.order_id AS "order_id!: OrderId"
               FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bool[], $6::timestamptz[],
                           $7::timestamptz[])
                    AS i (order_id, token, integration_id, reference, bought, claimed_at, at)
               WHERE NOT EXISTS (SELECT FROM orderwatch.orders t
                                 WHERE t.order_id = i.order_id AND t.lease_token IS DISTINCT FROM i.token)
                  OR NOT EXISTS (SELECT FROM orderwatch.purchases p
                                 WHERE (p.reference, p.integration_id) = (i.reference, i.integration_id)
                                   AND p.order_id = i.order_id)
                  OR EXISTS (SELECT FROM orderwatch.orders t
                             JOIN orderwatch.purchases p
                               ON (p.reference, p.integration_id) = (t.reference, t.integration_id)
                             WHERE t.order_id = i.order_id AND t.stage = 'queued'
                               AND (t.reference, t.integration_id) = (i.reference, i.integration_id)
                               AND (i.bought OR p.recorded_at < i.at
                                                AND COALESCE(t.dispatched_at < i.claimed_at, true)))
                  -- Bought, and another claim made of it what was not, or something else.
                  OR i.bought AND EXISTS (
                         SELECT FROM orderwatch.orders t
                         WHERE t.order_id = i.order_id
                           AND (t.outcome IN ('not_bought', 'refused', 'not_sent')
                                OR (t.reference, t.integration_id)
                                    IS DISTINCT FROM (i.reference, i.integration_id)))"#,
            &c.orders,
            &c.tokens,
            &c.integrations,
            &c.references,
            &bought,
            &claimed,
            &c.at
        );
        gone.fetch_all(self.pool.by_index())
            .await
            .map_err(StoreError::doing("looking for orders that were lost"))
    }

    /// Writes into purchases that were restored what these results, which were all written, say of their money.
    ///
    /// Whoever only asked about an order restores its purchase without it; whoever bought it knows more. One that was
    /// claimed anew was found at the panel: what the panel said to the first claim says nothing about the account since.
    pub(crate) async fn complete_purchases(
        &self,
        written: impl Iterator<Item = &Outcome>,
    ) -> Result<u64, StoreError> {
        let written: Vec<&Outcome> = written.collect();
        let c = Columns::of(written.iter().copied());
        let prices = written.iter().map(|outcome| outcome.prices);
        let (expected, sold_for): (Vec<_>, Vec<_>) = prices
            .map(|prices| (prices.expected, prices.sold_for))
            .unzip();
        let claimed_at: Vec<_> = written.iter().map(|outcome| outcome.claimed_at()).collect();

        let completed = sqlx::query!(
            "UPDATE orderwatch.purchases p
             SET expected = COALESCE(p.expected, i.expected), sold_for = COALESCE(p.sold_for, i.sold_for),
                 cost = COALESCE(p.cost, i.cost), balance = COALESCE(p.balance, i.balance),
                 answered_at = CASE WHEN COALESCE(i.cost, i.balance) IS NULL THEN p.answered_at
                                    ELSE COALESCE(p.answered_at, i.at) END
             FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::numeric[], $5::numeric[], $6::numeric[], $7::numeric[],
                         $8::timestamptz[], $9::timestamptz[])
                  AS i (order_id, integration_id, reference, expected, sold_for, cost, balance, claimed_at, at)
             WHERE (p.reference, p.integration_id) = (i.reference, i.integration_id) AND p.order_id = i.order_id
               AND p.claimed_at = i.claimed_at
               AND (p.expected IS NULL AND i.expected IS NOT NULL OR p.cost IS NULL AND i.cost IS NOT NULL)",
            &c.orders,
            &c.integrations,
            &c.references,
            &expected as &[Option<Decimal>],
            &sold_for as &[Option<Decimal>],
            &c.costs as &[Option<Decimal>],
            &c.balances as &[Option<Decimal>],
            &claimed_at,
            &c.at
        )
        .execute(self.pool.by_index())
        .await
        .map_err(StoreError::doing("completing purchases that were restored"))?;

        Ok(completed.rows_affected())
    }

    /// Writes the claim of an outcome whose order is gone; without a word to the shop where its row refuses that.
    pub(crate) async fn restore(
        &self,
        outcome: &Outcome,
        now: DateTime<Utc>,
        change_row: bool,
    ) -> Result<Restored, StoreError> {
        let watched = &outcome.decision.watched;
        let row = sqlx::query_file!(
            "src/store/sql/restore.sql",
            outcome.order.0,
            outcome.tenant.0,
            outcome.integration.0,
            outcome.reference.as_str(),
            outcome.token,
            now,
            now + LEASE,
            watched.dispatched_at,
            watched.sent_at,
            watched.give_up_at,
            watched.may_resend,
            outcome.package,
            outcome.may_be_bought(),
            self.buy_chained,
            change_row,
            outcome.prices.expected,
            outcome.prices.sold_for,
            outcome.claimed_at()
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("restoring an order that was lost"))?;

        Ok(match (row.restored, row.busy) {
            (true, _) => Restored::Claimed {
                row_lost: row.row_lost,
            },
            (false, true) => Restored::Busy,
            (false, false) => Restored::Nothing,
        })
    }
}

impl Outcome {
    /// When it was claimed for this panel, or the earliest that is known of it there.
    pub(super) fn claimed_at(&self) -> DateTime<Utc> {
        let watched = &self.decision.watched;
        let known = self.sent_by.or(watched.dispatched_at).or(watched.sent_at);
        known.unwrap_or(self.at)
    }

    /// Whether it may have been bought, or not.
    pub(super) fn is_unsure(&self) -> bool {
        self.may_be_bought() && !self.decision.is_bought()
    }

    /// Whether the panel may have sold something for it.
    pub(crate) fn may_be_bought(&self) -> bool {
        !matches!(
            self.decision.event,
            EventKind::Refused | EventKind::FellBack | EventKind::NotSent
        )
    }
}
