//! How often each path was taken, so that one sees that the faults reached the code that is meant for them.

use std::{fmt, ops::AddAssign, time::Duration};

use chrono::TimeDelta;

use super::setting::DAY;
use crate::order::{EventKind, HoldReason, Stage};

named! {
    /// What happened in a simulation, beside the steps that the order's own timeline has.
    pub(super) enum Path {
        Placed = "orders placed",
        Bought = "purchases at a panel",
        Refused = "purchases refused",
        NeverLeft = "requests that never left",
        RequestLost = "requests lost on the way",
        AnswerLost = "answers lost on the way",
        TooLate = "requests that arrived after their time-out",
        RequestTwice = "requests that the panel got twice",
        PanelDown = "requests at a panel that was down",
        OutcomeTwice = "results submitted twice",
        Crash = "crashes",
        Stall = "processes that stood still",
        ClockMoved = "clocks that jumped",
        ClockSet = "clocks of the database that were set",
        CommitFailed = "commits that failed",
        CommitUnsure = "commits whose answer was lost",
        Failover = "failovers",
        ClaimUndone = "claims lost with a failover",
        OrderUndone = "orders of the shop lost with a failover",
        KnownHere = "orders that a replica knew better than the database",
        WrittenAgain = "results written again after a failover",
        OnlyMoneyTells = "purchases that after a failover only the balance tells of",
        Before = "results that were written before",
        LeaseLost = "results whose lease was lost",
        Contradiction = "results that staff had contradicted",
        RowLocked = "rows that somebody had locked",
        RowRefused = "rows that the shop's database refused to change",
        ClaimLost = "claims that another replica was faster with",
        Collision = "references that another order had",
        AskedFirst = "questions before a purchase",
        KnownBefore = "orders that the panel knew before they were bought",
        KnownElsewhere = "orders that the fallback panel knew, and the database did not",
        SentBefore = "purchases that the panel refused as a repetition",
        CircuitOpened = "circuits opened",
        CircuitClosed = "circuits closed by a probe",
        Paused = "purchases stopped by a pause",
        Unwanted = "queued orders that the shop wants no more",
        CodeRemembered = "codes kept from an answer that said waiting",
        CodeUnlearned = "codes lost before their product was known to have one",
        Revived = "orders whose checks had run out",
        Orphan = "orders past their time limit that no stream ends",
        HoldEnded = "held orders that staff settled in the shop",
        Rerouted = "packages that were given another route",
        RowRejected = "rows that staff rejected",
        RowApproved = "rows that staff approved",
        RowDeleted = "rows that staff deleted",
        ActionRefused = "actions of a person that were refused",
        ActionOvertaken = "actions of a person that came too late",
        Sold = "orders sold by the shop itself",
    }
}

#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) paths: [u64; Path::ALL.len()],
    pub(super) steps: [u64; EventKind::ALL.len()],
    pub(super) held: [u64; HoldReason::ALL.len()],
    pub(super) ends: [u64; Stage::ALL.len()],
    /// What passed in the simulations, and what they took on one processor.
    pub(super) simulated: TimeDelta,
    pub(super) took: Duration,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            paths: [0; Path::ALL.len()],
            steps: [0; EventKind::ALL.len()],
            held: [0; HoldReason::ALL.len()],
            ends: [0; Stage::ALL.len()],
            simulated: TimeDelta::zero(),
            took: Duration::ZERO,
        }
    }
}

impl Tally {
    pub(super) fn path(&mut self, path: Path) {
        self.paths[path as usize] += 1;
    }

    pub(super) fn step(&mut self, step: EventKind) {
        self.steps[step as usize] += 1;
    }

    pub(super) fn held(&mut self, reason: HoldReason) {
        self.held[reason as usize] += 1;
    }

    pub(super) fn of(&self, path: Path) -> u64 {
        self.paths[path as usize]
    }

    /// What 24 simulated hours take.
    pub(super) fn per_day(&self) -> Duration {
        let days = self.simulated.as_seconds_f64() / DAY.as_seconds_f64();
        self.took.div_f64(days)
    }

    /// What should have happened and never did.
    pub(super) fn missing(&self) -> Vec<String> {
        let rows = self.rows();
        let never = rows.iter().filter(|(_, count)| *count == 0);
        never.map(|(name, _)| name.clone()).collect()
    }

    fn rows(&self) -> Vec<(String, u64)> {
        let paths = Path::ALL.map(|path| (path.to_string(), self.of(path)));
        let steps = STEPS.map(|step| (format!("step {step}"), self.steps[step as usize]));
        let held = HELD.map(|reason| (format!("held: {reason}"), self.held[reason as usize]));
        let ends = Stage::ALL.into_iter().filter(|stage| stage.is_final());
        let ends = ends.map(|stage| (format!("ended {stage}"), self.ends[stage as usize]));
        paths
            .into_iter()
            .chain(steps)
            .chain(held)
            .chain(ends)
            .collect()
    }
}

/// The steps that the model takes: it has no second dispatcher, and nobody has codes shown.
const STEPS: [EventKind; 24] = [
    EventKind::Claimed,
    EventKind::Accepted,
    EventKind::Refused,
    EventKind::FellBack,
    EventKind::NotSent,
    EventKind::Unsure,
    EventKind::LeaseExpired,
    EventKind::Processing,
    EventKind::Checked,
    EventKind::CheckFailed,
    EventKind::NotKnown,
    EventKind::CodeMissing,
    EventKind::Completed,
    EventKind::Cancelled,
    EventKind::TimedOut,
    EventKind::Held,
    EventKind::Resend,
    EventKind::Adopted,
    EventKind::Swept,
    EventKind::Released,
    EventKind::Resolved,
    EventKind::Withdrawn,
    EventKind::LateAnswer,
    EventKind::Restored,
];

/// The reasons that the model can give: those that the price list and the route give differ in nothing but name.
const HELD: [HoldReason; 15] = [
    HoldReason::NoMapping,
    HoldReason::NoPlayerId,
    HoldReason::ForeignReference,
    HoldReason::QuantityNotOne,
    HoldReason::Unconfirmed,
    HoldReason::NoReference,
    HoldReason::ReferenceShared,
    HoldReason::PinTooLong,
    HoldReason::WaitedTooLong,
    HoldReason::DailyLimit,
    HoldReason::ShopRowRefused,
    HoldReason::DecidedThenDelivered,
    HoldReason::DecidedThenCancelled,
    HoldReason::DeliveredWithoutCode,
    HoldReason::RowLost,
];

impl AddAssign<&Self> for Tally {
    fn add_assign(&mut self, other: &Self) {
        let add = |sums: &mut [u64], more: &[u64]| {
            for (sum, more) in sums.iter_mut().zip(more) {
                *sum += more;
            }
        };
        add(&mut self.paths, &other.paths);
        add(&mut self.steps, &other.steps);
        add(&mut self.held, &other.held);
        add(&mut self.ends, &other.ends);
        self.simulated += other.simulated;
        self.took += other.took;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in self.rows() {
            writeln!(f, "{count:>12}  {name}")?;
        }
        Ok(())
    }
}
