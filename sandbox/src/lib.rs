//! A practice world: servers that answer as the real ones do, faults included.
//!
//! The demo, the tests and the benches talk to it over real sockets, so that what they prove holds
//! for the bytes on the wire. What must stay true:
//!
//! * it shares no code with orderwatch, otherwise both could be wrong in the same way,
//! * the ledger says what really happened: a fault says whether the work was done before it,
//! * everything random comes from one seed.
//!
//! [`http`] owns the socket and knows no protocol; [`faults`] and [`gates`] decide what goes wrong
//! and what has to wait, for any set of endpoints; [`panel`] and [`barakat`] are reseller panels of two
//! kinds and [`trendyol`] is the marketplace on top of them.

pub mod barakat;
pub mod clock;
pub mod faults;
pub mod gates;
pub mod http;
pub mod panel;
mod pin;
mod readiness;
pub mod seed;
mod tally;
mod traffic;
pub mod trendyol;
pub mod trouble;
mod turn;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex that no code can leave half-changed: a panic elsewhere must not end the sandbox.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
