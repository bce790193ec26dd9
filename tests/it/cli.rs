//! The commands for people.

mod adopt;
mod doctor;
mod status;
mod stock;
mod tree;
