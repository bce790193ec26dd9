//! `[trendyol.paths]`

use crate::config::read::Section;

/// What stands for the seller's number.
const SELLER: &str = "{seller}";

/// Where each call goes, below the base address, with `{seller}` for the seller's number.
#[derive(Clone, Debug)]
pub struct TrendyolPaths {
    /// The stream of packages.
    pub order_stream: String,
    /// Packages by order number.
    pub orders: String,
    /// Stock that is sent.
    pub stock_push: String,
    /// What became of it.
    pub batch_results: String,
    /// What is on sale.
    pub read_back: String,
    /// Returns.
    pub claims: String,
    /// The state of a package.
    pub packages: String,
    /// Who is called when an order changes.
    pub webhooks: String,
}

impl TrendyolPaths {
    /// `None` only together with a fault.
    pub(in crate::config) fn read(mut section: Section<'_, '_>) -> Option<Self> {
        let mut read = |name| section.parsed(name, path);
        let order_stream = read("order_stream");
        let orders = read("orders");
        let stock_push = read("stock_push");
        let batch_results = read("batch_results");
        let read_back = read("read_back");
        let claims = read("claims");
        let packages = read("packages");
        let webhooks = read("webhooks");
        Some(Self {
            order_stream: order_stream?,
            orders: orders?,
            stock_push: stock_push?,
            batch_results: batch_results?,
            read_back: read_back?,
            claims: claims?,
            packages: packages?,
            webhooks: webhooks?,
        })
    }
}

fn path(text: &str) -> Result<String, String> {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
    let rest = text.replacen(SELLER, "", 1);
    let fits = rest.len() < text.len() && rest.chars().all(plain) && !rest.contains("..");
    if fits {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "must be a path with {SELLER} for the seller's number once"
        ))
    }
}
