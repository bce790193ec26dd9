//! The labels of counters: every value is known at compile time, so that all of them are told from
//! the start, at zero, and none ever holds an id.

use std::fmt;

use crate::{
    breaker::Reason,
    order::{EventKind, HoldReason, Stage},
};

/// A set of label values that a metric is counted by.
pub trait Label: Copy + fmt::Debug + Send + Sync + 'static {
    /// How many values there are.
    fn count() -> usize;

    /// The value at a place below [`Label::count`]; they are told in this order.
    fn nth(place: usize) -> Self;

    /// Its place.
    fn place(self) -> usize;

    /// What it says: names and values.
    fn pairs(self) -> Vec<(&'static str, &'static str)>;
}

/// An enumeration that is a label, or several labels at once.
macro_rules! labels {
    (
        $(#[$doc:meta])*
        $name:ident ($($label:literal),+) {
            $($(#[$value_doc:meta])* $value:ident => ($($text:literal),+)),+ $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$value_doc])* $value),+ }

        impl $name {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$value),+];
        }

        impl Label for $name {
            fn count() -> usize {
                Self::ALL.len()
            }

            fn nth(place: usize) -> Self {
                Self::ALL[place]
            }

            fn place(self) -> usize {
                self as usize
            }

            fn pairs(self) -> Vec<(&'static str, &'static str)> {
                let values: &[&'static str] = match self { $(Self::$value => &[$($text),+]),+ };
                [$($label),+].into_iter().zip(values.iter().copied()).collect()
            }
        }
    };
}

labels! {
    /// What a panel is called for.
    Call ("call") {
        /// It buys.
        Purchase => ("purchase"),
        /// It asks what became of a purchase.
        Status => ("status"),
        /// It asks for the balance.
        Balance => ("balance"),
        /// It reads the price list.
        Catalogue => ("catalogue"),
    }
}

labels! {
    /// What came of a call to a panel.
    Answered ("call", "outcome") {
        /// Bought.
        PurchaseAccepted => ("purchase", "accepted"),
        /// The panel refused to sell.
        PurchaseRefused => ("purchase", "refused"),
        /// The panel had seen the reference before.
        PurchaseSentBefore => ("purchase", "sent_before"),
        /// Nothing left the machine.
        PurchaseNotSent => ("purchase", "not_sent"),
        /// It may have been bought.
        PurchaseUnsure => ("purchase", "unsure"),
        /// The panel is working on it.
        StatusWaiting => ("status", "waiting"),
        /// Delivered.
        StatusDone => ("status", "done"),
        /// Cancelled by the panel.
        StatusCancelled => ("status", "cancelled"),
        /// The panel says that it does not know the reference.
        StatusNotKnown => ("status", "not_known"),
        /// No answer, or none that is understood.
        StatusUnclear => ("status", "unclear"),
        /// The balance was told.
        BalanceRead => ("balance", "read"),
        /// No answer.
        BalanceUnreachable => ("balance", "unreachable"),
        /// The panel refused to tell.
        BalanceRefused => ("balance", "refused"),
        /// An answer that is not understood.
        BalanceUnreadable => ("balance", "unreadable"),
        /// The price list was read.
        CatalogueRead => ("catalogue", "read"),
        /// No answer.
        CatalogueUnreachable => ("catalogue", "unreachable"),
        /// The panel refused to tell.
        CatalogueRefused => ("catalogue", "refused"),
        /// An answer that is not understood.
        CatalogueUnreadable => ("catalogue", "unreadable"),
    }
}

labels! {
    /// A stream that claims work.
    Stream ("stream") {
        /// Orders to be sent.
        Dispatch => ("dispatch"),
        /// Orders to be asked about.
        Poll => ("poll"),
    }
}

labels! {
    /// How a watched order ended.
    Ending ("ending") {
        /// Delivered.
        Completed => ("completed"),
        /// Refused before it was bought, or cancelled by the panel.
        Failed => ("failed"),
        /// No final answer within the time limit.
        TimedOut => ("timed_out"),
    }
}

labels! {
    /// A periodic job. Its label is not `job`, which Prometheus gives to what it scrapes.
    Job ("name") {
        /// Makes due what fell through.
        Sweep => ("sweep"),
        /// Reads the panels' balances.
        Balance => ("balance"),
        /// Takes away what is old.
        Retention => ("retention"),
        /// Reads the marketplace's orders.
        PullOrders => ("pull-orders"),
        /// Sends stock to the marketplace.
        PushStock => ("push-stock"),
        /// Compares what is on sale.
        VerifyStock => ("verify-stock"),
        /// Reads the marketplace's returns.
        PullReturns => ("pull-returns"),
    }
}

labels! {
    /// What came of a tick of a job in this process.
    Pass ("outcome") {
        /// It did all of its work.
        Done => ("done"),
        /// It did not.
        Failed => ("failed"),
        /// Another replica ran it.
        Elsewhere => ("elsewhere"),
        /// It was stopped half-way.
        Stopped => ("stopped"),
    }
}

labels! {
    /// What came of a try to deliver a notice.
    Delivery ("outcome") {
        /// Delivered.
        Delivered => ("delivered"),
        /// Not delivered; tried again later.
        Again => ("again"),
        /// Given up.
        GivenUp => ("given_up"),
    }
}

labels! {
    /// Calls that the marketplace counts together.
    Group ("group") {
        /// Look-ups of orders.
        Orders => ("orders"),
        /// Stock that is sent.
        Push => ("push"),
        /// Results of pushes, and what is on sale.
        Read => ("read"),
        /// Returns.
        Claims => ("claims"),
        /// Reports about packages.
        Packages => ("packages"),
        /// Who is called when an order changes.
        Webhooks => ("webhooks"),
    }
}

labels! {
    /// What came of a request to the marketplace.
    Reply ("outcome") {
        /// A success.
        Ok => ("ok"),
        /// Too many requests.
        RateLimited => ("rate_limited"),
        /// It refused the request.
        Refused => ("refused"),
        /// No answer, or one that was cut.
        NoAnswer => ("no_answer"),
    }
}

labels! {
    /// What became of an item of stock.
    Item ("result") {
        /// The marketplace took the request that it is in.
        Pushed => ("pushed"),
        /// It is on sale.
        Confirmed => ("confirmed"),
        /// It was refused.
        Refused => ("refused"),
    }
}

labels! {
    /// Why a statement failed.
    Fault ("class") {
        /// The database was away, busy or in a race; the same statement may succeed later.
        Transient => ("transient"),
        /// No connection became free in time.
        NoConnection => ("no_connection"),
        /// The database refuses the statement or its data.
        Refused => ("refused"),
    }
}

impl Answered {
    /// What was called for.
    #[must_use]
    pub const fn call(self) -> Call {
        match self {
            Self::PurchaseAccepted
            | Self::PurchaseRefused
            | Self::PurchaseSentBefore
            | Self::PurchaseNotSent
            | Self::PurchaseUnsure => Call::Purchase,
            Self::StatusWaiting
            | Self::StatusDone
            | Self::StatusCancelled
            | Self::StatusNotKnown
            | Self::StatusUnclear => Call::Status,
            Self::BalanceRead
            | Self::BalanceUnreachable
            | Self::BalanceRefused
            | Self::BalanceUnreadable => Call::Balance,
            Self::CatalogueRead
            | Self::CatalogueUnreachable
            | Self::CatalogueRefused
            | Self::CatalogueUnreadable => Call::Catalogue,
        }
    }

    /// Whether the panel did not answer, or not in words that mean something.
    #[must_use]
    pub const fn is_error(self) -> bool {
        matches!(
            self,
            Self::PurchaseNotSent
                | Self::PurchaseUnsure
                | Self::StatusUnclear
                | Self::BalanceUnreachable
                | Self::BalanceUnreadable
                | Self::CatalogueUnreachable
                | Self::CatalogueUnreadable
        )
    }
}

impl Ending {
    /// The ending that a stage is; `None` for one that is none, or that no answer leads to.
    #[must_use]
    pub const fn of(stage: Stage) -> Option<Self> {
        match stage {
            Stage::Completed => Some(Self::Completed),
            Stage::Failed => Some(Self::Failed),
            Stage::TimedOut => Some(Self::TimedOut),
            _ => None,
        }
    }
}

impl Job {
    /// The job of that name, as in `orderwatch once NAME`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|job| job.as_str() == name)
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.pairs().first().map_or("", |(_, name)| name)
    }
}

/// What a result meant that was written down: a step of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step(EventKind);

impl Step {
    /// The steps that the answer to a call can lead to; the others are of people and of passes.
    const ALL: [EventKind; 16] = [
        EventKind::Accepted,
        EventKind::Refused,
        EventKind::FellBack,
        EventKind::NotSent,
        EventKind::Unsure,
        EventKind::Processing,
        EventKind::Checked,
        EventKind::CheckFailed,
        EventKind::NotKnown,
        EventKind::Completed,
        EventKind::Cancelled,
        EventKind::TimedOut,
        EventKind::Held,
        EventKind::Resend,
        EventKind::Contradiction,
        EventKind::LateAnswer,
    ];

    /// `None` for a step that no answer leads to.
    #[must_use]
    pub fn of(kind: EventKind) -> Option<Self> {
        Self::ALL.contains(&kind).then_some(Self(kind))
    }
}

impl Label for Step {
    fn count() -> usize {
        Self::ALL.len()
    }

    fn nth(place: usize) -> Self {
        Self(Self::ALL[place])
    }

    fn place(self) -> usize {
        let place = Self::ALL.iter().position(|kind| *kind == self.0);
        place.unwrap_or_default()
    }

    fn pairs(self) -> Vec<(&'static str, &'static str)> {
        vec![("result", self.0.as_str())]
    }
}

/// Enumerations of the domain that are labels.
macro_rules! domain {
    ($($name:ty => $label:literal),+ $(,)?) => { $(
        impl Label for $name {
            fn count() -> usize {
                Self::ALL.len()
            }

            fn nth(place: usize) -> Self {
                Self::ALL[place]
            }

            fn place(self) -> usize {
                self as usize
            }

            fn pairs(self) -> Vec<(&'static str, &'static str)> {
                vec![($label, self.as_str())]
            }
        }
    )+ };
}

domain! {
    HoldReason => "reason",
    Reason => "reason",
    Stage => "stage",
}

impl<A: Label, B: Label> Label for (A, B) {
    fn count() -> usize {
        A::count() * B::count()
    }

    fn nth(place: usize) -> Self {
        (A::nth(place / B::count()), B::nth(place % B::count()))
    }

    fn place(self) -> usize {
        self.0.place() * B::count() + self.1.place()
    }

    fn pairs(self) -> Vec<(&'static str, &'static str)> {
        let mut pairs = self.0.pairs();
        pairs.extend(self.1.pairs());
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places_agree<L: Label + PartialEq>() {
        for place in 0..L::count() {
            assert_eq!(L::nth(place).place(), place, "{:?}", L::nth(place));
        }
    }

    #[test]
    fn every_value_stands_where_it_is_told() {
        places_agree::<Answered>();
        places_agree::<Step>();
        places_agree::<HoldReason>();
        places_agree::<Reason>();
        places_agree::<Stage>();
        places_agree::<(Group, Reply)>();
    }
}
