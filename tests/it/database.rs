//! The tables: how they are made, kept small, and counted.

mod migrations;
mod retention;
mod stats;
