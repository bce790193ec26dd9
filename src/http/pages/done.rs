//! What was just done, passed on in the address of the page that follows. By a name from a fixed list, so
//! that no link can make the page say something else.

use super::{view::Note, words::Words};

macro_rules! outcomes {
    ($($(#[$doc:meta])* $done:ident => ($name:literal, $text:ident, $tone:literal)),+ $(,)?) => {
        /// What came of a step.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Done { $($(#[$doc])* $done),+ }

        impl Done {
            const ALL: &[Self] = &[$(Self::$done),+];

            /// The name in the address.
            #[must_use]
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$done => $name),+ }
            }

            /// What is said of it.
            #[must_use]
            pub(crate) fn note(self, words: Words) -> Note {
                match self { $(Self::$done => Note::new(words.act.$text, $tone)),+ }
            }
        }
    };
}

outcomes! {
    /// An order was released.
    Released => ("retry", did_retry, "good"),
    /// An order was resolved.
    Resolved => ("resolve", did_resolve, "good"),
    /// The same, but the shop's row stayed as it was.
    ResolvedInPart => ("resolve-part", did_resolve_part, "warn"),
    /// The player fields of a product are confirmed.
    Confirmed => ("confirm", did_confirm, "good"),
    /// They were confirmed before.
    ConfirmedBefore => ("confirm-before", did_confirm_before, "info"),
    /// A brake is on.
    Paused => ("pause", did_pause, "good"),
    /// It was on already.
    PausedBefore => ("pause-before", did_pause_before, "info"),
    /// A brake is off.
    Resumed => ("resume", did_resume, "good"),
    /// It was off already.
    ResumedBefore => ("resume-before", did_resume_before, "info"),
    /// A job was started.
    Started => ("start", did_start, "good"),
    /// It is running already, here or elsewhere; this one was not started.
    RunningBefore => ("running", did_run_before, "warn"),
    /// Orders were to be retried, and none was selected.
    NoneSelected => ("none-selected", none_selected, "warn"),
    /// An order has no code.
    NoCode => ("no-code", no_code, "warn"),
}

impl Done {
    /// What an address tells of.
    #[must_use]
    pub(crate) fn of_query(query: &str) -> Option<Self> {
        let name = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("done="))?;
        Self::ALL.iter().copied().find(|done| done.as_str() == name)
    }

    #[must_use]
    pub(crate) fn shown_at(self, path: &str) -> String {
        format!("{path}?done={}", self.as_str())
    }
}
