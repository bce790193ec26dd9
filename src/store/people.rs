//! What people do to orders: released, or settled by what they say.
//!
//! One statement writes the order, the shop's row, the ledger, the timeline and the record of who
//! did it, or nothing of it. It happens only where the order still stands as it was read,
//! so of two people who decide at once one wins and the other hears of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Store, StoreError, notices};
use crate::order::{
    EventKind, ExternalStatus, HoldReason, IntegrationId, LAST_MESSAGE_CHARS, OrderId, Reference,
    Stage, cut,
    person::{Position, Release, Resolution},
};

/// Tries of a row that the server has not let go of yet, [`LET_GO`] apart.
const LET_GO_TRIES: u32 = 20;
/// Between two of them.
const LET_GO: Duration = Duration::from_millis(50);

/// Who acts, and why.
#[derive(Clone, Debug)]
pub struct Person {
    /// The name.
    pub who: String,
    /// The reason, in that person's words.
    pub why: String,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acted {
    /// Done.
    Done,
    /// Done, but the shop's database refused its part: the shop's row is as it was.
    ShopRowRefused,
    /// The order no longer stands where it was read, or somebody is at it right now.
    Changed,
    /// Somebody holds the shop's row right now.
    Busy,
}

/// One step, as the statement takes it.
struct Step<'a> {
    order: OrderId,
    from: Position,
    to: Stage,
    panel: Option<IntegrationId>,
    reference: Option<&'a Reference>,
    give_up_at: Option<DateTime<Utc>>,
    may_resend: bool,
    external: Option<ExternalStatus>,
    message: String,
    kind: EventKind,
    what: &'a str,
}

/// What the statement found.
struct Found {
    won: bool,
    busy: bool,
}

impl Store {
    /// Releases a held order: queued for its panel, due at once, and the dispatcher is woken.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn release(
        &self,
        order: OrderId,
        release: &Release,
        person: &Person,
        now: DateTime<Utc>,
        give_up_at: DateTime<Utc>,
    ) -> Result<Acted, StoreError> {
        let step = Step {
            order,
            from: release.from,
            to: Stage::Queued,
            panel: Some(release.panel),
            reference: Some(&release.reference),
            give_up_at: Some(give_up_at),
            may_resend: true,
            external: None,
            message: format!(
                "Released by {}: {}. It will be sent.",
                person.who, person.why
            ),
            kind: EventKind::Released,
            what: "retry",
        };
        // Where the shop's row cannot be written now, it could not be when the order is sent.
        let found = self.write(&step, true, person, now).await?;
        Ok(found.acted())
    }

    /// Carries out what a person said became of an order. Where the shop's database refuses its
    /// part, our part is done all the same.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn resolve(
        &self,
        order: OrderId,
        (from, resolution): (Position, Resolution),
        person: &Person,
        now: DateTime<Utc>,
        give_up_at: DateTime<Utc>,
    ) -> Result<Acted, StoreError> {
        let to = resolution.stage();
        let step = Step {
            order,
            from,
            to,
            panel: None,
            reference: None,
            give_up_at: (!to.is_final()).then_some(give_up_at),
            may_resend: false,
            external: external(resolution),
            message: message(resolution, person),
            kind: EventKind::Resolved,
            what: what(resolution),
        };
        self.act(&step, person, now).await
    }

    /// After a refusal. The server says no a moment before it lets go of the row, so a row that
    /// seems to be held is tried again for a while.
    async fn write_without_shop(
        &self,
        step: &Step<'_>,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<Acted, StoreError> {
        for _ in 0..LET_GO_TRIES {
            match self.write(step, false, person, now).await?.acted() {
                Acted::Done => return Ok(Acted::ShopRowRefused),
                Acted::Busy => tokio::time::sleep(LET_GO).await,
                other => return Ok(other),
            }
        }
        Ok(Acted::Busy)
    }

    async fn act(
        &self,
        step: &Step<'_>,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<Acted, StoreError> {
        match self.write(step, true, person, now).await {
            Ok(found) => Ok(found.acted()),
            Err(error) if error.refuses_row() => {
                tracing::warn!(
                    order = %step.order,
                    error = &error as &dyn std::error::Error,
                    "the shop's row refuses the decision; it is kept in orderwatch alone"
                );
                self.write_without_shop(step, person, now).await
            }
            Err(error) => Err(error),
        }
    }

    async fn write(
        &self,
        step: &Step<'_>,
        speak: bool,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<Found, StoreError> {
        let (endpoints, tenants) = notices::columns(&self.audience);
        let row = sqlx::query_file!(
            "src/store/sql/person.sql",
            step.order.0,
            step.from.stage.as_str(),
            step.from.held.map(HoldReason::as_str),
            step.to.as_str(),
            step.panel.map(|id| id.0),
            step.reference.map(Reference::as_str),
            now,
            step.to.is_final().then_some(now),
            step.give_up_at,
            step.may_resend,
            step.external.map(ExternalStatus::as_str),
            cut(&step.message, LAST_MESSAGE_CHARS),
            step.message,
            speak,
            step.kind.as_str(),
            person.who,
            person.why,
            step.what,
            &endpoints,
            &tenants as &[Option<Uuid>],
            self.buy_chained
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("writing a person's decision"))?;
        Ok(Found {
            won: row.won,
            busy: row.busy,
        })
    }
}

impl Found {
    const fn acted(&self) -> Acted {
        match (self.won, self.busy) {
            (true, _) => Acted::Done,
            (false, true) => Acted::Busy,
            (false, false) => Acted::Changed,
        }
    }
}

/// What `"externalStatus"` becomes. Nothing final is said about `status`: staff decide it.
const fn external(resolution: Resolution) -> Option<ExternalStatus> {
    match resolution {
        Resolution::Watch => Some(ExternalStatus::Sent),
        Resolution::SendAgain => None,
        Resolution::Complete => Some(ExternalStatus::Done),
        Resolution::Fail => Some(ExternalStatus::Failed),
    }
}

const fn what(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Watch | Resolution::Complete => "resolve bought",
        Resolution::SendAgain => "resolve not bought, send again",
        Resolution::Fail => "resolve not bought",
    }
}

fn message(resolution: Resolution, person: &Person) -> String {
    let Person { who, why } = person;
    match resolution {
        Resolution::Watch => format!("Bought, says {who}: {why}. The panel is asked again."),
        Resolution::SendAgain => {
            format!("Not bought, says {who}: {why}. It is sent again with the same reference.")
        }
        Resolution::Complete => format!("Settled as bought by {who}: {why}."),
        Resolution::Fail => format!("Settled as not bought by {who}: {why}."),
    }
}
