//! A practice store in the present time, and the program's settings for it.

use std::process::Stdio;

use anyhow::ensure;
use sandbox::trendyol::{Endpoint, Product, StorePlan, TrendyolStore};
use tokio::process::Command;

use crate::support::database::Database;

/// A store with Trendyol's limits.
pub(crate) struct Seller {
    pub(crate) store: TrendyolStore,
    settings: Vec<(String, String)>,
}

/// Requests about stock that came so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Came {
    pub(crate) pushes: u64,
    pub(crate) looks: u64,
}

/// The barcode of a product.
pub(crate) fn barcode(n: u32) -> String {
    (8_683_772_000_000 + u64::from(n)).to_string()
}

impl Seller {
    /// A sound store with so many products, each with as many pieces on sale as the function says.
    pub(crate) async fn open(products: u32, on_sale: impl Fn(u32) -> u32) -> anyhow::Result<Self> {
        let mut plan = StorePlan::new(1);
        plan.clock = sandbox::clock::running();
        plan.products = (0..products)
            .map(|n| Product::sample(n, on_sale(n)))
            .collect();
        let setting = |key: &str, value: String| (format!("ORDERWATCH__TRENDYOL__{key}"), value);
        let mut settings = vec![
            setting("ENABLED", "true".to_owned()),
            setting("STOCK__SAFETY_STOCK", "0".to_owned()),
            setting("SELLER_ID", plan.seller_id.to_string()),
            setting("API_KEY", plan.api_key.clone()),
            setting("API_SECRET", plan.api_secret.clone()),
        ];
        let store = TrendyolStore::start(plan).await?;
        settings.push(setting("BASE_URL", store.base_url()));
        Ok(Self { store, settings })
    }

    /// The environment of the program.
    pub(crate) fn settings(&self) -> Vec<(&str, &str)> {
        let settings = self.settings.iter();
        settings.map(|(key, value)| (&**key, &**value)).collect()
    }

    /// Runs a job once with the shipped settings; it must end well.
    pub(crate) async fn once(&self, database: &Database, job: &str) -> anyhow::Result<()> {
        let ended = Command::new(env!("CARGO_BIN_EXE_orderwatch"))
            .args(["once", job])
            .env_clear()
            .env("DATABASE_URL", database.url())
            .envs(self.settings())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .status()
            .await?;
        ensure!(ended.success(), "{job} failed ({ended})");
        Ok(())
    }

    /// What came so far.
    pub(crate) fn came(&self) -> Came {
        let ledger = self.store.ledger();
        Came {
            pushes: ledger.count(Endpoint::PushStock),
            looks: ledger.count(Endpoint::ReadBack),
        }
    }
}
