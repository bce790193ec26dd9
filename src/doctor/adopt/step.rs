//! One step of the switch-over or of the way back, and what the database shows of it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::text::format::Format;

/// The evidence of a step that rests on a question which failed.
pub(super) const UNREAD: &str = "It could not be read; the findings above say why.";

/// Whether a step is done, as far as it can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepState {
    Done,
    /// Still to be done.
    Open,
    /// Neither the database nor the configuration shows it.
    Unseen,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Step {
    pub(crate) what: String,
    pub(crate) state: StepState,
    /// What was seen.
    pub(crate) evidence: Option<String>,
    /// Where it is explained.
    pub(crate) see: Option<&'static str>,
    /// Whether an order could be lost or bought twice if it were passed over.
    pub(crate) first: bool,
}

impl Step {
    pub(super) fn new(what: impl Into<String>, state: StepState) -> Self {
        Self {
            what: what.into(),
            state,
            evidence: None,
            see: None,
            first: false,
        }
    }

    pub(super) fn done_if(what: impl Into<String>, done: bool) -> Self {
        let state = if done {
            StepState::Done
        } else {
            StepState::Open
        };
        Self::new(what, state)
    }

    /// Not seen where it is not known whether it is done.
    pub(super) fn known(what: impl Into<String>, done: Option<bool>) -> Self {
        match done {
            Some(done) => Self::done_if(what, done),
            None => Self::new(what, StepState::Unseen).seen(UNREAD),
        }
    }

    pub(super) fn seen(mut self, evidence: impl Into<String>) -> Self {
        self.evidence = Some(evidence.into());
        self
    }

    pub(super) const fn see(mut self, page: &'static str) -> Self {
        self.see = Some(page);
        self
    }

    /// It has to be done before anything that follows it.
    pub(super) const fn first(mut self) -> Self {
        self.first = true;
        self
    }

    /// What cannot be seen does, too: whoever goes on has to know it better.
    pub(super) fn stands_in_the_way(&self) -> bool {
        self.first && self.state != StepState::Done
    }
}

pub(super) fn orders(number: i64) -> String {
    match number {
        1 => "1 order".to_owned(),
        number => format!("{number} orders"),
    }
}

/// How long ago it was.
pub(super) fn span(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    Format::PLAIN.span((now - at).to_std().unwrap_or_default())
}
