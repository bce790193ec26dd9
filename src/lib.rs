//! orderwatch: buys a shop's orders from its reseller panel once, watches them to their end, and keeps a Trendyol
//! store's stock in step with the warehouse.

pub mod attention;
pub mod backoff;
pub mod breaker;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod doctor;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod http;
pub mod marketplace;
pub mod metrics;
#[cfg(any(test, fuzzing))]
mod oracle;
pub mod order;
pub mod outbound;
pub mod overview;
pub mod provider;
pub mod shutdown;
pub mod stock;
pub mod store;
pub mod systemd;
pub mod telemetry;
pub mod text;
pub mod webhook;
pub mod worker;
