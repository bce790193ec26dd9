//! What a panel's answers can mean for an order, whichever panel it is.

use rust_decimal::Decimal;
use secrecy::SecretString;

/// The meaning of an answer to a purchase (source: `znet.md`, "Answers of `pin_ekle`").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PurchaseOutcome {
    /// Bought.
    Accepted {
        /// What the panel charged, in TRY, where it could be read.
        cost: Option<Decimal>,
        /// The balance after it, in TRY, where it could be read.
        balance: Option<Decimal>,
        /// Whether the panel says that it is done with it already, so that it can be asked at once.
        ready: bool,
    },
    /// Not bought; the panel's reason.
    Refused(String),
    /// Nothing left this machine; may be sent again.
    NotSent(NotSent),
    /// The panel has seen this reference before: it was bought earlier.
    SentBefore,
    /// Everything else: it may have been bought.
    Unsure,
}

named! {
    /// Why nothing was sent.
    pub enum NotSent {
        /// The name could not be resolved, or the connection was refused or timed out.
        Connect = "connect",
        /// No encrypted connection came about.
        Tls = "tls",
        /// Too little of the lease was left to send it safely.
        NoTimeLeft = "no_time_left",
        /// The panel was to be asked first, and gave no answer that means something.
        AskedInVain = "asked_in_vain",
        /// The panel's circuit was open by the time that it was this order's turn.
        CircuitOpen = "circuit_open",
    }
}

/// The meaning of an answer to a question (source: `znet.md`, "Answers of `pin_kontrol`").
#[derive(Clone, Debug)]
pub enum StatusAnswer {
    /// The panel is working on it.
    Waiting {
        /// A code that stands beside "waiting"; kept, and not given to anybody.
        pin: Option<SecretString>,
        /// The panel's text; empty when there is none.
        text: String,
    },
    /// Delivered, without the code that this product always had.
    DoneWithoutCode {
        /// The panel's text; empty when there is none.
        text: String,
    },
    /// Delivered.
    Done {
        /// The code; a top-up has none.
        pin: Option<SecretString>,
        /// The panel's text; empty when there is none.
        text: String,
    },
    /// Cancelled by the panel.
    Cancelled {
        /// The panel's text; empty when there is none.
        text: String,
    },
    /// `3|text` without `OK`: the question itself failed, most often because the panel does not
    /// know the reference. Never a cancellation.
    NotKnown {
        /// The panel's text; empty when there is none.
        text: String,
    },
    /// No answer, or one that is not understood. Says nothing about the order.
    Unclear,
}
