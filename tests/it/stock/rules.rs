//! A simulated shop in which the rule of the stock is held against those that were tried before it. The
//! bench `stock` runs the same shop for longer: `cargo bench --bench stock -- rules`.

#[path = "../../../benches/stock/rules/feed.rs"]
mod feed;
#[path = "../../../benches/stock/rules/rivals.rs"]
mod rivals;
#[path = "../../../benches/stock/rules/world.rs"]
mod world;

use rivals::{Differences, FullPush, Ours, SettleOnly};
use world::{Outage, Outcome, Rule, Shop, World};

fn simulated<R: Rule + Default>(order_delay: f64, outage: Outage) -> Outcome {
    with_late_orders::<R>(order_delay, 0.0, outage)
}

fn with_late_orders<R: Rule + Default>(order_delay: f64, late: f64, outage: Outage) -> Outcome {
    let shop = Shop {
        products: 40,
        hours: 3,
        sales_an_hour: 120.0,
        order_delay,
        late,
        outage,
    };
    let mut all = Outcome::default();
    for seed in 0..4 {
        all.add(World::new(shop, seed).run(&mut R::default()));
    }
    all
}

#[test]
fn nothing_is_sold_twice_and_every_figure_is_right_when_the_shop_rests() {
    for delay in [20.0, 60.0, 180.0] {
        let ours = simulated::<Ours>(delay, Outage::Fails);
        assert_eq!(ours.record, [""; 0], "order delay {delay} s");
        assert_eq!(
            (ours.oversold, ours.refused),
            (0, 0),
            "order delay {delay} s"
        );
        assert_eq!(ours.wrong_at_the_end, [0; 0], "order delay {delay} s");
    }
}

#[test]
fn nothing_is_sold_twice_where_one_order_of_twenty_comes_after_ten_minutes() {
    let ours = with_late_orders::<Ours>(20.0, 0.05, Outage::Fails);
    assert_eq!((&ours.record[..], ours.oversold), (&[][..], 0));
    assert_eq!(ours.wrong_at_the_end, [0; 0]);
}

#[test]
fn the_figures_come_right_after_a_feed_that_left_out_orders_in_silence() {
    let ours = simulated::<Ours>(60.0, Outage::LeavesOut);
    assert_eq!(ours.wrong_at_the_end, [0; 0]);
}

#[test]
fn the_rules_that_were_tried_before_sell_twice_or_keep_more_off_sale() {
    let ours = simulated::<Ours>(60.0, Outage::Fails);
    for others in [
        simulated::<FullPush>(60.0, Outage::Fails),
        simulated::<Differences>(60.0, Outage::Fails),
    ] {
        assert!(
            others.oversold > 0,
            "the shop is one in which that can happen"
        );
        assert!(others.too_many() > 5.0 * ours.too_many());
    }
    let settle_only = simulated::<SettleOnly>(60.0, Outage::Fails);
    assert!(2.0 * ours.too_few() < settle_only.too_few());
}
