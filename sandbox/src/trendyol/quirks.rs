//! Behaviour on which documents and observers disagree: a client must stand both ways.

mod answers;
mod packages;

use std::time::Duration;

use fastrand::Rng;

pub use self::{
    answers::AnswerQuirks,
    packages::{AwaitingId, LineIds, Origins, PackageQuirks},
};
use super::json::Names;

/// How the store behaves where no document settles it.
#[derive(Clone, Debug)]
pub struct Quirks {
    /// Names of fields.
    pub names: Names,
    /// How packages are split, cancelled and published.
    pub packages: PackageQuirks,
    /// How answers fail to match their question.
    pub answers: AnswerQuirks,
    /// What counts as the same stock report within 15 minutes.
    pub repeats: Repeats,
    /// The HTTP status of the refusal of a repeated report.
    pub repeat_status: u16,
    /// How errors are written.
    pub errors: Errors,
    /// What is said about a report whose result is no longer kept.
    pub expired: Expired,
    /// How long the result of a report is kept.
    pub results_last: Duration,
    /// How items that are not worked off yet look in a result.
    pub unfinished: Unfinished,
    /// Whether results of stock reports have a `status` of their own, against the documents.
    pub batch_status: bool,
    /// Whether dates in requests are read as the clock of Istanbul, three hours ahead.
    pub istanbul_dates: bool,
    /// How long a cursor of the order stream is good for.
    pub cursors_last: Duration,
    /// Which date the window of the claims is about.
    pub claim_dates: ClaimDates,
    /// How an empty list of claims is answered.
    pub no_claims: NoClaims,
    /// After how many claims a list is silently cut.
    pub claims_cut: usize,
    /// Values of the `storeFrontCode` header that are known.
    pub store_fronts: Vec<&'static str>,
    /// Whether the `User-Agent` must be `{sellerId} - {name}`; otherwise any will do.
    pub exact_user_agent: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            names: Names::New,
            packages: PackageQuirks::default(),
            answers: AnswerQuirks::default(),
            repeats: Repeats::Body,
            repeat_status: 400,
            errors: Errors::Documented,
            expired: Expired::Processing,
            results_last: Duration::from_hours(4),
            unfinished: Unfinished::Missing,
            batch_status: false,
            istanbul_dates: false,
            cursors_last: Duration::from_mins(30),
            claim_dates: ClaimDates::Modified,
            no_claims: NoClaims::Empty,
            claims_cut: 500,
            store_fronts: vec!["TR", "1"],
            exact_user_agent: false,
        }
    }
}

impl Quirks {
    /// Everything that real stores were seen to do, at random and all at once.
    #[must_use]
    pub fn all(rng: &mut Rng) -> Self {
        let any = |rng: &mut Rng, count: usize| rng.usize(..count);
        Self {
            names: [Names::New, Names::Old][any(rng, 2)],
            packages: PackageQuirks::all(rng),
            answers: AnswerQuirks::all(rng),
            repeats: [Repeats::Body, Repeats::Content, Repeats::Item][any(rng, 3)],
            // The two in which an error still says what it is.
            errors: [Errors::Documented, Errors::Classic][any(rng, 2)],
            expired: [Expired::Processing, Expired::NotFound, Expired::Blank][any(rng, 3)],
            unfinished: Unfinished::ALL[any(rng, 3)],
            batch_status: rng.bool(),
            istanbul_dates: rng.bool(),
            claim_dates: [ClaimDates::Created, ClaimDates::Modified][any(rng, 2)],
            no_claims: [NoClaims::Empty, NoClaims::NotFound][any(rng, 2)],
            ..Self::default()
        }
    }
}

/// What counts as the same stock report within 15 minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// Nothing does.
    Allowed,
    /// A body of the same bytes; the request is refused.
    Body,
    /// The same items in any order and spelling; the request is refused.
    Content,
    /// An item with the same values as that barcode was given last; that item fails.
    Item,
}

/// How errors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errors {
    /// As the documents show it for the endpoint.
    Documented,
    /// With time stamp and exception, as older captures show.
    Classic,
    /// As a page of a web server.
    Html,
    /// Without a body.
    Empty,
}

/// What is said about a report whose result is no longer kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// The same as about a report that never was: `PROCESSING` without items.
    Processing,
    NotFound,
    /// An object without any field.
    Blank,
}

/// How items that are not worked off yet look in a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// They are not in it; `itemCount` tells.
    Missing,
    /// They are in it with a state of their own.
    InProgress,
    /// Until the last one is worked off there is nothing but `PROCESSING`.
    Nothing,
}

impl Unfinished {
    const ALL: [Self; 3] = [Self::Missing, Self::InProgress, Self::Nothing];
}

/// Which date the window of the claims is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimDates {
    /// When the claim was made.
    Created,
    /// When it last changed.
    Modified,
}

/// How an empty list of claims is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoClaims {
    /// As an empty list.
    Empty,
    /// With 404.
    NotFound,
}
