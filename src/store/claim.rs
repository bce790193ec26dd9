//! The claim of an order for sending (phase 1 of a dispatch): from here on the panel may have it.
//!
//! One short transaction locks the order, checks it again, gives the purchase its name and writes
//! the intent down. A pause that somebody has set meanwhile holds here too, at once and for every
//! replica; so does the spending limit, for which the claims at one panel take turns.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgExecutor;
use uuid::Uuid;

use super::{
    EVERYWHERE, Store, StoreError,
    pool::whole,
    spending::{self, SpendingLimit},
};
use crate::order::{FieldRule, IntegrationId, OrderId, Reference};

/// A request to send one order now.
#[derive(Clone, Debug)]
pub struct Claim {
    pub order: OrderId,
    pub integration: IntegrationId,
    pub reference: Reference,
    /// The round of the name's derivation.
    pub round: u16,
    /// Its price in the panel's list, in TRY.
    pub expected: Option<Decimal>,
    /// What the customer paid for it, in TRY.
    pub sold_for: Option<Decimal>,
    /// Which product of the shop it is, and by which rule its player fields are filled.
    pub product: (Uuid, FieldRule),
}

/// When a claim is made, by whom, and how long it holds.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// Names the claim; every outcome repeats it.
    pub token: Uuid,
    pub now: DateTime<Utc>,
    /// When the claim ends.
    pub until: DateTime<Utc>,
    /// When waiting for the orders ends.
    pub give_up_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// These may be sent, and have to be.
    pub orders: Vec<OrderId>,
    /// These would exceed the spending limit.
    pub(crate) over_limit: Vec<OrderId>,
    /// Panels at which four fifths of the limit are spent, to be warned about now: what is spent.
    pub(crate) near_limit: Vec<(IntegrationId, Decimal)>,
}

impl Store {
    /// Claims new orders of the shop. Those that are in no list of the result are somebody else's,
    /// or no longer eligible, or their name belongs to another order ([`Store::taken`]).
    ///
    /// # Errors
    /// [`StoreError::Database`]; nothing may be sent then, also when only the answer was lost.
    pub async fn claim_new(
        &self,
        claims: &[Claim],
        lease: Lease,
        limit: Option<SpendingLimit>,
    ) -> Result<Claimed, StoreError> {
        self.claim(claims, lease, limit, Kind::New).await
    }

    /// Claims tracked orders for sending, under the name that they have.
    pub async fn claim_queued(
        &self,
        claims: &[Claim],
        lease: Lease,
        limit: Option<SpendingLimit>,
    ) -> Result<Claimed, StoreError> {
        self.claim(claims, lease, limit, Kind::Queued).await
    }

    async fn claim(
        &self,
        claims: &[Claim],
        lease: Lease,
        limit: Option<SpendingLimit>,
        kind: Kind,
    ) -> Result<Claimed, StoreError> {
        // Without a limit nothing is summed up, so the claims need not take turns.
        let Some(limit) = limit else {
            let orders = kind
                // By the index, as all that is done for single orders in large tables.
                .claim(self.pool.by_index(), claims, lease, self.buy_chained)
                .await?;
            return Ok(Claimed {
                orders,
                ..Claimed::default()
            });
        };

        let within = (limit, self.buy_chained);
        let claimed = self.claim_within(claims, lease, within, kind);
        whole(claimed, "claiming orders").await
    }

    /// Claims what the spending limit admits.
    async fn claim_within(
        &self,
        claims: &[Claim],
        lease: Lease,
        (limit, buy_chained): (SpendingLimit, bool),
        kind: Kind,
    ) -> Result<Claimed, StoreError> {
        let doing = StoreError::doing("claiming orders");
        // One transaction for the sum and the claims: the panels stay locked until what is spent is written down.
        let mut transaction = self.by_index().await.map_err(&doing)?;
        let admitted = spending::admit(&mut transaction, claims, limit, lease.now).await?;
        let claimed = kind
            .claim(&mut transaction, &admitted.claims, lease, buy_chained)
            .await;
        let orders = match claimed {
            Ok(orders) => orders,
            Err(refused) => {
                // Ended here rather than by the drop: the caller reads and locks the same rows next.
                transaction.rollback().await.map_err(&doing)?;
                return Err(refused);
            }
        };

        transaction.commit().await.map_err(&doing)?;
        Ok(Claimed {
            orders,
            over_limit: admitted.over,
            near_limit: admitted.near,
        })
    }

    /// Of these names, those that another order already has at the same panel.
    pub(crate) async fn taken(&self, claims: &[Claim]) -> Result<Vec<OrderId>, StoreError> {
        let c = Columns::of(claims);
        let taken = sqlx::query_scalar!(
            r#"SELECT i.order_id AS "order_id!"
               FROM unnest($1::uuid[], $2::uuid[], $3::text[])
                    AS i (order_id, integration_id, reference)
               JOIN orderwatch.purchases p
                 ON (p.reference, p.integration_id) = (i.reference, i.integration_id)
               WHERE p.order_id <> i.order_id"#,
            &c.orders,
            &c.integrations,
            &c.references
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking up references"))?;

        Ok(taken.into_iter().map(OrderId).collect())
    }
}

/// Where the claimed orders come from.
#[derive(Clone, Copy)]
enum Kind {
    New,
    Queued,
}

impl Kind {
    async fn claim(
        self,
        database: impl PgExecutor<'_>,
        claims: &[Claim],
        lease: Lease,
        buy_chained: bool,
    ) -> Result<Vec<OrderId>, StoreError> {
        let claimed = match self {
            Self::New => claim_new(database, claims, lease, buy_chained).await,
            Self::Queued => claim_queued(database, claims, lease, buy_chained).await,
        };
        claimed
            .map(|orders| orders.into_iter().map(OrderId).collect())
            .map_err(StoreError::doing("claiming orders"))
    }
}

async fn claim_new(
    database: impl PgExecutor<'_>,
    claims: &[Claim],
    lease: Lease,
    buy_chained: bool,
) -> sqlx::Result<Vec<Uuid>> {
    let c = Columns::of(claims);
    sqlx::query_file_scalar!(
        "src/store/sql/claim_new.sql",
        &c.orders,
        &c.integrations,
        &c.references,
        &c.rounds,
        lease.token,
        lease.now,
        lease.until,
        lease.give_up_at,
        &c.expected as &[Option<Decimal>],
        EVERYWHERE,
        buy_chained,
        &c.packages,
        &c.fields,
        &c.sold_for as &[Option<Decimal>]
    )
    .fetch_all(database)
    .await
}

async fn claim_queued(
    database: impl PgExecutor<'_>,
    claims: &[Claim],
    lease: Lease,
    buy_chained: bool,
) -> sqlx::Result<Vec<Uuid>> {
    let c = Columns::of(claims);
    sqlx::query_file_scalar!(
        "src/store/sql/claim_queued.sql",
        &c.orders,
        &c.integrations,
        &c.references,
        &c.rounds,
        lease.token,
        lease.now,
        lease.until,
        &c.expected as &[Option<Decimal>],
        EVERYWHERE,
        buy_chained,
        &c.packages,
        &c.fields,
        &c.sold_for as &[Option<Decimal>]
    )
    .fetch_all(database)
    .await
}

/// Claims as columns for `unnest`.
#[derive(Default)]
struct Columns {
    orders: Vec<Uuid>,
    integrations: Vec<Uuid>,
    references: Vec<String>,
    rounds: Vec<i16>,
    expected: Vec<Option<Decimal>>,
    packages: Vec<Uuid>,
    fields: Vec<String>,
    sold_for: Vec<Option<Decimal>>,
}

impl Columns {
    fn of(claims: &[Claim]) -> Self {
        let mut columns = Self::default();
        for claim in claims {
            columns.orders.push(claim.order.0);
            columns.integrations.push(claim.integration.0);
            columns.references.push(claim.reference.as_str().to_owned());
            columns
                .rounds
                .push(i16::try_from(claim.round).unwrap_or(i16::MAX));
            columns.expected.push(claim.expected);
            columns.packages.push(claim.product.0);
            columns.fields.push(claim.product.1.to_string());
            columns.sold_for.push(claim.sold_for);
        }
        columns
    }
}
