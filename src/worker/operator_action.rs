//! What a person decides about an order, from the action to the step: the pages and the API ask the same
//! question and do the same thing.
//!
//! What must stay true: a step is taken only where the order stands as the person saw it. Whoever
//! hands back what was [`seen`](Plan::seen) has seen it; the store checks once more when it writes.

use chrono::{DateTime, Utc};

use crate::{
    order::{
        HoldReason, OrderId,
        explain::Facts,
        person::{self, Position, Refusal, Release, Resolution, Verdict},
    },
    store::{Acted, Person, Store, StoreError},
};

/// What a person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorAction {
    /// A held order is to be sent.
    Retry,
    /// This became of it.
    Resolve(Verdict),
}

/// What the action does, as things stand.
#[derive(Debug)]
pub enum Plan {
    /// It goes on.
    Release(Release),
    /// It is settled, or watched again.
    Resolve(Position, Resolution),
}

impl OperatorAction {
    /// What it would do.
    ///
    /// # Errors
    /// [`Refusal`] when it cannot be done.
    pub fn plan(self, order: OrderId, facts: &Facts) -> Result<Plan, Refusal> {
        match self {
            Self::Retry => person::retry(order, facts).map(Plan::Release),
            Self::Resolve(verdict) => person::resolve(facts, verdict)
                .map(|(from, resolution)| Plan::Resolve(from, resolution)),
        }
    }
}

impl Plan {
    /// Where the order stands.
    #[must_use]
    pub const fn from(&self) -> Position {
        match self {
            Self::Release(release) => release.from,
            Self::Resolve(from, _) => *from,
        }
    }

    /// All that the step depends on, in one word.
    #[must_use]
    pub fn seen(&self) -> String {
        let from = self.from();
        let (stage, held) = (from.stage, from.held.map_or("-", HoldReason::as_str));
        match self {
            Self::Release(Release {
                panel, reference, ..
            }) => format!("{stage}.{held}.{panel}.{reference}"),
            Self::Resolve(_, resolution) => format!("{stage}.{held}.{}", resolution.stage()),
        }
    }

    /// Does it, if the order still stands where it stood.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; nothing was done then.
    pub async fn carry_out(
        &self,
        store: &Store,
        order: OrderId,
        person: &Person,
        (now, give_up_at): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Acted, StoreError> {
        match self {
            Self::Release(release) => store.release(order, release, person, now, give_up_at).await,
            Self::Resolve(from, resolution) => {
                let step = (*from, *resolution);
                store.resolve(order, step, person, now, give_up_at).await
            }
        }
    }
}
