//! The brakes: buying paused for all panels or for one. What was bought is watched all the same.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{EVERYWHERE, Person, Store, StoreError};
use crate::{
    order::{IntegrationId, TenantId},
    overview::PauseView,
    provider::kind::Kind,
};

/// Where buying is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    All,
    Panel(IntegrationId),
}

/// A panel without its account.
#[derive(Clone, Debug)]
pub(crate) struct KnownPanel {
    pub(crate) id: IntegrationId,
    pub(crate) name: String,
    pub(crate) tenant: TenantId,
}

impl Scope {
    fn key(self) -> Uuid {
        match self {
            Self::All => EVERYWHERE,
            Self::Panel(id) => id.0,
        }
    }

    fn target(self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Panel(id) => id.to_string(),
        }
    }
}

impl Store {
    /// Pauses buying. False when it was paused already: the first person's reason stays.
    pub(crate) async fn pause(
        &self,
        scope: Scope,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        // One statement: there is no pause without the record of who paused and why.
        let paused = sqlx::query!(
            "WITH paused AS (
                 INSERT INTO orderwatch.brakes (scope, who, why, at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (scope) DO NOTHING RETURNING scope
             )
             INSERT INTO orderwatch.actions (at, who, what, target, why)
             SELECT $4, $2, 'pause', $5, $3 FROM paused",
            scope.key(),
            person.who,
            person.why,
            now,
            scope.target()
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("pausing"))?;

        Ok(paused.rows_affected() == 1)
    }

    /// Resumes buying and wakes the dispatcher. False when it was not paused, or the pause is not the one
    /// that began at `paused_at`; without it, whichever is on.
    pub async fn resume(
        &self,
        scope: Scope,
        paused_at: Option<DateTime<Utc>>,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        // The notice goes out with the commit, so what waited is bought now rather than at the next scan;
        // unless the queue of notices is half full, which could fail the commit.
        let resumed = sqlx::query!(
            r#"WITH resumed AS (
                   DELETE FROM orderwatch.brakes
                   WHERE scope = $1 AND at = COALESCE($6::timestamptz, at) RETURNING scope
               ), acted AS (
                   INSERT INTO orderwatch.actions (at, who, what, target, why)
                   SELECT $4, $2, 'resume', $5, $3 FROM resumed
               )
               SELECT CASE WHEN pg_notification_queue_usage() < 0.5
                           THEN pg_notify('orderwatch_new', '') END IS NULL AS "quiet!" FROM resumed"#,
            scope.key(),
            person.who,
            person.why,
            now,
            scope.target(),
            paused_at
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("resuming"))?;

        Ok(resumed.is_some())
    }

    /// The pause that is on there.
    pub(crate) async fn pause_at(&self, scope: Scope) -> Result<Option<PauseView>, StoreError> {
        let panel = match scope {
            Scope::All => None,
            Scope::Panel(id) => Some(id),
        };
        let pauses = self.brakes().await?;
        Ok(pauses.into_iter().find(|pause| pause.panel == panel))
    }

    /// The brakes that are on, that of all panels first.
    pub async fn brakes(&self) -> Result<Vec<PauseView>, StoreError> {
        // Without the shop there is no `integrations` to join.
        if !self.sides.shop {
            return Ok(Vec::new());
        }

        let rows = sqlx::query!(
            r#"SELECT b.scope, b.who, b.why, b.at, i.name AS "panel?"
               FROM orderwatch.brakes b LEFT JOIN public.integrations i ON i.id = b.scope
               ORDER BY b.scope"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the brakes"))?;

        let views = rows.into_iter().map(|row| PauseView {
            panel: (row.scope != EVERYWHERE).then_some(IntegrationId(row.scope)),
            name: row.panel,
            who: row.who,
            why: row.why,
            at: row.at,
        });

        Ok(views.collect())
    }

    /// The panels that orderwatch can buy at, by name, without their accounts.
    pub(crate) async fn known_panels(&self) -> Result<Vec<KnownPanel>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT id, name, "tenantId" AS tenant FROM public.integrations
               WHERE provider = ANY($1) ORDER BY name, id"#,
            Kind::names()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the panels"))?;

        let panels = rows.into_iter().map(|row| KnownPanel {
            id: IntegrationId(row.id),
            name: row.name,
            tenant: TenantId(row.tenant),
        });

        Ok(panels.collect())
    }
}
