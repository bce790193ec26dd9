//! The outbox of settlement notices. They are written with the settlement (`record_shop.sql`), so that none
//! is lost; here they are claimed, and their outcomes recorded, so that none holds an order up.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Store, StoreError};
use crate::order::{OrderId, TenantId};

/// Who gets notices of settlements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// Its name in the configuration.
    pub endpoint: String,
    /// The one tenant whose orders it hears of; `None` for all.
    pub tenant: Option<TenantId>,
}

/// How many notices of one endpoint may be claimed now, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct NoticeShare {
    pub(crate) endpoint: String,
    pub(crate) limit: usize,
    /// When the claim ends.
    pub(crate) lease_until: DateTime<Utc>,
}

/// A notice that was claimed for delivery.
#[derive(Clone, Debug)]
pub(crate) struct DueNotice {
    /// Names it, the same in every try.
    pub(crate) id: Uuid,
    pub(crate) endpoint: String,
    pub(crate) order: OrderId,
    /// What is said, as JSON.
    pub(crate) body: String,
    /// Tries before this one.
    pub(crate) attempts: u32,
}

/// What became of a claimed notice.
#[derive(Clone, Debug)]
pub(crate) struct NoticeOutcome {
    pub(crate) id: Uuid,
    /// The claim that it came from.
    pub(crate) token: Uuid,
    pub(crate) fate: Fate,
    /// Why it could not be delivered, without address or secret.
    pub(crate) error: Option<String>,
    /// When that was known.
    pub(crate) at: DateTime<Utc>,
}

/// What follows from a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Delivered,
    /// Tried again at this time.
    Again(DateTime<Utc>),
    /// Never tried again.
    GivenUp,
}

/// Notices that nobody delivers: their endpoint is not in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stranded {
    pub(crate) endpoint: String,
    pub(crate) notices: i64,
}

/// The audience as columns for `unnest`: name, tenant.
pub(super) fn columns(audience: &[Audience]) -> (Vec<String>, Vec<Option<Uuid>>) {
    audience
        .iter()
        .map(|who| (who.endpoint.clone(), who.tenant.map(|tenant| tenant.0)))
        .unzip()
}

impl Store {
    /// Claims due notices, oldest first, at most `share.limit` per endpoint.
    pub(crate) async fn claim_notices(
        &self,
        shares: &[NoticeShare],
        token: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Vec<DueNotice>, StoreError> {
        let endpoints: Vec<String> = shares.iter().map(|s| s.endpoint.clone()).collect();
        let limit = |share: &NoticeShare| i64::try_from(share.limit).unwrap_or(i64::MAX);
        let limits: Vec<i64> = shares.iter().map(limit).collect();
        let leases: Vec<DateTime<Utc>> = shares.iter().map(|share| share.lease_until).collect();

        // Endpoint by endpoint: one that does not answer keeps no notice from the others.
        let rows = sqlx::query!(
            r#"WITH due AS MATERIALIZED (
                   SELECT d.id, e.lease_until
                   FROM unnest($1::text[], $2::bigint[], $3::timestamptz[])
                        AS e (name, free, lease_until)
                   CROSS JOIN LATERAL (
                       SELECT n.id FROM orderwatch.notices n
                       WHERE n.endpoint = e.name AND n.due_at <= $5
                       ORDER BY n.due_at LIMIT e.free
                       FOR UPDATE SKIP LOCKED
                   ) d
               )
               UPDATE orderwatch.notices n SET due_at = d.lease_until, lease_token = $4
               FROM due d WHERE n.id = d.id
               RETURNING n.id, n.endpoint, n.order_id, n.body::text AS "body!", n.attempts"#,
            &endpoints,
            &limits,
            &leases,
            token,
            now
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("claiming notices"))?;

        Ok(rows
            .into_iter()
            .map(|row| DueNotice {
                id: row.id,
                endpoint: row.endpoint,
                order: OrderId(row.order_id),
                body: row.body,
                attempts: u32::try_from(row.attempts).unwrap_or(0),
            })
            .collect())
    }

    /// When the next notice to one of these endpoints is due.
    pub(crate) async fn next_notice(
        &self,
        endpoints: &[String],
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT min(d.due_at) FROM unnest($1::text[]) AS e (name)
               CROSS JOIN LATERAL (
                   SELECT n.due_at FROM orderwatch.notices n
                   WHERE n.endpoint = e.name AND n.due_at IS NOT NULL
                   ORDER BY n.due_at LIMIT 1) d"#,
            endpoints
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking for the next notice"))
    }

    /// Writes down what became of claimed notices. One whose claim was lost is left as it is: who
    /// has it now delivers it again, under the same id. A group that could not be written may be written again.
    pub(crate) async fn record_notices(&self, group: &[NoticeOutcome]) -> Result<u64, StoreError> {
        let ids: Vec<Uuid> = group.iter().map(|outcome| outcome.id).collect();
        let tokens: Vec<Uuid> = group.iter().map(|outcome| outcome.token).collect();
        let times: Vec<DateTime<Utc>> = group.iter().map(|outcome| outcome.at).collect();
        let errors: Vec<Option<String>> = group.iter().map(|o| o.error.clone()).collect();
        let due: Vec<Option<DateTime<Utc>>> = group.iter().map(|o| o.fate.again()).collect();
        let delivered: Vec<bool> = group
            .iter()
            .map(|outcome| outcome.fate == Fate::Delivered)
            .collect();

        // The token keeps out a result that came after its claim had ended.
        let written = sqlx::query!(
            "UPDATE orderwatch.notices n
             SET attempts = n.attempts + 1, lease_token = NULL, due_at = i.due_at,
                 last_error = i.error,
                 delivered_at = CASE WHEN i.delivered THEN i.at END,
                 given_up_at = CASE WHEN i.due_at IS NULL AND NOT i.delivered THEN i.at END
             FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bool[],
                         $5::timestamptz[], $6::text[])
                  AS i (id, token, due_at, delivered, at, error)
             WHERE n.id = i.id AND n.lease_token = i.token",
            &ids,
            &tokens,
            &due as &[Option<DateTime<Utc>>],
            &delivered,
            &times,
            &errors as &[Option<String>]
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("recording deliveries of notices"))?;

        Ok(written.rows_affected())
    }

    /// Notices that wait for endpoints which are not in the configuration.
    pub(crate) async fn stranded_notices(&self) -> Result<Vec<Stranded>, StoreError> {
        // Nobody claims them, so nothing but this shows that they wait.
        let (names, _) = columns(&self.audience);
        sqlx::query_as!(
            Stranded,
            r#"SELECT endpoint, count(*) AS "notices!" FROM orderwatch.notices
               WHERE due_at IS NOT NULL AND endpoint <> ALL($1)
               GROUP BY endpoint ORDER BY endpoint"#,
            &names
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("counting stranded notices"))
    }
}

impl Fate {
    fn again(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Again(at) => Some(at),
            Self::Delivered | Self::GivenUp => None,
        }
    }
}
