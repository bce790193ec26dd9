//! The practice servers, byte by byte: what every test of orderwatch relies on, and what a test of a
//! client would not find.

mod barakat;
mod panel;
mod trendyol;
