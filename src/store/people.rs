//! What people do to orders: released, or settled by what they say.
//!
//! One statement writes the order, the shop's row, the ledger, the timeline and the record of who
//! did it, or nothing of it. It happens only where the order still stands as it was read,
//! so of two people who decide at once one wins and the other one is shown that it has changed.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Store, StoreError, notices};
use crate::order::{
    EventKind, ExternalStatus, HoldReason, LAST_MESSAGE_CHARS, OrderId, PIN_CHARS, cut,
    person::{Plan, Release, Resolution},
    words::{self, Sentence},
};
use crate::telemetry::chain;

/// Tries of a row whose lock the server has not released yet, [`UNLOCK_PAUSE`] apart.
const UNLOCK_TRIES: u32 = 20;
const UNLOCK_PAUSE: Duration = Duration::from_millis(50);

/// Who acts, and why.
#[derive(Clone, Debug)]
pub struct Person {
    pub who: String,
    /// The reason, in that person's words.
    pub why: String,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acted {
    Done,
    /// Done, but the shop's database refused its part: the shop's row is as it was.
    ShopRowRefused,
    /// The order no longer stands where it was read, or another process has it right now.
    Changed,
    /// Somebody holds the shop's row right now.
    Busy,
}

struct Step<'a> {
    kind: EventKind,
    /// In the timeline and the record of actions.
    what: &'static str,
    release: Option<&'a Release>,
    /// What `"externalStatus"` becomes. Nothing final is said about `status`: staff decide it.
    external: Option<ExternalStatus>,
    /// How it ended, in the words of the notices. What the panel said stays where nothing was delivered.
    outcome: Option<&'static str>,
    message: Sentence,
    /// Whether what the panel delivered goes into the shop's row, or nothing is done.
    give: bool,
    /// Whether it goes there if there is something and it fits.
    may_give: bool,
    /// Whether the shop's row stays as staff left it; then nobody is notified either: nothing is to be
    /// settled where staff have decided.
    leaves_row: bool,
}

impl<'a> Step<'a> {
    fn of(plan: &'a Plan) -> Self {
        let resolution = match plan {
            Plan::Resolve(_, resolution) => *resolution,
            Plan::Release(release) => {
                return Self {
                    // The claim writes `externalStatus`; until then the row says what it said.
                    kind: EventKind::Released,
                    what: "retry",
                    release: Some(release),
                    external: None,
                    outcome: None,
                    message: words::RELEASED,
                    give: false,
                    may_give: false,
                    leaves_row: false,
                };
            }
        };

        let (what, external, outcome, message) = match resolution {
            Resolution::Watch => (
                "resolve bought",
                Some(ExternalStatus::Sent),
                None,
                words::IS_BOUGHT,
            ),
            Resolution::SendAgain => (
                "resolve not bought, send again",
                None,
                None,
                words::NOT_BOUGHT_AGAIN,
            ),
            Resolution::Complete => {
                let done = Some(ExternalStatus::Done);
                (
                    "resolve bought",
                    done,
                    Some("completed"),
                    words::SETTLED_BOUGHT,
                )
            }
            Resolution::Fail => {
                let failed = Some(ExternalStatus::Failed);
                (
                    "resolve not bought",
                    failed,
                    Some("not_bought"),
                    words::SETTLED_NOT_BOUGHT,
                )
            }
            Resolution::GiveCode => {
                let done = Some(ExternalStatus::Done);
                ("give the code", done, Some("completed"), words::CODE_GIVEN)
            }
            // Staff have decided the row already, often with a refund: the code must not get there.
            Resolution::KeepBack => ("keep back", None, Some("kept_back"), words::SETTLED_BOUGHT),
            Resolution::LetStand => ("keep back", None, None, words::SETTLED_NOT_BOUGHT),
        };

        Self {
            kind: EventKind::Resolved,
            what,
            release: None,
            external,
            outcome,
            message,
            give: resolution == Resolution::GiveCode,
            may_give: resolution == Resolution::Complete,
            leaves_row: resolution.leaves_row(),
        }
    }
}

impl Store {
    /// Keeps what a person did that no other record shows.
    pub(crate) async fn record_action(
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

    /// Carries a plan out: a released order is queued for its panel, due at once, and the dispatcher is
    /// woken. Where the shop's database refuses its part of a verdict, our part is done all the same.
    pub(crate) async fn carry_out(
        &self,
        order: OrderId,
        plan: &Plan,
        person: &Person,
        now: DateTime<Utc>,
        give_up_at: DateTime<Utc>,
    ) -> Result<Acted, StoreError> {
        let times = (now, give_up_at);
        let step = Step::of(plan);
        let writes_row = !step.leaves_row;

        match self
            .write(order, plan, &step, writes_row, person, times)
            .await
        {
            // Not for a release: a row that cannot be written now could not be when the order is sent.
            Err(error) if writes_row && step.release.is_none() && error.refuses_row() => {
                tracing::warn!(
                    %order,
                    error = chain(&error),
                    "the shop's row refuses the decision; it is kept in orderwatch alone"
                );
                self.write_without_shop(order, plan, &step, person, times)
                    .await
            }
            acted => acted,
        }
    }

    /// After a refusal of the shop's row: what is ours is written alone.
    async fn write_without_shop(
        &self,
        order: OrderId,
        plan: &Plan,
        step: &Step<'_>,
        person: &Person,
        times: (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Acted, StoreError> {
        // The server refuses a moment before it releases the row, so one that seems to be locked is tried again.
        for _ in 0..UNLOCK_TRIES {
            match self.write(order, plan, step, false, person, times).await? {
                Acted::Done => return Ok(Acted::ShopRowRefused),
                Acted::Busy => tokio::time::sleep(UNLOCK_PAUSE).await,
                other => return Ok(other),
            }
        }
        Ok(Acted::Busy)
    }

    /// The one statement; the shop's row is touched only with `writes_row`.
    async fn write(
        &self,
        order: OrderId,
        plan: &Plan,
        step: &Step<'_>,
        writes_row: bool,
        person: &Person,
        (now, give_up_at): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Acted, StoreError> {
        let (from, to) = (plan.from(), plan.to());
        // Staff read in the shop who decided, and why.
        let signed = format!("{}: {}", person.who, person.why);
        let message = step.message.with(self.language, &signed);
        let (endpoints, tenants) = notices::columns(&self.audience);

        let row = sqlx::query_file!(
            "src/store/sql/person.sql",
            order.0,
            from.stage.as_str(),
            from.held.map(HoldReason::as_str),
            to.as_str(),
            step.release.map(|release| release.panel.0),
            step.release.map(|release| release.reference.as_str()),
            now,
            to.is_final().then_some(now),
            (!to.is_final()).then_some(give_up_at),
            step.release.is_some(),
            step.external.map(ExternalStatus::as_str),
            cut(&message, LAST_MESSAGE_CHARS),
            message,
            writes_row,
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
            !step.leaves_row,
            from.claimed_at,
            step.may_give
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("writing a person's decision"))?;

        Ok(match (row.won, row.busy) {
            (true, _) => Acted::Done,
            (false, true) => Acted::Busy,
            (false, false) => Acted::Changed,
        })
    }
}
