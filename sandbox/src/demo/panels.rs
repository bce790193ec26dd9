//! The panels of the demo, one of each kind, and what both of them sold as one list.
//!
//! What must stay true: what is proved about an order is proved over both ledgers together. An order
//! that each panel sold once is bought twice, and neither ledger alone shows it.

mod goods;

use std::{collections::HashMap, io};

use rust_decimal::Decimal;
use sandbox::{
    barakat::{self, Barakat, BarakatPlan},
    panel::{self, Panel, PanelPlan},
};

pub(super) use self::goods::{PACKAGES, Package};

/// Account at the panel of the kind znet.
const ACCOUNT: (&str, &str) = ("practice-account", "practice-password");
/// Token of the account at the panel of the kind barakat.
const TOKEN: &str = "practice-token-1234";
/// What is left on each account at the start, in TRY.
const BALANCE: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);
/// Share of each panel's answers that go wrong.
const TROUBLE: f64 = 0.08;

/// Both panels; clones are the same ones.
#[derive(Clone, Debug)]
pub(super) struct Panels {
    znet: Panel,
    barakat: Barakat,
}

/// A kind of panel; the demo has one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Znet,
    Barakat,
}

/// How the shop reaches a panel, as its table of integrations has it.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) kind: Kind,
    pub(super) base_url: String,
    /// `kod` and `sifre`.
    pub(super) password: Option<(&'static str, &'static str)>,
    pub(super) token: Option<&'static str>,
}

/// What a panel sold.
#[derive(Clone, Debug)]
pub(super) struct Sale {
    pub(super) kind: Kind,
    pub(super) player: String,
    /// What it cost, in TRY.
    pub(super) cost: Decimal,
    pub(super) state: State,
    /// The code, once there is one.
    pub(super) pin: Option<String>,
}

/// How a sale has ended at the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Delivered,
    /// Cancelled or rejected, and what it cost is back on the account.
    ChargedBack,
}

impl Kind {
    /// `integrations.provider`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Znet => "znet",
            Self::Barakat => "barakat",
        }
    }
}

impl Panels {
    /// Starts both; each of them misbehaves now and then.
    pub(super) async fn start(seed: u64) -> io::Result<Self> {
        let mut znet = PanelPlan::new(seed);
        znet.accounts = vec![panel::Account::new(ACCOUNT.0, ACCOUNT.1, BALANCE)];
        znet.products = goods::znet();
        znet.faults = panel::unreliable(TROUBLE);

        let mut barakat = BarakatPlan::new(seed);
        barakat.accounts = vec![barakat::Account::new("practice", TOKEN, BALANCE)];
        barakat.products = goods::barakat();
        barakat.faults = barakat::unreliable(TROUBLE);

        Ok(Self {
            znet: Panel::start(znet).await?,
            barakat: Barakat::start(barakat).await?,
        })
    }

    /// The shop's account at each of them.
    pub(super) fn accounts(&self) -> [Account; 2] {
        [
            Account {
                kind: Kind::Znet,
                base_url: self.znet.base_url(),
                password: Some(ACCOUNT),
                token: None,
            },
            Account {
                kind: Kind::Barakat,
                base_url: self.barakat.base_url(),
                password: None,
                token: Some(TOKEN),
            },
        ]
    }

    /// Every sale of both ledgers.
    pub(super) fn sales(&self) -> Vec<Sale> {
        let znet = self.znet.ledger().sales().into_iter().map(Sale::from);
        let barakat = self.barakat.ledger().sales().into_iter().map(Sale::from);
        znet.chain(barakat).collect()
    }

    /// Ends both; their ledgers stay readable.
    pub(super) async fn stop(&self) -> io::Result<()> {
        self.znet.stop().await?;
        self.barakat.stop().await
    }
}

impl Sale {
    /// Whether its money is gone. Until it has ended it counts as if it were.
    pub(super) fn is_paid(&self) -> bool {
        self.state != State::ChargedBack
    }
}

impl From<panel::Sale> for Sale {
    fn from(sale: panel::Sale) -> Self {
        Self {
            kind: Kind::Znet,
            player: sale.player,
            cost: sale.cost,
            state: match sale.settled {
                None => State::Waiting,
                Some(panel::Ending::Pin | panel::Ending::TopUp) => State::Delivered,
                Some(panel::Ending::Cancelled) => State::ChargedBack,
            },
            pin: sale.pin,
        }
    }
}

impl From<barakat::Sale> for Sale {
    fn from(sale: barakat::Sale) -> Self {
        Self {
            kind: Kind::Barakat,
            // Every product of the demo asks for one.
            player: sale.player().unwrap_or_default().to_owned(),
            cost: sale.cost,
            state: match sale.settled {
                None => State::Waiting,
                Some(barakat::Ending::Code | barakat::Ending::TopUp) => State::Delivered,
                Some(barakat::Ending::Cancelled) => State::ChargedBack,
            },
            pin: sale.pin,
        }
    }
}

/// Orders that were bought twice, wherever: every order of the demo has a player of its own.
pub(super) fn bought_twice(sales: &[Sale]) -> usize {
    let mut paid: HashMap<&str, usize> = HashMap::new();
    for sale in sales.iter().filter(|sale| sale.is_paid()) {
        *paid.entry(&sale.player).or_default() += 1;
    }
    paid.values().filter(|count| **count > 1).count()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A sale that cost one TRY.
    pub(in crate::demo) fn sale(kind: Kind, player: &str, state: State, pin: Option<&str>) -> Sale {
        Sale {
            kind,
            player: player.to_owned(),
            cost: Decimal::ONE,
            state,
            pin: pin.map(str::to_owned),
        }
    }

    #[test]
    fn bought_twice_is_counted_over_both_ledgers_and_without_what_was_charged_back() {
        use Kind::{Barakat, Znet};
        use State::{ChargedBack, Delivered, Waiting};
        let twice = |sales: &[(Kind, &str, State)]| {
            let sales = sales.iter();
            let sales: Vec<_> = sales.map(|&(k, p, s)| sale(k, p, s, None)).collect();
            bought_twice(&sales)
        };

        assert_eq!(twice(&[(Znet, "a", Delivered), (Barakat, "b", Waiting)]), 0);
        assert_eq!(twice(&[(Znet, "a", Delivered), (Barakat, "a", Waiting)]), 1);
        assert_eq!(
            twice(&[(Barakat, "a", Waiting), (Barakat, "a", Delivered)]),
            1
        );
        assert_eq!(
            twice(&[(Znet, "a", ChargedBack), (Barakat, "a", Delivered)]),
            0
        );
    }
}
