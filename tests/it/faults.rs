//! Clocks, databases and panels that fail while orders are under way.

mod both_kinds;
mod chaos;
mod clock;
mod database;
mod full_disk;
mod full_queue;
mod ill_row;
mod late;
mod lost_fallback;
mod lost_rows;
mod panel;
mod reload;
mod restarts;
mod server;
mod standby;
