//! The built program as a service manager and an operator use it.

mod command_line;
mod configuration;
mod crash;
mod database;
mod demo;
mod lifecycle;
mod metrics;
mod orders;
mod secrets;
mod trendyol;
