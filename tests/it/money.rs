//! Money at the panels: the day's chain of balances, what nobody explains, and what is sold at a loss.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

mod chain;
mod loss;
mod page;

use std::time::Duration;

use orderwatch::worker::jobs::balance::BalanceJob;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::{
    people::run,
    support::{ACCOUNT, Reseller, Rig, Shop},
};

/// The day on which the clock of every test begins, in Istanbul.
const DAY: &str = "2030-03-17";

/// What the job `balance` does, a minute after what was done before.
async fn ask(shop: &Shop, rig: &Rig) -> usize {
    shop.advance(Duration::from_mins(1));
    let job = BalanceJob {
        shop: rig.workers.clone(),
        accounting: true,
    };
    let report = job.ask_all().await.unwrap();
    shop.advance(Duration::from_mins(1));
    report.unexplained
}

/// Somebody else moves the money of the account.
fn move_money(reseller: &Reseller, by: i64) {
    let now = reseller.panel.ledger().balance(ACCOUNT.0).unwrap();
    let then = now + Decimal::from(by);
    assert!(reseller.panel.set_balance(ACCOUNT.0, then));
}

/// The money of the day.
async fn money(shop: &Shop) -> Value {
    run(shop, &format!("money --json --day {DAY}")).await.json()
}
