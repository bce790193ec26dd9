//! The tables: how they are made, kept small, and counted.

mod migrations;
mod notices;
mod pooler;
mod retention;
mod roles;
mod stats;
