//! Pausing and resuming buying, for the command line, the API and the pages.

use chrono::{DateTime, Utc};

use crate::{
    order::IntegrationId,
    overview::PauseView,
    store::{Person, Scope, Store, StoreError},
};

/// What an operator does with a brake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BrakeAction {
    Pause,
    Resume,
}

/// What came of resuming the pause that somebody saw.
#[derive(Debug)]
pub(crate) enum Resumed {
    Done,
    NotPaused,
    /// Another one is on, and stays.
    Another(PauseView),
}

/// Resumes only the pause that began at `paused_at`. Whoever saw none resumes none.
pub(crate) async fn resume_seen(
    store: &Store,
    scope: Scope,
    paused_at: Option<DateTime<Utc>>,
    person: &Person,
    now: DateTime<Utc>,
) -> Result<Resumed, StoreError> {
    if paused_at.is_some() && store.resume(scope, paused_at, person, now).await? {
        return Ok(Resumed::Done);
    }

    let on = store.pause_at(scope).await?;
    Ok(on.map_or(Resumed::NotPaused, Resumed::Another))
}

impl BrakeAction {
    /// Whether it changed anything: pausing what is paused already keeps the first pause.
    pub(crate) async fn apply(
        self,
        store: &Store,
        scope: Scope,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Pause => store.pause(scope, person, now).await,
            Self::Resume => store.resume(scope, None, person, now).await,
        }
    }

    /// The same for stock pushes.
    pub(crate) async fn apply_to_stock(
        self,
        store: &Store,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Pause => store.pause_stock(person, now).await,
            Self::Resume => store.resume_stock(person, now).await,
        }
    }

    /// The scope of one panel; `None` when there is nothing to act on under this id.
    pub(crate) async fn scope(
        self,
        store: &Store,
        id: IntegrationId,
    ) -> Result<Option<Scope>, StoreError> {
        // The nil id stands for all panels in the table.
        if id.0.is_nil() {
            return Ok(None);
        }

        let mut found = store.known_panels().await?.iter().any(|it| it.id == id);
        // A pause outlives its panel, and must be resumable all the same.
        if !found && self == Self::Resume {
            let pauses = store.brakes().await?;
            found = pauses.iter().any(|pause| pause.panel == Some(id));
        }

        Ok(found.then_some(Scope::Panel(id)))
    }
}
