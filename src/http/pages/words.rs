//! The texts of the pages: titles, labels, buttons, and the names of the values that they show.

mod shop;

pub(crate) use shop::shop_message;

pub use crate::order::words::{event, stage};
pub(crate) use crate::order::words::{external_status, shop_status};

use crate::text::{Lang, Say, fill, format::Format, sentences};

sentences!("page");
sentences!("act");
sentences!("value");

/// The fixed texts of the pages in one language.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    pub page: &'static Page,
    pub act: &'static Act,
    pub(crate) range: &'static Range,
}

impl Lang {
    #[must_use]
    pub const fn words(self) -> Words {
        Words {
            page: Page::of(self),
            act: Act::of(self),
            range: Range::of(self),
        }
    }
}

impl Format {
    #[must_use]
    pub(crate) const fn words(&self) -> Words {
        self.lang.words()
    }
}

/// How a run ended (`job_runs.outcome`); `None` while it runs or when its process died.
#[must_use]
pub(crate) fn job_outcome(outcome: Option<&str>, lang: Lang) -> &'static str {
    let page = Page::of(lang);
    match outcome {
        Some("done") => page.job_done,
        Some(_) => page.job_failed,
        None => page.running,
    }
}
