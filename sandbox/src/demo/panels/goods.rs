//! What the shop of the demo sells, and as what the panels list it: codes, top-ups, what a panel always
//! cancels or rejects, and a product that each panel lists and does not have, which the other one sells.

use std::time::Duration;

use rust_decimal::Decimal;
use sandbox::{
    barakat,
    panel::{self, Readiness},
};

use super::Kind::{self, Barakat, Znet};

const QUICK: Readiness = Readiness::after_waits(1);
const SLOW: Readiness = Readiness::after(Duration::from_secs(3));

/// A package of the shop.
#[derive(Clone, Copy, Debug)]
pub(in crate::demo) struct Package {
    pub(in crate::demo) name: &'static str,
    /// What customers pay, in kuruş. One price is below what the panel takes, so that the warning about it is seen.
    price: i64,
    /// The panels that it is bought at and what it is there: the first choice, then the fallback, if any.
    pub(in crate::demo) sold_as: &'static [(Kind, &'static str)],
    /// Whether customers say on which server they play.
    pub(in crate::demo) asks_server: bool,
}

impl Package {
    const fn new(name: &'static str, price: i64, sold_as: &'static [(Kind, &'static str)]) -> Self {
        Self {
            name,
            price,
            sold_as,
            asks_server: false,
        }
    }

    pub(in crate::demo) fn price(&self) -> Decimal {
        Decimal::new(self.price, 2)
    }

    const fn on_a_server(mut self) -> Self {
        self.asks_server = true;
        self
    }
}

/// In the order in which they are sold: both panels and both fallbacks are at work within a second.
pub(in crate::demo) static PACKAGES: [Package; 9] = [
    Package::new("PUBG Mobile 325 UC", 10_990, &[(Znet, "101")]),
    Package::new("Google Play 100 TL", 10_490, &[(Barakat, "501")]),
    Package::new("Free Fire 530", 4_990, &[(Barakat, "504"), (Znet, "105")]),
    Package::new("Roblox 400", 6_990, &[(Znet, "106"), (Barakat, "505")]),
    Package::new("Valorant 475 VP", 9_490, &[(Znet, "102")]),
    Package::new("Honkai 300 Shards", 7_990, &[(Barakat, "502")]).on_a_server(),
    Package::new("Mobile Legends 86", 4_990, &[(Znet, "103")]),
    Package::new("Xbox 25 TL", 2_790, &[(Barakat, "503")]),
    Package::new("Steam 50 TL", 5_490, &[(Znet, "104")]),
];

pub(super) fn znet() -> Vec<panel::Product> {
    use panel::{Ending, Product};
    let of = |id, name, oyun, kupur, kurus| {
        Product::new(id, name, oyun, kupur, Decimal::new(kurus, 2)).ready(QUICK)
    };

    vec![
        of("101", "PUBG Mobile 325 UC", "1", "325", 10_120),
        of("102", "Valorant 475 VP", "4", "475", 8_750).ready(SLOW),
        of("103", "Mobile Legends 86", "7", "86", 5_190).ending(Ending::TopUp),
        of("104", "Steam 50 TL", "9", "50", 5_000).ending(Ending::Cancelled),
        of("105", "Free Fire 530", "11", "530", 4_400),
        of("106", "Roblox 400", "12", "400", 6_300).unavailable(),
    ]
}

pub(super) fn barakat() -> Vec<barakat::Product> {
    use barakat::{Ending, Product};
    let of = |id, name, params: &[&str], kurus| {
        Product::new(id, name, params, Decimal::new(kurus, 2)).ready(QUICK)
    };

    vec![
        of("501", "Google Play 100 TL", &["uid"], 9_900),
        of("502", "Honkai 300 Shards", &["uid", "server"], 7_250).ending(Ending::TopUp),
        of("503", "Xbox 25 TL", &["uid"], 2_500).rejected(),
        of("504", "Free Fire 530", &["uid"], 4_300).unavailable(),
        of("505", "Roblox 400", &["uid"], 6_450),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the panel has the product; `None` where it does not list it.
    fn available(kind: Kind, id: &str) -> Option<bool> {
        match kind {
            Znet => {
                let mut all = znet().into_iter();
                all.find(|p| p.id == id).map(|p| p.available)
            }
            Barakat => {
                let mut all = barakat().into_iter();
                all.find(|p| p.id == id).map(|p| p.available)
            }
        }
    }

    #[test]
    fn what_the_first_panel_does_not_have_is_at_the_other_one_in_both_directions() {
        let mut directions = Vec::new();
        for package in &PACKAGES {
            let has = |&(kind, id): &(Kind, &str)| available(kind, id).unwrap();
            match package.sold_as {
                [only] => assert!(has(only), "{package:?}"),
                [first, fallback] => {
                    assert!(!has(first) && has(fallback), "{package:?}");
                    directions.push((first.0, fallback.0));
                }
                _ => panic!("{package:?}"),
            }
        }
        assert_eq!(directions, [(Barakat, Znet), (Znet, Barakat)]);
    }

    /// A panel of the kind znet puts what the customer typed besides before the player.
    #[test]
    fn the_server_is_asked_for_where_only_a_panel_with_that_parameter_gets_it() {
        for package in &PACKAGES {
            let wants = |(kind, id): &(Kind, &str)| {
                let products = barakat().into_iter().filter(|_| *kind == Barakat);
                let mut there = products.filter(|p| p.id == *id);
                there.any(|p| p.params.iter().any(|name| name == "server"))
            };
            let all = package.sold_as.iter().all(wants);
            let any = package.sold_as.iter().any(wants);
            assert_eq!((all, any), (package.asks_server, package.asks_server));
        }
    }
}
