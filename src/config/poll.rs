//! `[poll]` and `[sweep]`

use std::time::Duration;

use super::{MAX_IN_FLIGHT, read::Section, value::human};
use crate::backoff::{Backoff, InvalidBackoff};

const MAX_ATTEMPTS: u32 = 100_000;
const MAX_BATCH: u32 = 10_000;

/// How bought orders are watched.
#[derive(Clone, Debug)]
pub struct Poll {
    /// Whether they are.
    pub enabled: bool,
    /// From sending to the first check.
    pub first_check_after: Duration,
    /// Growth of the delay between checks.
    pub backoff: Backoff,
    /// Checks without progress before an order is left to the sweep.
    pub max_attempts: u32,
    /// From sending to giving up.
    pub give_up_after: Duration,
    /// Checks under way at once, over all panels.
    pub max_in_flight: u32,
    /// How long a claim lasts; longer than the longest call.
    pub lease: Duration,
}

impl Poll {
    pub(super) fn read(mut section: Section<'_, '_>) -> Option<Self> {
        let enabled = section.bool("enabled");
        let first_check_after = section.duration("first_check_after");
        let backoff = read_backoff(&mut section);
        let max_attempts = section.count("max_attempts", 1..=MAX_ATTEMPTS);
        let give_up_after = section.duration("give_up_after");
        let max_in_flight = section.count("max_in_flight", 1..=MAX_IN_FLIGHT);
        let lease = section.duration("lease");
        Some(Self {
            enabled,
            first_check_after,
            backoff: backoff?,
            max_attempts,
            give_up_after,
            max_in_flight,
            lease,
        })
    }
}

fn read_backoff(section: &mut Section<'_, '_>) -> Option<Backoff> {
    section.duration("backoff_initial");
    section.duration("backoff_max");
    section.float("jitter", 0.0..=1.0);
    let keys = ["backoff_initial", "backoff_max", "jitter"].map(|name| section.key(name));
    let [initial_key, max_key, jitter_key] = keys.each_ref().map(String::as_str);
    let reader = section.reader();
    let initial = reader.duration(initial_key)?;
    let max = reader.duration(max_key)?;
    let jitter = reader.number(jitter_key)?;
    let invalid = match Backoff::new(initial, max, jitter) {
        Ok(backoff) => return Some(backoff),
        Err(invalid) => invalid,
    };
    let (blamed, values) = match invalid {
        InvalidBackoff::JitterOutOfRange => (vec![jitter_key], format!("{jitter_key} = {jitter}")),
        InvalidBackoff::ZeroInitial | InvalidBackoff::MaxBelowInitial => (
            vec![max_key, initial_key],
            format!(
                "{max_key} = {}, {initial_key} = {}",
                human(max),
                human(initial)
            ),
        ),
    };
    reader.contradiction(&blamed, format!("does not fit: {invalid} ({values})"));
    None
}

/// How orders that nobody watches are found.
#[derive(Clone, Copy, Debug)]
pub struct Sweep {
    /// Whether they are looked for.
    pub enabled: bool,
    /// From one pass to the next.
    pub interval: Duration,
    /// Orders per page.
    pub batch_size: u32,
    /// Orders sent more recently are left alone; shorter than [`Poll::give_up_after`].
    pub min_age: Duration,
    /// The orders of a page become due spread over this time; may be zero.
    pub spread: Duration,
}

impl Sweep {
    pub(super) fn read(mut section: Section<'_, '_>) -> Self {
        Self {
            enabled: section.bool("enabled"),
            interval: section.duration("interval"),
            batch_size: section.count("batch_size", 1..=MAX_BATCH),
            min_age: section.duration("min_age"),
            spread: section.duration_from("spread", Duration::ZERO),
        }
    }
}
