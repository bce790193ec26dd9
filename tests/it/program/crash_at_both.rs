//! `kill -9` while orders go to two panels of different kinds, one of which does not refuse what is sent
//! to it twice.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use sandbox::{
    barakat::{Barakat, BarakatPlan, Endpoint, unreliable},
    panel::{self, Readiness},
    seed::Seed,
};

use crate::process::{
    audit::{audit, audit_barakat},
    figures,
    shop::Row,
    world::{PIN, World},
};

/// How many times the program is killed under load; the soak sets more.
const KILLS: &str = "ORDERWATCH_TEST_KILLS";
const TOKEN: &str = "practice-token-1234";
/// Orders at each panel for the process that is not killed.
const UNDISTURBED: usize = 10;
/// It asks for nothing about the player.
const CODE: &str = "505";
/// Share of the answers that go wrong.
const TROUBLE: f64 = 0.2;

async fn unsteady_barakat(seed: u64) -> Barakat {
    let mut plan = BarakatPlan::sample(seed);
    plan.readiness = Readiness::after_waits(1);
    plan.faults = unreliable(TROUBLE);
    let chances = &mut plan.faults.chances;
    chances.retain(|chance| chance.endpoint != Endpoint::Catalogue);
    Barakat::start(plan).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_nothing_is_bought_twice_or_lost_at_either() {
    let kills = std::env::var(KILLS).map_or(10, |kills| kills.parse().unwrap());
    let seed = Seed::of_test("nothing_is_bought_twice_or_lost_at_either", KILLS);
    let mut dice = seed.rng();
    let barakat = unsteady_barakat(seed.number()).await;
    let world = World::with(|plan| {
        plan.seed = seed.number();
        plan.readiness = Readiness::after_waits(1);
        plan.faults = panel::unreliable(TROUBLE);
        let chances = &mut plan.faults.chances;
        chances.retain(|chance| chance.endpoint != panel::Endpoint::Catalogue);
    })
    .await;
    world.shop.barakat(&barakat.base_url(), TOKEN, CODE).await;

    let settings = world.settings().text("znet.request_timeout", "1s");
    for round in 0..kills {
        let process = world.program(&settings, &["run"]).spawn();
        let name = format!("player-{round}");
        world.shop.orders(PIN, &name, 5).await;
        world.shop.orders(CODE, &format!("other-{round}"), 5).await;

        let asked = |ledger: &sandbox::barakat::Ledger| {
            ledger.count(Endpoint::Purchase) + ledger.count(Endpoint::Status)
        };
        let (before, more) = (asked(barakat.ledger()), dice.u64(1..16));
        let busy = barakat.wait_for(|ledger| asked(ledger) >= before + more);
        // What is left may be waiting for its lease to end: then it is killed while it waits.
        drop(tokio::time::timeout(Duration::from_secs(2), busy).await);
        tokio::time::sleep(Duration::from_micros(dice.u64(0..20_000))).await;
        process.kill().await;
    }

    // A process that begins slowly is killed before it claims, and leaves more for the next one, which is then killed with
    // all of them under way: how many are held says nothing. Of these most are bought.
    world.shop.orders(PIN, "player-last", UNDISTURBED).await;
    world.shop.orders(CODE, "other-last", UNDISTURBED).await;
    let process = world.start(&settings).await;
    let rows = world.shop.settled().await;
    process.stop().await;

    let undisturbed = |row: &&Row| {
        let player = row.player.as_deref().unwrap_or_default();
        player.contains("-last-") && row.is_completed()
    };
    for (panel, of_it) in [("znet", false), ("barakat", true)] {
        let rows = rows.iter().filter(|row| is_other(row) == of_it);
        let completed = rows.filter(undisturbed).count();
        assert!(completed > UNDISTURBED / 2, "{completed} at {panel}");
    }

    let (there, here): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(is_other);
    let tally = audit(&world.panel, &here);
    assert_eq!(tally.completed + tally.held, kills * 5 + UNDISTURBED);
    let (completed, strays) = audit_barakat(&barakat, TOKEN, &there);
    assert!(strays.is_empty(), "sold to nobody's order: {strays:?}");
    assert_eq!(there.len(), kills * 5 + UNDISTURBED);
    figures(&format!(
        "kill -9, panels of two kinds: {kills} kills, {} orders, {} completed, 0 bought twice, 0 lost",
        2 * (kills * 5 + UNDISTURBED),
        tally.completed + completed
    ));
}

fn is_other(row: &Row) -> bool {
    let player = row.player.as_deref().unwrap_or_default();
    player.starts_with("other")
}
