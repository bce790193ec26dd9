//! The last things that happened, in plain words: asked of the database and of the practice store.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};
use sandbox::trendyol::{Endpoint, RequestRecord, Status, TrendyolStore};

use super::{books::Books, database::Event};

/// Events of each half that are kept.
const KEPT: usize = 12;
/// The steps of an order that are worth a line, and what is said of them.
const STEPS: [(&str, &str); 9] = [
    ("completed", "approved, topped up"),
    ("cancelled", "rejected: cancelled by the panel"),
    ("refused", "refused by the panel"),
    (
        "fell_back",
        "refused by its panel; it goes to the other one",
    ),
    ("held", "held for review"),
    ("timed_out", "timed out"),
    ("withdrawn", "withdrawn by the shop"),
    ("unsure", "may have been bought; the panel is asked"),
    ("resend", "unknown to the panel; it is sent again"),
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Happening {
    pub(super) at: DateTime<Utc>,
    pub(super) text: String,
}

/// The last events of both halves, newest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Latest {
    pub(super) orders: Vec<Happening>,
    pub(super) stock: Vec<Happening>,
}

/// Collects events from look to look.
#[derive(Default)]
pub(super) struct Events {
    /// What was on sale at the last look: a push says only what it changes this to.
    on_sale: HashMap<String, u32>,
    /// Pushes that were seen.
    pushes: usize,
    pushed: VecDeque<Happening>,
}

impl Latest {
    /// The newest of both, newest first. The half that is busier does not push the other one out.
    pub(super) fn newest(&self, count: usize) -> Vec<&Happening> {
        let half = count / 2;
        let stock = self
            .stock
            .len()
            .min(half.max(count - self.orders.len().min(count)));
        let orders = self.orders.iter().take(count - stock);
        let mut newest: Vec<_> = orders.chain(self.stock.iter().take(stock)).collect();
        newest.sort_by_key(|event| std::cmp::Reverse(event.at));
        newest
    }
}

impl Events {
    pub(super) async fn look(&mut self, books: &Books) -> anyhow::Result<Latest> {
        let limit = i64::try_from(KEPT)?;
        let steps = books
            .database
            .events(&STEPS.map(|(kind, _)| kind), limit)
            .await?;

        self.see_pushes(&books.trendyol);
        let mut stock = sales(&books.trendyol);
        stock.extend(cancellations(&books.trendyol));
        stock.extend(self.pushed.iter().cloned());
        stock.sort_by_key(|event| std::cmp::Reverse(event.at));
        stock.truncate(KEPT);

        Ok(Latest {
            orders: steps.iter().map(step).collect(),
            stock,
        })
    }

    fn see_pushes(&mut self, trendyol: &TrendyolStore) {
        let pushes = trendyol.ledger().requests_to(Endpoint::PushStock);
        for push in pushes.iter().skip(self.pushes) {
            self.see_push(push);
        }
        self.pushes = pushes.len();
        self.pushed.truncate(KEPT);
        self.on_sale = trendyol.stocks().into_iter().collect();
    }

    fn see_push(&mut self, push: &RequestRecord) {
        // What Trendyol did not take changes nothing.
        if push.worked != Some(200) {
            return;
        }

        for (barcode, quantity) in &push.items {
            let before = self.on_sale.get(barcode).copied().map(i64::from);
            let text = match before {
                Some(before) if before < *quantity => {
                    format!("{barcode} raised from {before} to {quantity}")
                }
                Some(before) if before > *quantity => {
                    format!("{barcode} lowered from {before} to {quantity}")
                }
                _ => format!("{barcode} set to {quantity}"),
            };
            self.pushed.push_front(Happening { at: push.at, text });
        }
    }
}

/// A step of an order.
fn step(event: &Event) -> Happening {
    let said = STEPS.iter().find(|(kind, _)| *kind == event.kind);
    let became = match (event.kind.as_str(), &event.message) {
        ("completed", _) if event.has_code => "approved, code delivered".to_owned(),
        // The shop's row says why; that sentence begins with the same word.
        ("held", Some(message)) => message.replacen("Held:", "held:", 1),
        _ => said.map_or_else(|| event.kind.clone(), |(_, words)| (*words).to_owned()),
    };
    Happening {
        at: event.at,
        text: format!("order {} {became}", event.order_no),
    }
}

fn sales(trendyol: &TrendyolStore) -> Vec<Happening> {
    let sales = trendyol.ledger().sales();
    let newest = sales.iter().rev().take(KEPT);
    newest
        .map(|sale| Happening {
            at: sale.at,
            text: format!("{} sold, {} of {}", sale.barcode, sale.pieces, sale.shown),
        })
        .collect()
}

fn cancellations(trendyol: &TrendyolStore) -> Vec<Happening> {
    let mut cancelled: Vec<Happening> = trendyol
        .packages()
        .iter()
        .filter(|package| package.status == Status::Cancelled)
        .filter_map(|package| {
            Some(Happening {
                at: package.history.last()?.0,
                text: format!("Trendyol order {} cancelled", package.order_number),
            })
        })
        .collect();

    cancelled.sort_by_key(|event| std::cmp::Reverse(event.at));
    cancelled.truncate(KEPT);

    cancelled
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn events(word: &str, seconds: std::ops::Range<i64>) -> Vec<Happening> {
        let event = |second: i64| Happening {
            at: DateTime::UNIX_EPOCH + TimeDelta::seconds(second),
            text: format!("{word} {second}"),
        };
        seconds.rev().map(event).collect()
    }

    #[test]
    fn a_busy_half_leaves_room_for_the_other() {
        let latest = Latest {
            orders: events("order", 10..30),
            stock: events("stock", 0..3),
        };

        let texts = |count| {
            let newest = latest.newest(count).into_iter();
            newest.map(|e| e.text.as_str()).collect::<Vec<_>>()
        };

        assert_eq!(texts(4), ["order 29", "order 28", "stock 2", "stock 1"]);
        assert_eq!(texts(8).len(), 8);
        assert_eq!(texts(8)[5..], ["stock 2", "stock 1", "stock 0"]);
        assert_eq!(texts(100).len(), 23);

        assert!(texts(0).is_empty());
    }
}
