//! The Trendyol store from end to end: a warehouse in a database, the practice store behind a real
//! socket, and orderwatch's passes between them. Time is moved by hand.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

mod answers;
mod client;
mod clock;
mod doorbell;
mod fed;
mod fence;
mod hour;
mod kill;
mod ledger;
mod listing;
mod orders;
mod owed;
mod pass;
mod pick;
mod queue;
mod returns;
mod rig;
mod rules;
mod second_pusher;
mod settle;
mod sides;
mod size;
mod trendyol_wire;
mod turn;
mod unreadable;
mod unsteady;
mod warehouse;
mod work;
