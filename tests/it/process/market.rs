//! The practice store in the present time, and the settings of who sells there.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sandbox::trendyol::{Limits, Product, StorePlan, TrendyolStore};

use super::settings::Settings;

/// The account: texts that stand nowhere else.
const API_KEY: &str = "kanaryaAnahtar4711";
const API_SECRET: &str = "kanaryaGizliAnahtar0815";

pub(crate) struct Market {
    pub(crate) store: TrendyolStore,
    seller: String,
}

impl Market {
    /// A sound store that has these on sale, and takes as many requests as come.
    pub(crate) async fn open(products: &[(&str, u32)]) -> Self {
        let mut plan = StorePlan::new(7);
        plan.clock = sandbox::clock::running();
        plan.limits = Limits::none();
        plan.products = products.iter().map(|(b, n)| Product::new(*b, *n)).collect();
        API_KEY.clone_into(&mut plan.api_key);
        API_SECRET.clone_into(&mut plan.api_secret);
        Self {
            seller: plan.seller_id.to_string(),
            store: TrendyolStore::start(plan).await.unwrap(),
        }
    }

    /// Sells there, without pauses.
    pub(crate) fn settings(&self, settings: Settings) -> Settings {
        settings
            .with("trendyol.enabled", "true")
            .with("trendyol.stock.safety_stock", "0")
            .text("trendyol.base_url", &self.store.base_url())
            .text("trendyol.seller_id", &self.seller)
            .text("trendyol.api_key", API_KEY)
            .text("trendyol.api_secret", API_SECRET)
            .text("trendyol.orders.page_interval", "0s")
    }

    /// Words in which a store repeats what it was sent.
    pub(crate) fn echoes() -> [String; 3] {
        let [key, secret, header] = Self::secrets();
        [
            format!("key {key}, secret {secret}"),
            format!(r#"{{"errors":[{{"key":"x","message":"Authorization: Basic {header}"}}]}}"#),
            format!(r#"{{"apiKey":"{key}","apiSecret":"{secret}","message":"{header}"}}"#),
        ]
    }

    /// What a customer told the store, and nobody but the warehouse needs.
    pub(crate) fn personal() -> Vec<String> {
        let common = [
            "Gül Sk. No: 4/12",
            "500 555 01 42",
            "@trendyolmail.com",
            "11111111111",
        ];
        let names = ["Yılmaz", "Öztürk", "O'Çelik", "O&#39;Çelik", "Şahin"];
        common.into_iter().chain(names).map(str::to_owned).collect()
    }

    /// What must be seen nowhere: both halves of the account, and how they are sent.
    pub(crate) fn secrets() -> [String; 3] {
        let header = STANDARD.encode(format!("{API_KEY}:{API_SECRET}"));
        [API_KEY.to_owned(), API_SECRET.to_owned(), header]
    }
}
