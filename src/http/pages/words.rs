//! Every text of the pages, in three languages side by side.
//!
//! Fixed texts are fields of [`Words`]: one that lacks a language does not compile, and a template
//! that names one that does not exist does not either. Words of values (stages, reasons, events …)
//! are exhaustive matches, so that a new value cannot be without a text. `{name}` is a blank that
//! [`fill`] fills in.

mod act;
mod detail;
mod explain;
mod hold;
mod page;
mod refusal;
mod shop;
mod value;
mod warning;

pub use act::Act;
pub use detail::{answer_class, by_person, detail_name, report_name, withdrawn_why};
pub use explain::{next, remedy, why};
pub use hold::{hold, hold_remedy};
pub use page::{Page, Range, Unit};
pub use refusal::refusal;
pub use shop::{external_status, package_status, shop_message, shop_status, trouble};
pub use value::{
    batch_state, breaker, event, job, job_outcome, package_effect, place, stage, verdict, wait,
};
pub use warning::{job_name, severity, warning, warning_page, warning_remedy};

/// Defines a group of fixed texts: `name => [English, Turkish, Arabic]`.
macro_rules! words {
    ($(#[$doc:meta])* $group:ident { $($key:ident => [$en:literal, $tr:literal, $ar:literal],)+ }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $group { $(pub $key: &'static str),+ }

        impl $group {
            pub(super) const EN: Self = Self { $($key: $en),+ };
            pub(super) const TR: Self = Self { $($key: $tr),+ };
            pub(super) const AR: Self = Self { $($key: $ar),+ };

            /// Every text with its name, for the tests.
            #[cfg(test)]
            pub(super) const TABLE: &[(&'static str, crate::http::pages::lang::Say)] =
                &[$((stringify!($key), [$en, $tr, $ar])),+];
        }
    };
}
use words;

/// The fixed texts of the pages in one language.
#[derive(Debug)]
pub struct Words {
    /// Titles, labels, notes.
    pub page: Page,
    /// What people do, step by step.
    pub act: Act,
    /// Units of time and number.
    pub unit: Unit,
    /// Spans of the charts.
    pub range: Range,
}

impl Words {
    pub(super) const EN: Self = Self {
        page: Page::EN,
        act: Act::EN,
        unit: Unit::EN,
        range: Range::EN,
    };
    pub(super) const TR: Self = Self {
        page: Page::TR,
        act: Act::TR,
        unit: Unit::TR,
        range: Range::TR,
    };
    pub(super) const AR: Self = Self {
        page: Page::AR,
        act: Act::AR,
        unit: Unit::AR,
        range: Range::AR,
    };
}

/// The text with its blanks filled in.
#[must_use]
pub fn fill(text: &str, blanks: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        let value = blanks.iter().find(|(blank, _)| *blank == name);
        filled.push_str(value.map_or("?", |(_, value)| value));
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests;
