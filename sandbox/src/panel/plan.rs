//! What a panel is configured with before it starts.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
};

use rust_decimal::Decimal;

use super::{Endpoint, Readiness, Style};
use crate::{
    faults::{Chance, FaultPlan},
    trouble::{Fault, Trouble},
};

/// Everything about a panel.
#[derive(Clone, Debug)]
pub struct PanelPlan {
    /// Source of all that is random: PINs and faults.
    pub seed: u64,
    /// Where to listen; port 0 means any free one.
    pub listen: SocketAddr,
    /// What comes before `/servis/`, such as `/bayi`; empty for nothing.
    pub path_prefix: String,
    /// Who may buy.
    pub accounts: Vec<Account>,
    /// What can be bought.
    pub products: Vec<Product>,
    /// When a purchase is ready.
    pub readiness: Readiness,
    /// How questions about purchases are answered.
    pub status: StatusMode,
    /// Whether a reference that was bought before is refused. Real panels do refuse it; one that
    /// does not shows whether a client ever sends one twice.
    pub refuses_duplicates: bool,
    /// How answers are written.
    pub style: Style,
    /// What goes wrong by chance.
    pub faults: FaultPlan<Endpoint>,
    /// What is kept about requests.
    pub recording: Recording,
}

impl PanelPlan {
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
            status: StatusMode::Tracked,
            refuses_duplicates: true,
            style: Style::default(),
            faults: FaultPlan::default(),
            recording: Recording::Everything,
        }
    }

    /// A sound panel with one account (`bayi` / `gizli`, 1,000,000 TRY) and three products: entry 2
    /// gives a PIN, entry 3 is a top-up, entry 4 is always cancelled.
    #[must_use]
    pub fn sample(seed: u64) -> Self {
        let mut plan = Self::new(seed);
        plan.accounts = vec![Account::new("bayi", "gizli", Decimal::from(1_000_000))];

        plan.products = vec![
            Product::new("2", "PUBG Mobile 325 UC", "1", "325", Decimal::new(3500, 2)),
            Product::new(
                "3",
                "Mobile Legends 86 Elmas",
                "7",
                "86",
                Decimal::new(1012, 2),
            )
            .ending(Ending::TopUp),
            Product::new("4", "Steam 50 TL", "9", "50", Decimal::new(5190, 2))
                .ending(Ending::Cancelled),
        ];

        plan
    }
}

/// An account on a panel.
#[derive(Clone)]
pub struct Account {
    pub kod: String,
    /// Its password.
    pub sifre: String,
    /// What is left on it at the start, in TRY.
    pub balance: Decimal,
}

impl Account {
    /// An account.
    pub fn new(kod: impl Into<String>, sifre: impl Into<String>, balance: Decimal) -> Self {
        Self {
            kod: kod.into(),
            sifre: sifre.into(),
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

/// An entry of the price list, and what becomes of those who buy it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// `id`.
    pub id: String,
    /// `adi`.
    pub name: String,
    /// `aciklama`.
    pub description: String,
    /// `oyun_id`: the game, which is not the `oyun` of an order.
    pub game_id: String,
    /// `oyun_adi`.
    pub game: String,
    /// `oyun_bilgi_id`: the `oyun` of an order.
    pub oyun: String,
    /// `kupur`.
    pub kupur: String,
    /// `fiyat`, in TRY: what a sale costs.
    pub price: Decimal,
    /// Whether it is sold now; it is listed all the same.
    pub available: bool,
    /// How a purchase ends.
    pub ending: Ending,
    /// When it is ready, where that differs from the panel's plan.
    pub readiness: Option<Readiness>,
}

impl Product {
    /// A product that gives a PIN. Its game number differs from its `oyun`, as on real panels.
    #[must_use]
    pub fn new(id: &str, name: &str, oyun: &str, kupur: &str, price: Decimal) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            description: format!("{name} (dijital ürün, anında teslimat)"),
            game_id: format!("10{oyun}"),
            game: name.split(' ').next().unwrap_or(name).to_owned(),
            oyun: oyun.to_owned(),
            kupur: kupur.to_owned(),
            price,
            available: true,
            ending: Ending::Pin,
            readiness: None,
        }
    }

    /// The same product with another ending.
    #[must_use]
    pub const fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// The same product, listed and not sold now.
    #[must_use]
    pub const fn unavailable(mut self) -> Self {
        self.available = false;
        self
    }

    /// The same product, ready at another time.
    #[must_use]
    pub const fn ready(mut self, readiness: Readiness) -> Self {
        self.readiness = Some(readiness);
        self
    }
}

/// How a purchase ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// With a PIN.
    Pin,
    /// Well, without a PIN.
    TopUp,
    /// Cancelled; what it cost is paid back.
    Cancelled,
}

/// How questions about purchases are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusMode {
    /// From the books.
    Tracked,
    /// Every reference is waiting; the books are not read.
    AlwaysWaiting,
    /// Every reference is done, with a PIN; the books are not read.
    AlwaysDone,
}

/// What is kept about requests. Sales and counters are always kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// Every request.
    Everything,
    /// Purchases; the others are only counted.
    Purchases,
    /// None; they are only counted.
    Counters,
}

/// A panel on which `share` of the requests go wrong, in every way that is known of real ones.
#[must_use]
pub fn unreliable(share: f64) -> FaultPlan<Endpoint> {
    let mut chances = Chance::evenly(Endpoint::Purchase, &purchase_faults(), share);
    for endpoint in [Endpoint::Status, Endpoint::Balance, Endpoint::Catalogue] {
        chances.extend(Chance::evenly(endpoint, &question_faults(), share));
    }
    FaultPlan {
        chances,
        ..FaultPlan::default()
    }
}

/// The panel sold in half of them.
fn purchase_faults() -> Vec<Fault> {
    let troubles = [
        Trouble::Reset,
        Trouble::Close,
        Trouble::Hang,
        Trouble::Page(502),
        Trouble::Page(200),
        Trouble::Empty,
        Trouble::Cut(3),
        Trouble::Twice,
        Trouble::says("8|Bağlantı hatası, işlemi kontrol ediniz"),
    ];
    troubles.into_iter().flat_map(Trouble::both).collect()
}

fn question_faults() -> Vec<Fault> {
    vec![
        Fault::Instead(Trouble::Reset),
        Fault::Instead(Trouble::Hang),
        Fault::Instead(Trouble::Page(503)),
        Fault::Instead(Trouble::Page(200)),
        Fault::Instead(Trouble::Empty),
        Fault::After(Trouble::Reset),
        Fault::After(Trouble::Cut(8)),
        Fault::After(Trouble::Twice),
    ]
}
