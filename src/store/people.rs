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
    EventKind, ExternalStatus, HoldReason, IntegrationId, LAST_MESSAGE_CHARS, OrderId, PIN_CHARS,
    Reference, Stage, cut,
    person::{Position, Release, Resolution},
    words::{self, Sentence},
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
    /// Whether what the panel delivered goes into the shop's row.
    give: bool,
    /// How it ended, where a person says so.
    outcome: Option<&'static str>,
    /// Whether listeners hear of it: nothing is to be settled where staff have decided.
    announce: bool,
}

/// What the statement found.
struct Found {
    won: bool,
    busy: bool,
}

impl Store {
    /// Keeps what a person did that no other record shows.
    pub async fn record_action(
        &self,
        person: &Person,
        what: &str,
        target: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO orderwatch.actions (at, who, what, target, why)
             VALUES ($1, $2, $3, $4, $5)",
            now,
            person.who,
            what,
            target,
            person.why
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("keeping what a person did"))?;
        Ok(())
    }

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
            message: words::RELEASED.with(self.language, &signed(person)),
            kind: EventKind::Released,
            what: "retry",
            give: false,
            outcome: None,
            announce: true,
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
            message: message(resolution).with(self.language, &signed(person)),
            kind: EventKind::Resolved,
            what: what(resolution),
            give: resolution == Resolution::GiveCode,
            outcome: outcome(resolution),
            announce: !leaves_row(resolution),
        };
        if leaves_row(resolution) {
            let found = self.write(&step, false, person, now).await?;
            return Ok(found.acted());
        }
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
            self.buy_chained,
            step.give,
            step.outcome,
            i32::try_from(PIN_CHARS).unwrap_or(i32::MAX),
            step.announce
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
        Resolution::SendAgain | Resolution::KeepBack | Resolution::LetStand => None,
        Resolution::Complete | Resolution::GiveCode => Some(ExternalStatus::Done),
        Resolution::Fail => Some(ExternalStatus::Failed),
    }
}

const fn what(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Watch | Resolution::Complete => "resolve bought",
        Resolution::SendAgain => "resolve not bought, send again",
        Resolution::Fail => "resolve not bought",
        Resolution::GiveCode => "give the code",
        Resolution::KeepBack | Resolution::LetStand => "keep back",
    }
}

/// How it ended, in the words of the notices. What the panel said stays where nothing was delivered.
const fn outcome(resolution: Resolution) -> Option<&'static str> {
    match resolution {
        Resolution::Complete | Resolution::GiveCode => Some("completed"),
        Resolution::Fail => Some("not_bought"),
        Resolution::KeepBack => Some("kept_back"),
        Resolution::Watch | Resolution::SendAgain | Resolution::LetStand => None,
    }
}

/// Whether the shop's row stays as staff left it.
const fn leaves_row(resolution: Resolution) -> bool {
    matches!(resolution, Resolution::KeepBack | Resolution::LetStand)
}

const fn message(resolution: Resolution) -> Sentence {
    match resolution {
        Resolution::Watch => words::IS_BOUGHT,
        Resolution::SendAgain => words::NOT_BOUGHT_AGAIN,
        Resolution::Complete | Resolution::KeepBack => words::SETTLED_BOUGHT,
        Resolution::Fail | Resolution::LetStand => words::SETTLED_NOT_BOUGHT,
        Resolution::GiveCode => words::CODE_GIVEN,
    }
}

fn signed(Person { who, why }: &Person) -> String {
    format!("{who}: {why}")
}
