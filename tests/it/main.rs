//! One binary for all tests that need the outside: a database, a panel, a process.

mod brakes;
mod cli;
mod database;
mod demo;
mod faults;
mod http;
mod money;
mod notices;
mod orders;
mod panels;
mod people;
mod process;
mod program;
mod stock;
mod support;
