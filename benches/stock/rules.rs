//! What each rule sells without having it, and what it keeps off sale, in one simulated shop: `cargo
//! bench --bench stock -- rules`. No database and no network.
//!
//! The shop, the goods and the customers are the same for every rule. Each cell holds the units sold
//! without being there, of 10,000 sold; the mean units too few on sale; the mean units too many.

#[path = "rules/feed.rs"]
mod feed;
#[path = "rules/rivals.rs"]
mod rivals;
#[path = "rules/world.rs"]
mod world;

use crate::support::targets::Targets;
use rivals::{Differences, FullPush, Ours, SettleOnly};
use world::{Outage, Outcome, Rule, Shop, World};

const SEEDS: u64 = 20;
/// Mean order delays in seconds, with the most units too many that ours may have on sale.
const DELAYS: [(f64, f64); 3] = [(20.0, 0.05), (60.0, 0.05), (180.0, 0.08)];
/// Ours keeps off sale no more than this share of what settling alone does.
const SHARE: f64 = 1.0 / 3.0;

type Make = fn() -> Box<dyn Rule>;

/// From the first that was used to the present one.
const RULES: [(&str, Make); 4] = [
    ("all, every 10 min", || Box::<FullPush>::default()),
    ("differences, no look", || Box::<Differences>::default()),
    ("look, settle only", || Box::<SettleOnly>::default()),
    ("ours", || Box::<Ours>::default()),
];

/// Prints all tables.
pub(crate) fn measure(targets: &mut Targets) {
    println!(
        "{SEEDS} shops, 8 h, 150 products, 180 orders an hour of 1 or 2 units, a turn every 20 s"
    );
    println!(
        "oversold of 10,000 | mean units too few | too many; +n: oversold that no rule could avoid\n"
    );
    for (outage, what) in [
        (Outage::Fails, "the order feed fails for 10 min"),
        (
            Outage::LeavesOut,
            "the order feed answers for 10 min without what is new",
        ),
    ] {
        println!("{what}:");
        println!(
            "{:>8}  {}",
            "delay",
            RULES.map(|(name, _)| format!("{name:<27}")).concat()
        );
        for (order_delay, most) in DELAYS {
            let (settle_only, ours) = row(order_delay, 0.0, outage);
            if outage == Outage::Fails {
                judge(targets, order_delay, most, &settle_only, &ours);
            }
        }
        println!();
    }

    println!(
        "the order feed fails for 10 min, and tells of one order of twenty after 10 min only:"
    );
    let (_, ours) = row(DELAYS[0].0, 0.05, Outage::Fails);
    let oversold = of_ten_thousand(ours.oversold, ours.sold);
    targets.at_most("late orders: oversold of 10,000", oversold, 0.0, "units");
}

/// Prints what came of each rule; returns that of settling alone, and of ours.
fn row(order_delay: f64, late: f64, outage: Outage) -> (Outcome, Outcome) {
    let outcomes = RULES.map(|(_, make)| simulated(order_delay, late, outage, make));
    println!(
        "{order_delay:>6} s  {}",
        outcomes.each_ref().map(cell).concat()
    );
    let [.., settle_only, ours] = outcomes;
    for record in &ours.record {
        println!("          {record}");
    }
    (settle_only, ours)
}

fn simulated(order_delay: f64, late: f64, outage: Outage, make: Make) -> Outcome {
    let shop = Shop {
        products: 150,
        hours: 8,
        sales_an_hour: 180.0,
        order_delay,
        late,
        outage,
    };
    let mut all = Outcome::default();
    for seed in 0..SEEDS {
        all.add(World::new(shop, seed).run(&mut *make()));
    }
    all
}

fn cell(outcome: &Outcome) -> String {
    let text = format!(
        "{:.1}+{:.1} | {:.1} | {:.3}",
        of_ten_thousand(outcome.oversold, outcome.sold),
        of_ten_thousand(outcome.unavoidable, outcome.sold),
        outcome.too_few(),
        outcome.too_many()
    );
    format!("{text:<27}")
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn of_ten_thousand(units: i64, sold: i64) -> f64 {
    units as f64 * 10_000.0 / sold as f64
}

fn judge(targets: &mut Targets, delay: f64, most: f64, settle_only: &Outcome, ours: &Outcome) {
    let oversold = of_ten_thousand(ours.oversold, ours.sold);
    targets.at_most(
        &format!("delay {delay} s: oversold of 10,000"),
        oversold,
        0.0,
        "units",
    );
    let few = settle_only.too_few() * SHARE;
    targets.at_most(
        &format!("delay {delay} s: too few on sale"),
        ours.too_few(),
        few,
        "units",
    );
    targets.at_most(
        &format!("delay {delay} s: too many on sale"),
        ours.too_many(),
        most,
        "units",
    );
    let wrong = u32::try_from(ours.wrong_at_the_end.len()).unwrap_or(u32::MAX);
    targets.at_most(
        &format!("delay {delay} s: wrong after a rest"),
        f64::from(wrong),
        0.0,
        "products",
    );
}
