//! The pages in a real browser: headless Chromium, driven through chromedriver, over the real
//! program with the practice panel and store.
//!
//! Where no chromedriver is installed, each test says so and does nothing, so that `cargo test` works
//! without a browser; `scripts/with-browser cargo test --test browser` installs one and lets nothing
//! be left out.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first surprise and says what it leaves out"
)]

mod accessibility;
mod browser;
mod cut;
mod flows;
mod inbox;
mod injection;
mod line;
mod pages;
mod plain;
mod proxied;
mod stage;
mod stock;

/// What the other tests start the program with.
#[path = "../it"]
mod it {
    #[allow(dead_code, reason = "these tests need a part of it")]
    pub(crate) mod process;
}
use it::process;
