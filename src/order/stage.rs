//! Where a tracked order stands.

use std::fmt;

/// The stage of a tracked order (`orderwatch.orders.stage`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Taken from the shop, surely not at the panel; is sent when it is due.
    Queued,
    /// Claimed for sending: from here on the panel may have it.
    Dispatching,
    /// The panel accepted it; it is watched until it is final.
    Submitted,
    /// It may have been bought: the panel is asked, nothing is sent.
    Unconfirmed,
    /// A person has to act; the reason says what to do.
    Held,
    /// Bought and delivered.
    Completed,
    /// Refused before it was bought, or cancelled by the panel.
    Failed,
    /// No final answer within the time limit: a person decides.
    TimedOut,
    /// The shop no longer wants it: its row is gone, or staff decided it before it was sent.
    Withdrawn,
}

impl Stage {
    /// Every stage, in the order of an order's life.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Dispatching,
        Self::Submitted,
        Self::Unconfirmed,
        Self::Held,
        Self::Completed,
        Self::Failed,
        Self::TimedOut,
        Self::Withdrawn,
    ];

    /// The name that the database, the command line and the page use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Dispatching => "dispatching",
            Self::Submitted => "submitted",
            Self::Unconfirmed => "unconfirmed",
            Self::Held => "held",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The stage of that name, or `None` when there is no such stage.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == name)
    }

    /// Whether the stage is never left.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::TimedOut | Self::Withdrawn
        )
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Stage;

    #[test]
    fn every_name_reads_back_as_its_stage() {
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(stage.as_str()), Some(stage));
        }
        assert_eq!(Stage::parse("COMPLETED"), None);
    }
}
