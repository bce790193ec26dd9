//! A shop, its panels, and the passes over them, for tests that drive orderwatch by hand.
//!
//! A [`Shop`] is a migrated database with the rows that a real shop has; every column can be varied
//! by plain SQL. A [`Rig`] is one daemon without its loops: a test takes each turn itself and looks
//! at the rows in between. What must stay true:
//!
//! * nothing sleeps: time is a `ManualClock`, years away from the database's own, so that a
//!   statement which used `now()` would be noticed,
//! * panels are the sandbox's, over real sockets, so their ledgers are the truth about money.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

mod barakat;
mod brakes;
mod rig;
mod rows;
mod shop;
mod work;

pub(crate) use self::{
    barakat::{BarakatReseller, PARAMS, TOKEN},
    rig::Rig,
    rows::{Row, iso},
    shop::{Reseller, Shop},
    work::{Allowed, Meter},
};

/// Name and password of the shop's account at every panel ([`PanelPlan::sample`]).
///
/// [`PanelPlan::sample`]: sandbox::panel::PanelPlan::sample
pub(crate) const ACCOUNT: (&str, &str) = ("bayi", "gizli");
