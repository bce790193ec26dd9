//! The shop of the demo, its panel, and its customers.

use std::time::{Duration, Instant};

use anyhow::Context;
use rust_decimal::Decimal;
use tokio_util::sync::CancellationToken;

use super::Options;
use crate::{
    shutdown::Stop,
    store::{PracticeOrder, Store},
};
use sandbox::panel::{Account, Ending, Panel, PanelPlan, Product, Readiness, unreliable};

/// Account at the practice panel.
const ACCOUNT: (&str, &str) = ("practice-account", "practice-password");
/// Share of the panel's answers that go wrong.
const TROUBLE: f64 = 0.08;
/// How long the orders that are still under way may take at the end.
const SETTLING: Duration = Duration::from_secs(15);

/// Starts the panel, and opens a shop that buys there.
pub(super) async fn open(store: &Store, seed: u64) -> anyhow::Result<Panel> {
    let panel = Panel::start(plan(seed)).await?;
    let entries: Vec<String> = products().into_iter().map(|product| product.id).collect();
    store
        .open_practice_shop(&panel.base_url(), ACCOUNT, &entries)
        .await?;
    Ok(panel)
}

fn plan(seed: u64) -> PanelPlan {
    let mut plan = PanelPlan::new(seed);
    plan.accounts = vec![Account::new(ACCOUNT.0, ACCOUNT.1, Decimal::from(1_000_000))];
    plan.products = products();
    plan.faults = unreliable(TROUBLE);
    plan
}

/// Two codes, a top-up, and a product that the panel always cancels.
fn products() -> Vec<Product> {
    let quick = Readiness::after_waits(1);
    let slow = Readiness::after(Duration::from_secs(3));
    vec![
        Product::new(
            "101",
            "PUBG Mobile 325 UC",
            "1",
            "325",
            Decimal::new(10_120, 2),
        )
        .ready(quick),
        Product::new("102", "Valorant 475 VP", "4", "475", Decimal::new(8_750, 2)).ready(slow),
        Product::new(
            "103",
            "Mobile Legends 86",
            "7",
            "86",
            Decimal::new(5_190, 2),
        )
        .ending(Ending::TopUp)
        .ready(quick),
        Product::new("104", "Steam 50 TL", "9", "50", Decimal::new(5_000, 2))
            .ending(Ending::Cancelled)
            .ready(quick),
    ]
}

/// Keeps orders coming until the time or their number is over, says so to everybody, and waits until
/// they are done.
pub(super) async fn keep(
    store: &Store,
    options: &Options,
    closing: &CancellationToken,
    stop: &Stop,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let until = options
        .duration
        .map(|duration| began + duration.saturating_sub(SETTLING.min(duration / 2)));
    let mut dice = fastrand::Rng::with_seed(options.seed);
    let mut placed = 0_u64;
    while options.orders.is_none_or(|orders| placed < orders)
        && until.is_none_or(|until| Instant::now() < until)
    {
        placed += 1;
        place(store, placed, &mut dice)
            .await
            .context("the shop cannot place an order")?;
        let pause = Duration::from_millis(dice.u64(20..300));
        if stop
            .soft
            .run_until_cancelled(tokio::time::sleep(pause))
            .await
            .is_none()
        {
            break;
        }
    }
    closing.cancel();
    settle(store, options, began, stop).await
}

/// One order; now and then one that nobody could send.
async fn place(store: &Store, number: u64, dice: &mut fastrand::Rng) -> anyhow::Result<()> {
    let entry = dice
        .choice(["101", "101", "102", "103", "104"])
        .unwrap_or("101");
    let player = format!("player-{number}");
    let forgetful = dice.u8(..100) < 3;
    store
        .place_practice_order(PracticeOrder {
            entry,
            player: (!forgetful).then_some(player.as_str()),
            quantity: 1,
        })
        .await?;
    Ok(())
}

async fn settle(
    store: &Store,
    options: &Options,
    began: Instant,
    stop: &Stop,
) -> anyhow::Result<()> {
    let deadline = match options.duration {
        Some(duration) => began + duration,
        None => Instant::now() + SETTLING,
    };
    while Instant::now() < deadline && !stop.soft.is_cancelled() {
        let open = store
            .practised()
            .await?
            .iter()
            .filter(|order| order.is_open())
            .count();
        if open == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}
