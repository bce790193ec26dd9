//! The only place where the database and the outside world meet.
//!
//! Two kinds of work. *Streams* ([`dispatch`], [`poll`], [`notices`]) claim work as capacity frees and
//! never in lock-step; [`stream`] is their one loop. *Periodic jobs* ([`jobs`]) take no hints: they read
//! the database, act and return a report; [`job`] is their one loop. Results about orders flow through
//! one [`recorder`], which writes them in groups.
//!
//! What must stay true:
//!
//! * a purchase is sent only after its claim is committed, and once per claim,
//! * no more is claimed than can be started at once ([`capacity`], [`concurrency`]),
//! * a result is never dropped while the process lives,
//! * a slow panel holds up its own orders only.

pub mod balance;
pub(crate) mod brakes;
pub(crate) mod breaker;
pub mod capacity;
pub(crate) mod catalogue;
pub(crate) mod concurrency;
pub mod dispatch;
pub(crate) mod fair_share;
pub mod job;
pub mod jobs;
pub mod learning;
mod metered;
pub(crate) mod money;
pub mod notices;
pub(crate) mod overview;
pub(crate) mod pace;
pub mod panels;
pub mod poll;
pub mod probe;
pub mod pulse;
pub(crate) mod rates;
pub mod recorder;
mod refused;
mod report;
pub(crate) mod resolve;
pub(crate) mod schedule;
pub(crate) mod second_dispatcher;
pub mod shop;
pub(crate) mod signature;
pub(crate) mod statistics;
pub mod stream;
pub mod trendyol;
pub mod wakeup;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// `at + by`, without overflow at the end of time.
fn after(at: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by)
        .ok()
        .and_then(|by| at.checked_add_signed(by))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// `at - by`, without overflow at the beginning of time.
pub(crate) fn before(at: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by)
        .ok()
        .and_then(|by| at.checked_sub_signed(by))
        .unwrap_or(DateTime::<Utc>::MIN_UTC)
}
