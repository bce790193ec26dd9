//! The rules that are compared: the product's own, and those that were tried before it.

use chrono::{DateTime, TimeDelta, Utc};
use orderwatch::stock::{
    deadlines::{MAY_STILL_APPLY, REPEAT_AFTER},
    pace::{Pace, Settle},
    rule::{Answer, Deficit, Figure, Observed, Rules, Sent, Verdict, decide},
};

use super::world::{Rule, View};

/// The product's own rule, with what the product remembers of each barcode.
#[derive(Debug, Default)]
pub(crate) struct Ours(Vec<Figure>);

impl Rule for Ours {
    fn turn(&mut self, view: &View<'_>) -> Vec<(usize, i32)> {
        self.0.resize(view.desired.len(), Figure::default());
        for order in view.news {
            self.0[order.product].note_order(order.units, order.sold_at);
        }
        let rules = Rules {
            now: view.now,
            orders_read_at: Some(view.read_at),
            stale: view.stale,
            looked_since: None,
            pace: Pace::of(view.delay, Settle::Auto),
        };
        let mut sends = Vec::new();
        for (product, figure) in self.0.iter_mut().enumerate() {
            let desired = view.desired[product];
            figure.sales = view.sales[product];
            look(figure, desired, view.on_sale[product], view.now);
            if let Verdict::Send { quantity, .. } = decide(desired, figure, &rules) {
                send(figure, quantity, view.now);
                // The rest has stood as long as the whole.
                figure.deficit = figure.deficit.and_then(|deficit| {
                    let units = desired - quantity;
                    (units > 0).then_some(Deficit { units, ..deficit })
                });
                sends.push((product, quantity));
            }
        }
        sends
    }

    fn result(&mut self, product: usize) {
        if let Some(sent) = &mut self.0[product].sent {
            sent.open_until = None;
        }
    }
}

fn look(figure: &mut Figure, desired: i32, on_sale: i32, now: DateTime<Utc>) {
    figure.observed = Some(Observed {
        at: now,
        answer: Answer::Units(on_sale),
    });
    figure.deficit = figure.deficit_of(desired, now);
    figure.recent.retain(|(_, at)| *at + REPEAT_AFTER > now);
}

fn send(figure: &mut Figure, quantity: i32, now: DateTime<Utc>) {
    figure.recent.push((quantity, now));
    figure.sent = Some(Sent {
        quantity,
        at: now,
        open_until: Some(now + MAY_STILL_APPLY),
    });
}

/// Everything is sent every ten minutes.
#[derive(Debug, Default)]
pub(crate) struct FullPush(Option<DateTime<Utc>>);

impl Rule for FullPush {
    fn turn(&mut self, view: &View<'_>) -> Vec<(usize, i32)> {
        if self
            .0
            .is_some_and(|last| view.now < last + TimeDelta::minutes(10))
        {
            return Vec::new();
        }
        self.0 = Some(view.now);
        view.desired.iter().copied().enumerate().collect()
    }
}

/// What should be on sale is sent whenever it changes.
#[derive(Debug, Default)]
pub(crate) struct Differences(Vec<i32>);

impl Rule for Differences {
    fn turn(&mut self, view: &View<'_>) -> Vec<(usize, i32)> {
        let before = std::mem::replace(&mut self.0, view.desired.to_vec());
        let both = view.desired.iter().zip(&before).enumerate();
        let changed = both.filter(|(_, (now, before))| now != before);
        changed.map(|(product, (now, _))| (product, *now)).collect()
    }
}

/// Looks, lowers at once, and raises what has stood unchanged for six mean order delays.
#[derive(Debug, Default)]
pub(crate) struct SettleOnly(Vec<(Option<Deficit>, bool)>);

impl Rule for SettleOnly {
    fn turn(&mut self, view: &View<'_>) -> Vec<(usize, i32)> {
        self.0.resize(view.desired.len(), (None, false));
        let mean = view.delay.mean().unwrap_or(TimeDelta::minutes(15));
        let settle = (mean * 6).clamp(TimeDelta::minutes(2), TimeDelta::minutes(15));
        let mut sends = Vec::new();
        for (product, (deficit, open)) in self.0.iter_mut().enumerate() {
            let units = view.desired[product] - view.on_sale[product];
            let stood = deficit.filter(|before| before.units == units);
            let since = stood.map_or(view.now, |before| before.since);
            *deficit = (units > 0).then_some(Deficit { units, since });
            let settled = view.now >= since + settle && !view.stale;
            if !*open && (units < 0 || units > 0 && settled) {
                *open = true;
                sends.push((product, view.desired[product]));
            }
        }
        sends
    }

    fn result(&mut self, product: usize) {
        self.0[product].1 = false;
    }
}
