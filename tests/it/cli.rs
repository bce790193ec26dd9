//! The commands for people.

mod doctor;
mod status;
mod stock;
mod tree;
