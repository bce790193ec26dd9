//! One binary for all tests that need the outside: a database, a panel, a process.
#![cfg(feature = "sandbox")]

mod brakes;
mod cli;
mod database;
mod faults;
mod http;
mod notices;
mod orders;
mod panels;
mod people;
mod process;
mod program;
mod sandbox_panel;
mod sandbox_trendyol;
mod stock;
mod support;
