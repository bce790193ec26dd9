//! The built program as a service manager and an operator use it.

mod command_line;
mod configuration;
mod crash;
mod crash_at_both;
mod crash_points;
mod database;
mod lifecycle;
mod metrics;
mod orders;
mod secrets;
mod trendyol;
