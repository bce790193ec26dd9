//! The practice panel of the kind "barakat" as a client sees it, byte by byte: what every test of that
//! client relies on.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

mod answers;
mod faults;
mod flow;
mod ledger;
mod wire;

use sandbox::barakat::{Barakat, BarakatPlan};
use serde_json::Value;

use self::wire::get;

/// The token of the account of [`BarakatPlan::sample`].
const TOKEN: &str = "practice-token-1234";

async fn start(change: impl FnOnce(&mut BarakatPlan)) -> Barakat {
    let mut plan = BarakatPlan::sample(7);
    change(&mut plan);
    Barakat::start(plan).await.unwrap()
}

/// The target of a purchase of one piece of product 501 (35.00 TRY, gives a code).
fn buying(uuid: &str) -> String {
    format!("/client/api/newOrder/501/params?qty=1&uid=player-{uuid}&order_uuid={uuid}")
}

/// The target of a question by `order_uuid`.
fn asking(uuid: &str) -> String {
    format!("/client/api/check?orders=%5B{uuid}%5D&uuid=1")
}

async fn buy(panel: &Barakat, uuid: &str) -> Value {
    wire::json(&get(panel, &buying(uuid)).await)
}

async fn ask(panel: &Barakat, uuid: &str) -> Value {
    wire::json(&get(panel, &asking(uuid)).await)
}
