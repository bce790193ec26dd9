//! An account of the shop at a panel of the kind barakat.

use std::{collections::HashMap, time::Duration};

use orderwatch::{
    order::{FieldRule, IntegrationId, OrderId, Player, PlayerFields, PurchaseOutcome, Reference},
    provider::{
        Goods, Http, HttpSettings, Provider as _, Purchase,
        barakat::{Account, Barakat as Client},
    },
};
use sandbox::barakat::{Barakat, BarakatPlan, Endpoint, Sale};
use sqlx::PgPool;
use uuid::Uuid;

use super::Shop;

/// The token of the shop's account at every panel ([`BarakatPlan::sample`]).
pub(crate) const TOKEN: &str = "practice-token-1234";

/// What fills the parameters of the sample's products.
pub(crate) const PARAMS: &str = r#"
[[barakat.param]]
name = "uid"
field = "userIdentifier"

[[barakat.param]]
name = "server"
field = "extraField"
"#;

/// An account of the shop, and the panel that it is at.
pub(crate) struct BarakatReseller {
    pub(crate) id: IntegrationId,
    pub(crate) panel: Barakat,
    packages: HashMap<String, Uuid>,
}

impl BarakatReseller {
    /// The shop's package that is routed and mapped to this product.
    pub(crate) fn package(&self, entry: &str) -> Uuid {
        self.packages[entry]
    }

    /// The code that an order gets here.
    pub(crate) fn pin(&self, order: OrderId) -> String {
        self.panel.pin_of(TOKEN, &order.to_string())
    }

    /// The sale under an order's id.
    pub(crate) fn sale(&self, order: OrderId) -> Option<Sale> {
        self.panel.ledger().sale(&order.to_string())
    }

    /// How many requests came to an endpoint.
    pub(crate) fn count(&self, endpoint: Endpoint) -> u64 {
        self.panel.ledger().count(endpoint)
    }

    /// The shop's own sender buys one piece under this name, as it has done before orderwatch came.
    pub(crate) async fn sell_to_shop(
        &self,
        name: &str,
        entry: &str,
        params: &[(&str, &str)],
    ) -> Sale {
        let base = self.panel.base_url();
        let settings = HttpSettings {
            connect_timeout: Duration::from_secs(20),
            request_timeout: Duration::from_secs(30),
        };
        let account = Account::new(Some(&*base), Some(TOKEN)).unwrap();
        let client = Client::new(account, Http::new(&settings).unwrap());
        let purchase = Purchase {
            reference: Reference::parse(name).unwrap(),
            goods: Goods {
                product: pairs(&[("product", entry), ("qty", "1")]),
                player: Player {
                    fields: FieldRule::Fixed(PlayerFields::Sheet),
                    values: pairs(params),
                },
            },
        };

        let reply = client.purchase(&purchase).await;
        let bought = matches!(reply.outcome, PurchaseOutcome::Accepted { .. });
        assert!(bought, "{reply:?}");
        self.panel.ledger().sale(name).unwrap()
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

impl Shop {
    /// A shop with one account at a sound panel that sells 501 and 505 (a code, the latter without a
    /// player), 502 (a top-up), 503 (always cancelled) and 504 (a code, up to five at once).
    pub(crate) async fn open_barakat(
        pool: PgPool,
        change: impl FnOnce(&mut BarakatPlan),
    ) -> (Self, BarakatReseller) {
        let shop = Self::bare(pool).await;
        let reseller = shop.barakat(change).await;
        (shop, reseller)
    }

    /// One more panel of this kind with an account of this shop, and a package for each of its products.
    pub(crate) async fn barakat(&self, change: impl FnOnce(&mut BarakatPlan)) -> BarakatReseller {
        self.barakat_as("barakat", change).await
    }

    /// The same under another name of the kind.
    pub(crate) async fn barakat_as(
        &self,
        provider: &str,
        change: impl FnOnce(&mut BarakatPlan),
    ) -> BarakatReseller {
        let mut plan = BarakatPlan::sample(7);
        change(&mut plan);
        let entries: Vec<String> = plan.products.iter().map(|p| p.id.clone()).collect();
        let panel = Barakat::start(plan).await.unwrap();

        let id = self.integration(provider, &panel.base_url()).await;
        // An account here is its token alone.
        let account = format!(
            r#"UPDATE integrations SET "apiToken" = '{TOKEN}', kod = NULL, sifre = NULL
               WHERE id = '{id}'"#
        );
        assert_eq!(self.sql(&account).await, 1);

        let mut packages = HashMap::new();
        for entry in entries {
            packages.insert(entry.clone(), self.package(id, &entry).await);
        }
        BarakatReseller {
            id,
            panel,
            packages,
        }
    }

    /// What a customer typed as `userIdentifier`.
    pub(crate) async fn player(&self, order: OrderId) -> String {
        let row = self.shop_row(order).await;
        row.text("userIdentifier").to_owned()
    }
}
