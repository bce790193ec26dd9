//! Faults as a seller's client meets them, for scripts and for chance.

use std::time::Duration;

use super::{
    Endpoint,
    answer::{self, Problem},
    json::{self, Names},
    quirks::Errors,
};
use crate::{
    faults::{Chance, FaultPlan},
    trouble::{Fault, Trouble},
};

/// When answers that have nothing to do with the store's clock say they were made.
const SOME_DAY: chrono::DateTime<chrono::Utc> = chrono::DateTime::UNIX_EPOCH;

/// A refusal for too many requests, with or without the time to wait.
#[must_use]
pub fn too_many(endpoint: Endpoint, retry_after: Option<Duration>) -> Trouble {
    let problem = Problem::too_many(retry_after.map(|wait| wait.as_secs()));
    Trouble::Answer(problem.answer(endpoint, Errors::Documented, SOME_DAY))
}

/// An error in JSON, as older captures show it.
#[must_use]
pub fn system_error(endpoint: Endpoint, status: u16) -> Trouble {
    let problem = Problem::new(status, "generic.exception", "Exception Occured");
    Trouble::Answer(problem.answer(endpoint, Errors::Classic, SOME_DAY))
}

/// A stock report that is taken well, with no id to ask by.
#[must_use]
pub fn no_batch_id() -> Trouble {
    Trouble::Answer(answer::json(200, "{}"))
}

/// A path that the gateway does not know, in the words of its web framework.
#[must_use]
pub fn no_such_path(path: &str) -> Trouble {
    let body = json::object(Names::New, |o| {
        o.text("timestamp", "2026-11-20T09:00:00.000+00:00")
            .raw("status", 404)
            .text("error", "Not Found")
            .text("path", path);
    });
    Trouble::Answer(answer::json(404, body))
}

/// A path that has moved, in the gateway's own words.
#[must_use]
pub fn moved_path(path: &str) -> Trouble {
    let body = json::object(Names::New, |o| {
        o.text("path", path)
            .text("exception", "TrendyolNotFoundException");
    });
    Trouble::Answer(answer::json(404, body))
}

/// What a client meets whose address is blocked.
#[must_use]
pub fn blocked() -> Trouble {
    Trouble::Answer(answer::blocked())
}

/// A store on which `share` of the requests go wrong, in every way that was seen. Time-outs are
/// not among them, because each costs its client real seconds: [`hanging`] adds them.
#[must_use]
pub fn unreliable(share: f64) -> FaultPlan<Endpoint> {
    let spread = |endpoint| Chance::evenly(endpoint, &faults(endpoint), share);
    FaultPlan {
        chances: Endpoint::ALL.into_iter().flat_map(spread).collect(),
        ..FaultPlan::default()
    }
}

/// Answers that never come, for `share` of the requests; half of them after the work was done.
#[must_use]
pub fn hanging(share: f64) -> Vec<Chance<Endpoint>> {
    let faults = Trouble::Hang.both();
    let spread = |endpoint| Chance::evenly(endpoint, &faults, share);
    Endpoint::ALL.into_iter().flat_map(spread).collect()
}

fn faults(endpoint: Endpoint) -> Vec<Fault> {
    let lost = [
        Trouble::Reset,
        Trouble::Close,
        Trouble::Cut(7),
        Trouble::Twice,
        Trouble::Empty,
        Trouble::Page(502),
        Trouble::Page(504),
        Trouble::Page(556),
        system_error(endpoint, 500),
    ];

    let refused = [
        Trouble::Page(403),
        Trouble::Page(503),
        too_many(endpoint, None),
        too_many(endpoint, Some(Duration::from_secs(5))),
    ];

    let mut faults: Vec<Fault> = lost.into_iter().flat_map(Trouble::both).collect();
    faults.extend(refused.map(Fault::Instead));
    if endpoint == Endpoint::PushStock {
        faults.push(Fault::After(no_batch_id()));
    }

    faults
}
