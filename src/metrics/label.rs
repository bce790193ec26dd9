//! Labels: every value is known at compile time, so that all series exist from the start, at zero,
//! and no label ever holds an id, a name or a text from outside.

use strum::{IntoStaticStr, VariantArray};

/// A set of label names and values.
pub(crate) type Labels<const N: usize> = [(&'static str, &'static str); N];

/// An enumeration whose variants are the values of one label.
pub(super) trait Label: VariantArray + Copy + Into<&'static str> {
    const NAME: &'static str;

    fn pair(self) -> (&'static str, &'static str) {
        (Self::NAME, self.into())
    }

    fn all() -> impl Iterator<Item = Labels<1>> {
        Self::VARIANTS.iter().map(|value| [value.pair()])
    }

    fn all_with<Other: Label>() -> impl Iterator<Item = Labels<2>> {
        let both = |value: &Self| {
            let value = value.pair();
            Other::VARIANTS
                .iter()
                .map(move |other| [value, other.pair()])
        };
        Self::VARIANTS.iter().flat_map(both)
    }
}

/// What a panel is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Call {
    Purchase,
    Status,
    Balance,
    Catalogue,
}

/// What came of a call to a panel; which of them a call can have is in `Call::outcomes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Outcome {
    Accepted,
    /// The panel refused to sell, or to answer.
    Refused,
    /// The panel had seen the reference before.
    SentBefore,
    /// Nothing left the machine.
    NotSent,
    /// It may have been bought.
    Unsure,
    Waiting,
    Done,
    Cancelled,
    NotKnown,
    /// No answer, or none that is understood.
    Unclear,
    Read,
    Unreachable,
    Unreadable,
}

impl Call {
    pub(super) const fn outcomes(self) -> &'static [Outcome] {
        use Outcome::{
            Accepted, Cancelled, Done, NotKnown, NotSent, Read, Refused, SentBefore, Unclear,
            Unreachable, Unreadable, Unsure, Waiting,
        };

        // What cannot happen has no series at zero either.
        match self {
            Self::Purchase => &[Accepted, Refused, SentBefore, NotSent, Unsure],
            Self::Status => &[Waiting, Done, Cancelled, NotKnown, Unclear],
            Self::Balance | Self::Catalogue => &[Read, Unreachable, Refused, Unreadable],
        }
    }
}

impl Outcome {
    /// Whether the panel did not answer, or not in words that mean something.
    pub(super) const fn is_error(self) -> bool {
        matches!(
            self,
            Self::NotSent | Self::Unsure | Self::Unclear | Self::Unreachable | Self::Unreadable
        )
    }
}

/// A stream that claims orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Stream {
    Dispatch,
    Poll,
}

/// What came of a tick of a periodic job in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum JobOutcome {
    Done,
    Failed,
    /// Another replica ran it.
    Elsewhere,
    /// It was stopped half-way.
    Stopped,
}

/// What came of a try to deliver a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Delivery {
    Delivered,
    /// Not delivered; retried later.
    Again,
    GivenUp,
}

/// Calls that the marketplace counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Group {
    Orders,
    Push,
    /// Results of pushes, and what is on sale.
    Read,
    Claims,
    Packages,
    Webhooks,
}

/// What came of a request to the marketplace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Reply {
    Ok,
    RateLimited,
    Refused,
    /// No answer, or one that was cut.
    NoAnswer,
}

/// What became of an item of stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Item {
    /// The marketplace accepted the request that it is in.
    Pushed,
    /// It is on sale.
    Confirmed,
    Refused,
}

/// Why a statement failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Fault {
    /// The database was away, busy or in a race; the same statement may succeed later.
    Transient,
    /// No connection became free in time.
    NoConnection,
    /// The database refuses the statement or its data.
    Refused,
}

/// Where credentials are shown to this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Door {
    Login,
    /// `Authorization: Bearer`.
    Bearer,
    Webhook,
}

/// Why credentials were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Refusal {
    Wrong,
    /// Too many wrong ones came from the address.
    Limited,
}

macro_rules! names {
    ($($label:ty => $name:literal),+ $(,)?) => {
        $(impl Label for $label { const NAME: &'static str = $name; })+
    };
}

names! {
    Call => "call",
    Outcome => "outcome",
    Stream => "stream",
    JobOutcome => "outcome",
    Delivery => "outcome",
    Group => "group",
    Reply => "outcome",
    Item => "result",
    Fault => "class",
    Door => "door",
    Refusal => "reason",
}
