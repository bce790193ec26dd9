//! What a panel is configured with before it starts.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
};

use rust_decimal::Decimal;

use super::{Ending, Endpoint, Product, Quantities, Readiness, Style};
use crate::faults::FaultPlan;

/// Everything about a panel.
#[derive(Clone, Debug)]
pub struct BarakatPlan {
    /// Source of all that is random: codes and faults.
    pub seed: u64,
    /// Where to listen; port 0 means any free one.
    pub listen: SocketAddr,
    /// What comes before `/client/api/`, such as `/shop`; empty for nothing.
    pub path_prefix: String,
    /// Who may buy.
    pub accounts: Vec<Account>,
    /// What can be bought.
    pub products: Vec<Product>,
    /// When a purchase is ready.
    pub readiness: Readiness,
    /// Whether an `order_uuid` that was bought before is refused. No real panel is known to refuse
    /// it, so by default it is sold again.
    pub refuses_duplicates: bool,
    /// How answers are written.
    pub style: Style,
    /// What goes wrong by chance.
    pub faults: FaultPlan<Endpoint>,
}

impl BarakatPlan {
    /// A sound panel with nothing in it, on any free port of this machine.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            path_prefix: String::new(),
            accounts: Vec::new(),
            products: Vec::new(),
            readiness: Readiness::default(),
            refuses_duplicates: false,
            style: Style::default(),
            faults: FaultPlan::default(),
        }
    }

    /// A sound panel with one account (`shop`, its token `practice-token-1234`, 1,000,000 TRY) and
    /// five products: 501 and 505 give a code, the latter without asking for a player, 502 is a
    /// top-up, 503 is always cancelled, and of 504 up to five pieces can be bought at once.
    #[must_use]
    pub fn sample(seed: u64) -> Self {
        let mut plan = Self::new(seed);
        let balance = Decimal::from(1_000_000);
        plan.accounts = vec![Account::new("shop", "practice-token-1234", balance)];

        let of = |id, name, params: &[&str], kurus| {
            Product::new(id, name, params, Decimal::new(kurus, 2))
        };
        plan.products = vec![
            of("501", "PUBG Mobile 325 UC", &["uid"], 3500),
            of("502", "Legends 86 Diamonds", &["uid", "server"], 1012).ending(Ending::TopUp),
            of("503", "Steam 50 TL", &["uid"], 5190).ending(Ending::Cancelled),
            of("504", "Riot 100 Points", &["uid"], 750).quantities(Quantities::Range(1..=5)),
            of("505", "Google Play 20 TL", &[], 2000),
        ];

        plan
    }
}

/// An account on a panel.
#[derive(Clone)]
pub struct Account {
    /// What the ledger calls it, so that no token has to be written down. Two accounts have two names.
    pub name: String,
    /// What its requests carry in the header `api-token`.
    pub token: String,
    pub email: String,
    /// What is left on it at the start, in TRY.
    pub balance: Decimal,
}

impl Account {
    pub fn new(name: impl Into<String>, token: impl Into<String>, balance: Decimal) -> Self {
        let name = name.into();
        Self {
            email: format!("{name}@example.com"),
            name,
            token: token.into(),
            balance,
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("balance", &self.balance)
            .finish_non_exhaustive()
    }
}
